import type { DType } from '../base/dtype.js';
import { DTYPES, isNumericDType } from '../base/dtype.js';
import { numericTensor, type Tensor, tensorBytes } from '../base/tensor.js';
import type { TensorValue } from '../savedmodel/types.js';

/** A tensor that is already in memory, as a value. */
export function heldValue(tensor: Tensor): TensorValue {
  let byteLength = 0;
  if (tensor.dtype === 'string') for (const item of tensor.data) byteLength += item.length;
  else byteLength = tensorBytes(tensor).byteLength;
  return { dtype: tensor.dtype, shape: tensor.shape, byteLength, read: () => tensor };
}

export function boolValue(value: boolean): TensorValue {
  return heldValue(numericTensor('bool', [], [value ? 1 : 0]));
}

export function intValue(
  dtype: 'int32' | 'int64',
  values: readonly number[],
  shape: readonly number[],
): TensorValue {
  return heldValue(numericTensor(dtype, shape, values));
}

/** Bytes of a dense tensor; strings count 16 each, since their length is not known. */
export function denseBytes(dtype: DType, shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) count *= dim;
  return count * (isNumericDType(dtype) ? DTYPES[dtype].bytes : 16);
}

/** The integers of a small constant, row-major; undefined for other types. */
export function readInts(value: TensorValue): number[] | undefined {
  if (value.dtype !== 'int32' && value.dtype !== 'int64') return undefined;
  const { data } = value.read();
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
