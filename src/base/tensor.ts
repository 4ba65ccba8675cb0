import { allocate, type NumericArray, type NumericDType } from './dtype.js';

/** Dense numbers, row-major. `bool` holds 0 or 1 per byte; complex types hold (re, im) pairs. */
export interface NumericTensor {
  readonly dtype: NumericDType;
  readonly shape: readonly number[];
  readonly data: NumericArray;
}

/** Dense byte strings, row-major. TensorFlow strings are bytes, not text. */
export interface StringTensor {
  readonly dtype: 'string';
  readonly shape: readonly number[];
  readonly data: readonly Uint8Array[];
}

export type Tensor = NumericTensor | StringTensor;

/** Named tensors in the order of the signature. */
export type TensorMap = Map<string, Tensor>;

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) count *= dim;
  return count;
}

export function numericTensor(
  dtype: NumericDType,
  shape: readonly number[],
  values: Iterable<number | bigint>,
): NumericTensor {
  const data = allocate(dtype, elementCount(shape));
  let index = 0;
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (const value of values)
    (data as unknown as (number | bigint)[])[index++] = isBig ? BigInt(value) : Number(value);
  return { dtype, shape, data };
}

/** The bytes behind a numeric tensor, without a copy. */
export function tensorBytes(tensor: NumericTensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
