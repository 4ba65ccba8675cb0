import { allocate, type DType, isComplexDType, type NumericDType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { NumericTensor } from '../base/tensor.js';
import { decodeBrain, decodeHalf, encodeBrain, encodeHalf } from './half.js';
import type { KernelContext } from './types.js';

/** Typed arrays whose items are JavaScript numbers. */
export type RealArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

export type BigArray = BigInt64Array | BigUint64Array;

/**
 * How the elements of a type are computed with: `real` in JavaScript numbers (halves widened to float32),
 * `big` in BigInt, `complex` in pairs of numbers.
 */
export type Lane = 'real' | 'big' | 'complex';

export function laneOf(dtype: NumericDType): Lane {
  if (isComplexDType(dtype)) return 'complex';
  return dtype === 'int64' || dtype === 'uint64' ? 'big' : 'real';
}

export function isIntegerDType(dtype: DType): boolean {
  return /^q?u?int\d+$/.test(dtype);
}

/** The elements as numbers; halves are widened. Only for the `real` and `complex` lanes. */
export function realsOf(tensor: NumericTensor): RealArray {
  if (tensor.dtype === 'float16') return widen(tensor.data as Uint16Array, decodeHalf);
  if (tensor.dtype === 'bfloat16') return widen(tensor.data as Uint16Array, decodeBrain);
  return tensor.data as RealArray;
}

function widen(bits: Uint16Array, decode: (bits: number) => number): Float32Array {
  const wide = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = decode(bits[i]!);
  return wide;
}

/** Where results of type `dtype` are written before `seal`: halves as float32, all else as it is stored. */
export function workArray(dtype: NumericDType, elements: number): RealArray {
  if (dtype === 'float16' || dtype === 'bfloat16') return new Float32Array(elements);
  return allocate(dtype, elements) as RealArray;
}

/** The tensor of finished work. */
export function seal(dtype: NumericDType, shape: readonly number[], work: RealArray): NumericTensor {
  if (dtype === 'float16') return { dtype, shape, data: narrow(work, encodeHalf) };
  if (dtype === 'bfloat16') return { dtype, shape, data: narrow(work, encodeBrain) };
  return { dtype, shape, data: work };
}

function narrow(wide: RealArray, encode: (value: number) => number): Uint16Array {
  const bits = new Uint16Array(wide.length);
  for (let i = 0; i < wide.length; i++) bits[i] = encode(wide[i]!);
  return bits;
}

export function refuseDType(context: KernelContext, dtype: DType): TfdeployError {
  return new TfdeployError(
    'TFD_DTYPE_UNSUPPORTED',
    `node "${context.nodeName}" (${context.op}): there is no host kernel for ${dtype}`,
    { details: { node: context.nodeName, op: context.op, dtype } },
  );
}

/** Integers of an int32 or int64 tensor (shapes, axes, indices) as numbers. */
export function integersOf(context: KernelContext, index: number): number[] {
  const { data, dtype } = context.numeric(index);
  if (!isIntegerDType(dtype)) throw context.fail(`input ${index} is ${dtype}, not an integer`);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** A scalar integer input. */
export function integerOf(context: KernelContext, index: number): number {
  const values = integersOf(context, index);
  if (values.length !== 1) throw context.fail(`input ${index} has ${values.length} elements, not one`);
  return values[0]!;
}

/** A scalar number input of any real type. */
export function realOf(context: KernelContext, index: number): number {
  const tensor = context.numeric(index);
  const value = laneOf(tensor.dtype) === 'big' ? Number(tensor.data[0]) : realsOf(tensor)[0];
  if (value === undefined) throw context.fail(`input ${index} is empty`);
  return Number(value);
}

/** The larger of two BigInts, for which there is no Math.max. */
export function bigMax(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

export function bigMin(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
