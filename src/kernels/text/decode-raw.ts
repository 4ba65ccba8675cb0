import { DTYPES, type NumericDType, slotsPerElement, viewAs } from '../../base/dtype.js';
import type { Kernel, KernelFamily } from '../types.js';

function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = bytes.slice();
  for (let at = 0; at + width <= swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}

function toTensor(
  dtype: NumericDType,
  shape: number[],
  bytes: Uint8Array,
  isLittle: boolean,
): ReturnType<Kernel> {
  const width = DTYPES[dtype].bytes / slotsPerElement(dtype);
  const data = viewAs(dtype, isLittle || width === 1 ? bytes : swapBytes(bytes, width));
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) data[i] = data[i] ? 1 : 0;
  return [{ dtype, shape, data }];
}

/** DecodeRaw: all strings have the same length, which is the last dimension times the element size. */
const decodeRaw: Kernel = (context) => {
  const input = context.strings(0);
  const dtype = context.attrs.dtype('out_type') as NumericDType;
  const isLittle = context.attrs.bool('little_endian', true);
  const size = DTYPES[dtype].bytes;
  const length = input.data[0]?.length ?? 0;
  const odd = input.data.findIndex((bytes) => bytes.length !== length);
  if (odd !== -1) {
    throw context.fail(
      `DecodeRaw requires input strings to all be the same size, but element ${odd} has size ${length} != ${input.data[odd]?.length}`,
    );
  }
  if (length % size !== 0)
    throw context.fail(
      `Input to DecodeRaw has length ${length} that is not a multiple of ${size}, the size of ${dtype}`,
    );
  const joined = new Uint8Array(length * input.data.length);
  input.data.forEach((bytes, index) => {
    joined.set(bytes, index * length);
  });
  return toTensor(dtype, [...input.shape, length / size], joined, isLittle);
};

/** DecodePaddedRaw: strings are cut or zero-filled to `fixed_length` bytes. */
const decodePaddedRaw: Kernel = (context) => {
  const input = context.strings(0);
  const fixed = Number(context.numeric(1).data[0]);
  const dtype = context.attrs.dtype('out_type') as NumericDType;
  const isLittle = context.attrs.bool('little_endian', true);
  const size = DTYPES[dtype].bytes;
  if (!(fixed > 0) || fixed % size !== 0)
    throw context.fail(`fixed_length ${fixed} is not a positive multiple of ${size}`);
  const joined = new Uint8Array(fixed * input.data.length);
  input.data.forEach((bytes, index) => {
    joined.set(bytes.subarray(0, fixed), index * fixed);
  });
  return toTensor(dtype, [...input.shape, fixed / size], joined, isLittle);
};

export const decodeRawFamily: KernelFamily = { DecodeRaw: decodeRaw, DecodePaddedRaw: decodePaddedRaw };
