import { realsOf } from './lanes.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Per feature, the first boundary that is not below the value; the last one for all above. */
function bucketize(context: KernelContext): HostValue[] {
  const features = context.inputs.length / 2;
  return Array.from({ length: features }, (_, f): HostValue => {
    const values = realsOf(context.numeric(f));
    const boundaries = realsOf(context.numeric(features + f));
    const data = Int32Array.from(values, (value) => {
      let [low, high] = [0, boundaries.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (boundaries[middle]! < value) low = middle + 1;
        else high = middle;
      }
      return Math.min(low, boundaries.length - 1);
    });
    return { dtype: 'int32', shape: context.tensor(f).shape, data };
  });
}

export const boostedTreesKernels: KernelFamily = { BoostedTreesBucketize: bucketize };
