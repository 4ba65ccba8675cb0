import { parseFamily } from './parse/ops.js';
import { TEXT_FAMILIES } from './text/index.js';
import type { KernelFamily } from './types.js';

/** All families of host kernels; a new one is added here. */
export const FAMILIES: readonly KernelFamily[] = [...TEXT_FAMILIES, parseFamily];
