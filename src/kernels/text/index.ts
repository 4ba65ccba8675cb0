import type { KernelFamily } from '../types.js';
import { base64 } from './base64.js';
import { csv } from './csv.js';
import { decodeRawFamily } from './decode-raw.js';
import { format } from './format.js';
import { hashBuckets } from './hash-buckets.js';
import { join } from './join.js';
import { ngrams } from './ngrams.js';
import { numbers } from './numbers.js';
import { regex } from './regex.js';
import { split } from './split.js';
import { substring } from './substr.js';
import { transform } from './transform.js';
import { unicode } from './unicode.js';

/** Ops on byte strings. */
export const TEXT_FAMILIES: readonly KernelFamily[] = [
  transform,
  join,
  split,
  ngrams,
  substring,
  regex,
  hashBuckets,
  numbers,
  base64,
  decodeRawFamily,
  unicode,
  format,
  csv,
];
