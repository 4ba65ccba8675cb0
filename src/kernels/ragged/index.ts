import type { KernelFamily } from '../types.js';
import { countKernels } from './counts.js';
import { crossKernels } from './cross.js';
import { raggedFillKernels } from './fill-empty.js';
import { raggedGatherKernels } from './gather.js';
import { raggedRangeKernels } from './range.js';
import { raggedDenseKernels } from './to-dense.js';

/** Ops on rows of different lengths: ragged tensors, and counts and crosses of rows in any form. */
export const RAGGED_FAMILIES: readonly KernelFamily[] = [
  raggedRangeKernels,
  raggedGatherKernels,
  raggedDenseKernels,
  raggedFillKernels,
  countKernels,
  crossKernels,
];
