import type { OpFamily } from '../types.js';
import { activation } from './activation.js';
import { binary } from './binary.js';
import { control } from './control.js';
import { conv } from './conv.js';
import { convFused } from './conv-fused.js';
import { convTranspose } from './conv-transpose.js';
import { count } from './count.js';
import { dynamic } from './dynamic.js';
import { einsums } from './einsum.js';
import { fused } from './fused.js';
import { gather } from './gather.js';
import { image } from './image.js';
import { imageColor } from './image-color.js';
import { join } from './join.js';
import { logic } from './logic.js';
import { matmul } from './matmul.js';
import { matrix } from './matrix.js';
import { norm } from './norm.js';
import { order } from './order.js';
import { pads } from './pad.js';
import { pool } from './pool.js';
import { quant } from './quant.js';
import { random } from './random.js';
import { reduce } from './reduce.js';
import { resize } from './resize.js';
import { rnnOps } from './rnn.js';
import { rnnBlock } from './rnn-block.js';
import { segment } from './segment.js';
import { shape } from './shape.js';
import { slices } from './slice.js';
import { sourceOps } from './source.js';
import { space } from './space.js';
import { sparse } from './sparse.js';
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
  einsums,
  order,
  matrix,
  count,
  segment,
  dynamic,
  sparse,
  random,
  fused,
  conv,
  convTranspose,
  convFused,
  pool,
  norm,
  resize,
  space,
  quant,
  image,
  imageColor,
  control,
  rnn: rnnOps,
  rnnBlock,
};
