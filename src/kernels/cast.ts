import { allocate, type NumericArray, type NumericDType } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import { type BigArray, laneOf, type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

const INT32_MIN = -(2 ** 31);
const INT64_MIN = -(2n ** 63n);

/**
 * Rounds to 54 bits before a BigInt becomes a number, with a last bit that tells whether anything was cut
 * off, so that a later rounding to float32 is as if it were the only one.
 */
export function stickyNumber(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size < 1n << 53n) return Number(value);
  const shift = BigInt(size.toString(2).length - 52);
  const kept = (size >> shift) | (size & ((1n << shift) - 1n) ? 1n : 0n);
  return Number(value < 0n ? -kept : kept) * 2 ** Number(shift);
}

/** What x86 gives for a float outside of the range: the smallest integer of the width it converts in. */
function truncate32(x: number): number {
  return x > INT32_MIN - 1 && x < 2 ** 31 ? Math.trunc(x) : INT32_MIN;
}

function truncate64(x: number): bigint {
  return x >= -(2 ** 63) && x < 2 ** 63 ? BigInt(Math.trunc(x)) : INT64_MIN;
}

function truncateUnsigned64(x: number): bigint {
  if (x >= 2 ** 63 && x < 2 ** 64) return BigInt(Math.trunc(x));
  return x >= 2 ** 64 ? 0n : BigInt.asUintN(64, truncate64(x));
}

/** A cast as TensorFlow does it on the CPU (x86): out-of-range floats become the smallest integer. */
export function castTensor(tensor: NumericTensor, dtype: NumericDType): NumericTensor {
  if (tensor.dtype === dtype) return tensor;
  const from = laneOf(tensor.dtype);
  const to = laneOf(dtype);
  const { shape } = tensor;
  const count = elementCount(shape);
  if (to === 'complex') return toComplex(tensor, dtype, count);
  if (from === 'complex') return fromComplex(tensor, dtype, count);
  if (dtype === 'bool') return { dtype, shape, data: toBool(tensor.data, tensor) };
  if (from === 'big') return fromBig(tensor, dtype, count);
  return fromReals(realsOf(tensor), isFloat(tensor.dtype), dtype, shape, count);
}

function toBool(data: NumericArray, tensor: NumericTensor): Uint8Array {
  const out = new Uint8Array(data.length);
  if (laneOf(tensor.dtype) === 'big') {
    const source = data as BigArray;
    for (let i = 0; i < out.length; i++) out[i] = source[i] === 0n ? 0 : 1;
  } else {
    const source = realsOf(tensor);
    for (let i = 0; i < out.length; i++) out[i] = source[i] === 0 ? 0 : 1;
  }
  return out;
}

function fromBig(tensor: NumericTensor, dtype: NumericDType, count: number): NumericTensor {
  const source = tensor.data as BigArray;
  const { shape } = tensor;
  if (laneOf(dtype) === 'big') {
    const out = allocate(dtype, count) as BigArray;
    for (let i = 0; i < count; i++) out[i] = source[i]!;
    return { dtype, shape, data: out };
  }
  const out = workArray(dtype, count);
  if (dtype === 'float64') for (let i = 0; i < count; i++) out[i] = Number(source[i]);
  else if (isFloat(dtype)) for (let i = 0; i < count; i++) out[i] = stickyNumber(source[i]!);
  else for (let i = 0; i < count; i++) out[i] = Number(BigInt.asIntN(32, source[i]!));
  return seal(dtype, shape, out);
}

function fromReals(
  source: RealArray,
  isFromFloat: boolean,
  dtype: NumericDType,
  shape: readonly number[],
  count: number,
): NumericTensor {
  if (laneOf(dtype) === 'big') {
    const out = allocate(dtype, count) as BigArray;
    const convert = !isFromFloat ? BigInt : dtype === 'uint64' ? truncateUnsigned64 : truncate64;
    for (let i = 0; i < count; i++) out[i] = convert(source[i]!);
    return { dtype, shape, data: out };
  }
  const out = workArray(dtype, count);
  if (isFloat(dtype) || !isFromFloat) out.set(source);
  else if (dtype === 'uint32') {
    for (let i = 0; i < count; i++) out[i] = Number(BigInt.asUintN(32, truncate64(source[i]!)));
  } else for (let i = 0; i < count; i++) out[i] = truncate32(source[i]!);
  return seal(dtype, shape, out);
}

function toComplex(tensor: NumericTensor, dtype: NumericDType, count: number): NumericTensor {
  const out = workArray(dtype, count);
  const { shape } = tensor;
  if (laneOf(tensor.dtype) === 'complex') {
    out.set(tensor.data as RealArray);
    return { dtype, shape, data: out };
  }
  const wide = castTensor(tensor, dtype === 'complex64' ? 'float32' : 'float64').data as RealArray;
  for (let i = 0; i < count; i++) out[2 * i] = wide[i]!;
  return { dtype, shape, data: out };
}

/** The real part; a bool tells whether either part is not 0. */
function fromComplex(tensor: NumericTensor, dtype: NumericDType, count: number): NumericTensor {
  const source = tensor.data as RealArray;
  const wide: NumericDType = tensor.dtype === 'complex64' ? 'float32' : 'float64';
  const real = workArray(wide, count);
  for (let i = 0; i < count; i++) {
    const re = source[2 * i]!;
    real[i] = dtype === 'bool' && re === 0 ? source[2 * i + 1]! : re;
  }
  return castTensor({ dtype: wide, shape: tensor.shape, data: real }, dtype);
}

function cast(context: KernelContext): HostValue[] {
  const to = context.attrs.dtype('DstT');
  const tensor = context.tensor(0);
  if (tensor.dtype === to) return [tensor];
  if (tensor.dtype === 'string' || to === 'string' || to === 'resource' || to === 'variant') {
    throw refuseDType(context, to);
  }
  if (context.attrs.bool('Truncate', false)) throw context.fail('attribute "Truncate" is not read');
  return [castTensor(tensor, to)];
}

export const castKernels: KernelFamily = { Cast: cast };
