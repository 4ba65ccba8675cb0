import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import { indexOfBytes, isSpace } from './bytes.js';

/** Rows of different lengths as the (indices, values, shape) triple of a sparse tensor. */
function toSparse(rows: readonly (readonly Uint8Array[])[]): HostValue[] {
  const values = rows.flat();
  const indices = new BigInt64Array(values.length * 2);
  let at = 0;
  rows.forEach((row, rowIndex) => {
    row.forEach((_, column) => {
      indices[at++] = BigInt(rowIndex);
      indices[at++] = BigInt(column);
    });
  });
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return [
    { dtype: 'int64', shape: [values.length, 2], data: indices },
    { dtype: 'string', shape: [values.length], data: values },
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(rows.length), BigInt(widest)) },
  ];
}

function splitAtAnyOf(
  bytes: Uint8Array,
  delimiters: ReadonlySet<number>,
  isSkippingEmpty: boolean,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (bytes.length === 0) return parts;
  let start = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && !delimiters.has(bytes[at] ?? 0)) continue;
    if (!isSkippingEmpty || at > start) parts.push(bytes.subarray(start, at));
    start = at + 1;
  }
  return parts;
}

function requireVector(context: KernelContext) {
  const input = context.strings(0);
  if (input.shape.length !== 1) throw context.fail(`input must be a vector, not of shape [${input.shape}]`);
  return input;
}

/** StringSplit: every character of the delimiter splits by itself; none splits into bytes. */
const stringSplit: Kernel = (context) => {
  const input = requireVector(context);
  const delimiter = context.strings(1);
  const isSkippingEmpty = context.attrs.bool('skip_empty', true);
  const bytes = delimiter.data[0] ?? new Uint8Array();
  const rows = input.data.map((text) => {
    if (bytes.length > 0) return splitAtAnyOf(text, new Set(bytes), isSkippingEmpty);
    return Array.from(text, (_, index) => text.subarray(index, index + 1));
  });
  return toSparse(rows);
};

/** A negative `maxSplit` has no bound; otherwise the rest behind the last split is the last part, even if empty. */
function splitAtSpace(bytes: Uint8Array, maxSplit: number): Uint8Array[] {
  if (maxSplit === 0) return [bytes];
  const parts: Uint8Array[] = [];
  let at = 0;
  const skipSpace = () => {
    while (at < bytes.length && isSpace(bytes[at] ?? 0)) at++;
  };
  skipSpace();
  while (at < bytes.length) {
    if (parts.length === maxSplit) return [...parts, bytes.subarray(at)];
    const start = at;
    while (at < bytes.length && !isSpace(bytes[at] ?? 0)) at++;
    parts.push(bytes.subarray(start, at));
    skipSpace();
    if (at === bytes.length && parts.length === maxSplit) return [...parts, bytes.subarray(at)];
  }
  return parts;
}

function splitAt(bytes: Uint8Array, separator: Uint8Array, maxSplit: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (;;) {
    const found = parts.length === maxSplit ? -1 : indexOfBytes(bytes, separator, start);
    if (found === -1) {
      parts.push(bytes.subarray(start));
      return parts;
    }
    parts.push(bytes.subarray(start, found));
    start = found + separator.length;
  }
}

/** StringSplitV2: Python's str.split; an empty separator splits at runs of white space. */
const stringSplitV2: Kernel = (context) => {
  const input = requireVector(context);
  const separator = context.strings(1).data[0] ?? new Uint8Array();
  const maxSplit = context.attrs.int('maxsplit', -1);
  const rows = input.data.map((text) =>
    separator.length === 0 ? splitAtSpace(text, maxSplit) : splitAt(text, separator, maxSplit),
  );
  return toSparse(rows);
};

export const split: KernelFamily = { StringSplit: stringSplit, StringSplitV2: stringSplitV2 };
