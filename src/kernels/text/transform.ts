import type { StringTensor } from '../../base/tensor.js';
import type { Kernel, KernelContext, KernelFamily } from '../types.js';
import { decodeUtf8, encodeUtf8, isSpace } from './bytes.js';

type MapBytes = (bytes: Uint8Array, index: number) => Uint8Array;

export function mapStrings(input: StringTensor, map: MapBytes): StringTensor {
  return { dtype: 'string', shape: input.shape, data: input.data.map(map) };
}

/** Text of an element, or an error that says which element is not UTF-8. */
export function requireUtf8(context: KernelContext, bytes: Uint8Array, index: number): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw context.fail(`element ${index} is not valid UTF-8`);
  return text;
}

function shiftAscii(bytes: Uint8Array, first: number, last: number, by: number): Uint8Array {
  return bytes.map((byte) => (byte >= first && byte <= last ? byte + by : byte));
}

function changeCase(ascii: MapBytes, unicode: (text: string) => string): Kernel {
  return (context) => {
    const encoding = context.attrs.string('encoding', '');
    if (encoding === '') return [mapStrings(context.strings(0), ascii)];
    if (encoding !== 'utf-8') throw context.fail(`encoding "${encoding}" is neither "" nor "utf-8"`);
    return [
      mapStrings(context.strings(0), (bytes, index) =>
        encodeUtf8(unicode(requireUtf8(context, bytes, index))),
      ),
    ];
  };
}

function stripSpace(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start] ?? 0)) start++;
  while (end > start && isSpace(bytes[end - 1] ?? 0)) end--;
  return bytes.subarray(start, end);
}

/** Code points of UTF-8 counted as TensorFlow does: bytes that do not continue one. */
export function countCharacters(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}

const measureLength: Kernel = (context) => {
  const unit = context.attrs.string('unit', 'BYTE');
  if (unit !== 'BYTE' && unit !== 'UTF8_CHAR') throw context.fail(`unit "${unit}" is not known`);
  const input = context.strings(0);
  const data = Int32Array.from(input.data, (bytes) =>
    unit === 'BYTE' ? bytes.length : countCharacters(bytes),
  );
  return [{ dtype: 'int32', shape: input.shape, data }];
};

/** Strings to strings of the same shape, and their lengths. */
export const transform: KernelFamily = {
  StringLower: changeCase(
    (bytes) => shiftAscii(bytes, 65, 90, 32),
    (text) => text.toLowerCase(),
  ),
  StringUpper: changeCase(
    (bytes) => shiftAscii(bytes, 97, 122, -32),
    (text) => text.toUpperCase(),
  ),
  StringStrip: (context) => [mapStrings(context.strings(0), stripSpace)],
  StringLength: measureLength,
};
