import { isUtf8 } from 'node:buffer';
import { toDoubles } from '../base/compare.js';
import { isComplexDType, isFloatDType } from '../base/dtype.js';
import type { Tensor } from '../base/tensor.js';

/** Larger tensors show their first and last entries of each dimension only. */
const FULL_ELEMENTS = 200;
const EDGE_ENTRIES = 3;
const SIGNIFICANT_DIGITS = 7;
const MAX_STRING_LENGTH = 200;

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function formatString(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) {
    const text = Buffer.from(bytes.subarray(0, MAX_STRING_LENGTH)).toString('base64');
    return `b64(${text}${bytes.length > MAX_STRING_LENGTH ? '…' : ''})`;
  }
  const text = Buffer.from(bytes).toString('utf8');
  return JSON.stringify(text.length > MAX_STRING_LENGTH ? `${text.slice(0, MAX_STRING_LENGTH)}…` : text);
}

/** The text of one element by its flat index. */
function elementFormatter(tensor: Tensor): (index: number) => string {
  if (tensor.dtype === 'string') return (index) => formatString(tensor.data[index]!);
  if (tensor.dtype === 'bool') return (index) => (tensor.data[index] === 0 ? 'false' : 'true');
  if (!isFloatDType(tensor.dtype) && !isComplexDType(tensor.dtype))
    return (index) => String(tensor.data[index]);
  const values = toDoubles(tensor);
  if (!isComplexDType(tensor.dtype)) return (index) => formatNumber(values[index]!);
  return (index) => {
    const imaginary = formatNumber(values[2 * index + 1]!);
    return `${formatNumber(values[2 * index]!)}${imaginary.startsWith('-') ? '' : '+'}${imaginary}j`;
  };
}

/** The values as nested brackets, row by row, the way numpy prints an array. */
export function previewTensor(tensor: Tensor): string {
  const { shape } = tensor;
  const element = elementFormatter(tensor);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const isCut = count > FULL_ELEMENTS;
  const write = (axis: number, offset: number, size: number): string => {
    const length = shape[axis];
    if (length === undefined) return element(offset);
    const step = length === 0 ? 0 : size / length;
    const isLong = isCut && length > 2 * EDGE_ENTRIES;
    const shown = isLong
      ? [...range(0, EDGE_ENTRIES), undefined, ...range(length - EDGE_ENTRIES, length)]
      : range(0, length);
    const isLast = axis === shape.length - 1;
    const separator = isLast ? ', ' : `,\n${' '.repeat(axis + 1)}`;
    const parts = shown.map((index) =>
      index === undefined ? '…' : write(axis + 1, offset + index * step, step),
    );
    return `[${parts.join(separator)}]`;
  };
  return write(0, 0, count);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
