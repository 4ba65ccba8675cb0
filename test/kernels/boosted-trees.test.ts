import { describe, expect, it } from 'vitest';
import { runKernel } from '../../src/kernels/registry.js';

const floats = (values: readonly number[]) =>
  ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const;

describe('BoostedTreesBucketize', () => {
  it('gives each value the first boundary that is not below it, and the last to all above', () => {
    const node = { op: 'BoostedTreesBucketize', name: 'b', attrs: new Map(), outputs: { length: 2 } };
    const inputs = [floats([-1, 0, 0.5, 1, 9]), floats([3]), floats([0, 1, 2]), floats([5])];
    const [first, second] = runKernel(node, inputs) as { data: Int32Array }[];
    expect([...first!.data]).toEqual([0, 0, 1, 1, 2]);
    expect([...second!.data]).toEqual([0]);
  });
});
