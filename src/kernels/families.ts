import { AUDIO_FAMILIES } from './audio/index.js';
import { binaryKernels } from './binary.js';
import { boostedTreesKernels } from './boosted-trees.js';
import { castKernels } from './cast.js';
import { convKernels } from './conv.js';
import { diagonalKernels } from './diagonal.js';
import { einsumKernels } from './einsum.js';
import { encodeKernels } from './encode.js';
import { forestKernels } from './forest/kernels.js';
import { fusedKernels } from './fused.js';
import { gatherKernels } from './gather.js';
import { imageKernels } from './image/decode.js';
import { nmsKernels } from './image/nms.js';
import { linalgKernels } from './linalg/solve.js';
import { matMulKernels } from './matmul.js';
import { miscKernels } from './misc.js';
import { normKernels } from './norm.js';
import { padKernels } from './pad.js';
import { parseFamily } from './parse/ops.js';
import { sequenceFamily } from './parse/sequence.js';
import { passKernels } from './pass-through.js';
import { poolKernels } from './pool.js';
import { quantizeKernels } from './quantize.js';
import { RAGGED_FAMILIES } from './ragged/index.js';
import { rangeKernels } from './range.js';
import { reduceKernels } from './reduce.js';
import { resizeKernels } from './resize.js';
import { rnnBlockKernels } from './rnn-block.js';
import { scatterKernels } from './scatter.js';
import { segmentKernels } from './segment.js';
import { selectKernels } from './select.js';
import { shapeKernels } from './shape-ops.js';
import { sliceKernels } from './slice-ops.js';
import { sortKernels } from './sort.js';
import { spaceKernels } from './space.js';
import { sparseKernels } from './sparse.js';
import { SPARSE_FAMILIES } from './sparse-ops/index.js';
import { tableKernels } from './tables.js';
import { tensorListKernels } from './tensor-list.js';
import { TEXT_FAMILIES } from './text/index.js';
import { TF_TEXT_FAMILIES } from './tf-text/index.js';
import type { KernelFamily } from './types.js';
import { unaryKernels } from './unary.js';
import { variableKernels } from './variables.js';

/** Ops on dense numbers, on tables and on lists of tensors. */
export const CORE_FAMILIES: readonly KernelFamily[] = [
  passKernels,
  unaryKernels,
  binaryKernels,
  boostedTreesKernels,
  castKernels,
  selectKernels,
  shapeKernels,
  sliceKernels,
  padKernels,
  rangeKernels,
  fusedKernels,
  gatherKernels,
  reduceKernels,
  matMulKernels,
  convKernels,
  diagonalKernels,
  einsumKernels,
  encodeKernels,
  miscKernels,
  normKernels,
  poolKernels,
  quantizeKernels,
  resizeKernels,
  rnnBlockKernels,
  scatterKernels,
  segmentKernels,
  sortKernels,
  spaceKernels,
  sparseKernels,
  tensorListKernels,
  tableKernels,
  variableKernels,
];

/** All families of host kernels; a new one is added here. */
export const FAMILIES: readonly KernelFamily[] = [
  ...CORE_FAMILIES,
  ...TEXT_FAMILIES,
  ...TF_TEXT_FAMILIES,
  parseFamily,
  sequenceFamily,
  ...RAGGED_FAMILIES,
  ...SPARSE_FAMILIES,
  ...AUDIO_FAMILIES,
  nmsKernels,
  imageKernels,
  linalgKernels,
  forestKernels,
];
