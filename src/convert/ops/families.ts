import type { OpFamily } from '../types.js';
import { sourceOps } from './source.js';

/** Every family of converters. A new family is a file beside this one and a line here. */
export const FAMILIES: Readonly<Record<string, OpFamily>> = {
  source: sourceOps,
};
