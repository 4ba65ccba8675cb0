import type { OpFamily } from '../types.js';
import { activation } from './activation.js';
import { binary } from './binary.js';
import { gather } from './gather.js';
import { join } from './join.js';
import { logic } from './logic.js';
import { matmul } from './matmul.js';
import { pads } from './pad.js';
import { reduce } from './reduce.js';
import { shape } from './shape.js';
import { slices } from './slice.js';
import { sourceOps } from './source.js';
import { unary } from './unary.js';

/** Every family of converters. A new family is a file beside this one and a line here. */
export const FAMILIES: Readonly<Record<string, OpFamily>> = {
  source: sourceOps,
  shape,
  join,
  slices,
  gather,
  pads,
  unary,
  binary,
  logic,
  activation,
  matmul,
  reduce,
};
