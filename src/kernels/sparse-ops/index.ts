import type { KernelFamily } from '../types.js';
import { sparseArithmeticKernels } from './arithmetic.js';
import { sparseOrderKernels } from './order.js';

/** Ops on sparse tensors beside those of `sparse.ts`. */
export const SPARSE_FAMILIES: readonly KernelFamily[] = [sparseOrderKernels, sparseArithmeticKernels];
