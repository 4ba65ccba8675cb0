import type { DType } from '../../base/dtype.js';
import { numericTensor, type Tensor } from '../../base/tensor.js';
import { integersOf } from '../lanes.js';
import type { KernelContext } from '../types.js';

/** Integers as an int32 or int64 vector: row splits and row ids come in both. */
export function splitsTensor(dtype: DType, values: readonly number[]): Tensor {
  return numericTensor(dtype === 'int32' ? 'int32' : 'int64', [values.length], values);
}

export function int64Matrix(rows: readonly (readonly number[])[], width: number): Tensor {
  return numericTensor('int64', [rows.length, width], rows.flat());
}

export function int64Vector(values: readonly number[]): Tensor {
  return numericTensor('int64', [values.length], values);
}

/** The row splits of an input; refused unless they start at 0, never fall and end at `count`. */
export function readSplits(context: KernelContext, input: number, count?: number): number[] {
  const splits = integersOf(context, input);
  if (splits[0] !== 0) throw context.fail('row splits do not start with 0');
  for (let i = 1; i < splits.length; i++) {
    if (splits[i]! < splits[i - 1]!) throw context.fail('row splits are not sorted');
  }
  if (count !== undefined && splits[splits.length - 1] !== count) {
    throw context.fail(`row splits end at ${splits[splits.length - 1]}, there are ${count} values`);
  }
  return splits;
}

/** Row of each value. */
export function rowIdsOf(splits: readonly number[]): number[] {
  return splits.slice(1).flatMap((end, row) => new Array<number>(end - splits[row]!).fill(row));
}
