import { elementCount } from '../../base/tensor.js';
import { broadcastPositions, broadcastShape } from '../broadcast.js';
import type { Kernel } from '../types.js';
import { concatBytes } from './bytes.js';

/** Strings put together element by element: what `+` means for text. */
export const addText: Kernel = (context) => {
  const [a, b] = [context.strings(0), context.strings(1)];
  const shape = broadcastShape(a.shape, b.shape);
  if (shape === undefined) throw context.fail(`[${a.shape}] and [${b.shape}] do not broadcast`);
  const [left, right] = [broadcastPositions(a.shape, shape), broadcastPositions(b.shape, shape)];
  const data = Array.from({ length: elementCount(shape) }, (_, i) =>
    concatBytes([a.data[left[i]!]!, b.data[right[i]!]!]),
  );
  return [{ dtype: 'string', shape, data }];
};
