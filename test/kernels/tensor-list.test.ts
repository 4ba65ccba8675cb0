import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/base/tensor.js';
import { runKernel } from '../../src/kernels/registry.js';
import type { HostValue } from '../../src/kernels/types.js';
import type { AttrValue } from '../../src/savedmodel/types.js';
import { refusalOf } from '../fixtures/refusal.js';

const FLOAT: AttrValue = { kind: 'type', value: 1 };
const ints = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});
const scalar = (value: number) => ints([value], []);
const floats = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

function run(
  op: string,
  inputs: HostValue[],
  attrs: Record<string, AttrValue> = {},
  outputs = 1,
): HostValue[] {
  const all = new Map(Object.entries({ element_dtype: FLOAT, ...attrs }));
  return runKernel({ op, name: 'list', attrs: all, outputs: { length: outputs } }, inputs);
}

const stack = (list: HostValue, shape: readonly number[] = [-1]) =>
  run('TensorListStack', [list, ints(shape)])[0];

describe('lists of tensors', () => {
  it('are reserved, set, and stacked; what was not set is zero', () => {
    const [empty] = run('TensorListReserve', [ints([2]), scalar(3)]);
    const [one] = run('TensorListSetItem', [empty!, scalar(1), floats([5, 6])]);
    expect(stack(one!, [2])).toEqual(floats([0, 0, 5, 6, 0, 0], [3, 2]));
    expect(stack(empty!, [2])).toEqual(floats([0, 0, 0, 0, 0, 0], [3, 2]));
  });

  it('are made from a tensor, read, gathered, pushed and popped', () => {
    const [list] = run('TensorListFromTensor', [floats([1, 2, 3, 4], [2, 2]), ints([2])]);
    expect(run('TensorListGetItem', [list!, scalar(1), ints([2])])).toEqual([floats([3, 4])]);
    expect(run('TensorListGather', [list!, ints([1, 1]), ints([2])])).toEqual([floats([3, 4, 3, 4], [2, 2])]);
    const [longer] = run('TensorListPushBack', [list!, floats([5, 6])]);
    expect(run('TensorListLength', [longer!])).toEqual([scalar(3)]);
    const [rest, last] = run('TensorListPopBack', [longer!, ints([2])], {}, 2);
    expect(last).toEqual(floats([5, 6]));
    expect(stack(rest!)).toEqual(floats([1, 2, 3, 4], [2, 2]));
  });

  it('are split and joined along the rows', () => {
    const lengths: Tensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 2n) };
    const [list] = run('TensorListSplit', [floats([1, 2, 3]), ints([-1]), lengths]);
    expect(run('TensorListConcatV2', [list!, ints([-1]), lengths], {}, 2)).toEqual([
      floats([1, 2, 3]),
      lengths,
    ]);
  });

  it('refuse a place that is not there', () => {
    const [list] = run('TensorListReserve', [ints([2]), scalar(1)]);
    expect(refusalOf(() => run('TensorListGetItem', [list!, scalar(1), ints([2])]))).toMatch(
      /^TFD_KERNEL_INPUT/,
    );
    expect(refusalOf(() => run('TensorListSetItem', [list!, scalar(2), floats([1])]))).toMatch(
      /^TFD_KERNEL_INPUT/,
    );
  });
});
