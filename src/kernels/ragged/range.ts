import { numericTensor } from '../../base/tensor.js';
import { isIntegerDType, refuseDType } from '../lanes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { splitsTensor } from './row-splits.js';

/** One range per row; scalars stand for every row. Floats are summed up step by step, as TensorFlow does. */
function raggedRange(context: KernelContext): HostValue[] {
  const tensors = [context.numeric(0), context.numeric(1), context.numeric(2)] as const;
  const { dtype } = tensors[0];
  if (!isIntegerDType(dtype) && dtype !== 'float32' && dtype !== 'float64') throw refuseDType(context, dtype);
  const sizes = tensors.filter(({ shape }) => shape.length === 1).map(({ shape }) => shape[0]!);
  if (new Set(sizes).size > 1) throw context.fail('starts, limits and deltas must have the same length');
  const rows = sizes[0] ?? 1;
  const at = (input: 0 | 1 | 2, row: number) =>
    Number(tensors[input].data[tensors[input].shape.length === 0 ? 0 : row]);
  const round = dtype === 'float32' ? Math.fround : (value: number) => value;
  const values: number[] = [];
  const splits = [0];
  for (let row = 0; row < rows; row++) {
    const [start, limit, delta] = [at(0, row), at(1, row), at(2, row)];
    if (delta === 0) throw context.fail('Requires delta != 0');
    const isEmpty = delta > 0 ? start >= limit : start <= limit;
    const count = isEmpty ? 0 : Math.ceil(Math.abs((limit - start) / delta));
    if (values.length + count > 2 ** 31 - 1) throw context.fail('Requires ((limit - start) / delta) <= 2^31');
    for (let i = 0, value = start; i < count; i++, value = round(value + delta)) values.push(value);
    splits.push(values.length);
  }
  return [
    splitsTensor(context.attrs.dtype('Tsplits', 'int64'), splits),
    numericTensor(dtype, [values.length], values),
  ];
}

export const raggedRangeKernels: KernelFamily = { RaggedRange: raggedRange };
