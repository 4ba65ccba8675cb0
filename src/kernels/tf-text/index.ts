import type { KernelFamily } from '../types.js';
import { normalizeKernels } from './normalize.js';
import { splitKernels } from './split.js';
import { wordpieceKernels } from './wordpiece.js';

/** Operations of TensorFlow Text, which TensorFlow's servers link. */
export const TF_TEXT_FAMILIES: readonly KernelFamily[] = [normalizeKernels, splitKernels, wordpieceKernels];
