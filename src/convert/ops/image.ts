import type { OpFamily } from '../types.js';
import { emitExtractPatches } from './image-patches.js';

/** Images. */
export const image: OpFamily = {
  ExtractImagePatches: {
    convert: (context) => [emitExtractPatches(context)],
    becomes: 'Gather of rows, Gather of columns, Transpose, Reshape',
  },
};
