import { encodeUtf8 } from '../text/bytes.js';
import { compileRe2 } from '../text/regex.js';
import { requireUtf8 } from '../text/transform.js';
import { decodeCharacters } from '../text/unicode.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';

interface Token {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export const int64 = (values: readonly number[]): HostValue => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

const int32 = (values: readonly number[]): HostValue => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
});

export const texts = (data: readonly Uint8Array[]): HostValue => ({
  dtype: 'string',
  shape: [data.length],
  data,
});

export function splitsOf(rows: readonly { readonly length: number }[]): number[] {
  const splits = [0];
  for (const row of rows) splits.push(splits[splits.length - 1]! + row.length);
  return splits;
}

function patternAt(context: KernelContext, index: number): RegExp | undefined {
  const source = requireUtf8(context, context.strings(index).data[0] ?? new Uint8Array(), 0);
  return source === '' ? undefined : compileRe2(context, source);
}

/**
 * The pieces between delimiters: the first group of the pattern, searched for again in what is left behind each
 * (so that `^` matches there). Delimiters that a second pattern matches are kept.
 */
function splitText(
  context: KernelContext,
  text: string,
  delimiter: RegExp,
  keep: RegExp | undefined,
): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const push = (piece: string) => {
    const bytes = encodeUtf8(piece);
    if (bytes.length > 0) tokens.push({ bytes, start: offset, end: offset + bytes.length });
    offset += bytes.length;
  };
  let rest = text;
  while (rest !== '') {
    const match = delimiter.exec(rest);
    if (match === null) break;
    // Without a group, nothing is taken.
    if (match.length < 2) break;
    if (match[0] === '')
      throw context.fail('the pattern matches nothing, which TensorFlow Text does not survive');
    if (match[1] !== match[0]) throw context.fail('the first group of the pattern is not all of it');
    push(rest.slice(0, match.index));
    if (keep?.test(match[0]) === true) push(match[0]);
    else offset += encodeUtf8(match[0]).length;
    rest = rest.slice(match.index + match[0].length);
  }
  push(rest);
  return tokens;
}

const regexSplit: Kernel = (context) => {
  const delimiter = patternAt(context, 1);
  const kept = patternAt(context, 2);
  const keep = kept === undefined ? undefined : new RegExp(`(?<![^])(?:${kept.source})(?![^])`, kept.flags);
  if (delimiter === undefined) throw context.fail('the pattern is empty');
  const rows = context
    .strings(0)
    .data.map((bytes, index) => splitText(context, requireUtf8(context, bytes, index), delimiter, keep));
  const all = rows.flat();
  return [
    texts(all.map(({ bytes }) => bytes)),
    int64(all.map(({ start }) => start)),
    int64(all.map(({ end }) => end)),
    int64(splitsOf(rows)),
  ];
};

/** The config is a bit per code point. */
function isSpaceIn(config: Uint8Array, code: number): boolean {
  return ((config[code >> 3] ?? 0) & (1 << (code & 7))) !== 0;
}

function splitAtSpace(bytes: Uint8Array, config: Uint8Array): Token[] {
  const tokens: Token[] = [];
  let start: number | undefined;
  const close = (end: number) => {
    if (start !== undefined) tokens.push({ bytes: bytes.subarray(start, end), start, end });
    start = undefined;
  };
  const characters = decodeCharacters(bytes);
  characters.forEach(({ code, offset }, index) => {
    if (!isSpaceIn(config, code)) start ??= offset;
    // A space of several bytes leaves all but its last one to the token before it, as TensorFlow Text has it.
    else close((characters[index + 1]?.offset ?? bytes.length) - 1);
  });
  close(bytes.length);
  return tokens;
}

const whitespace: Kernel = (context) => {
  const config = context.strings(1).data[0] ?? new Uint8Array();
  const rows = context.strings(0).data.map((bytes) => splitAtSpace(bytes, config));
  const all = rows.flat();
  return [
    texts(all.map(({ bytes }) => bytes)),
    int64(splitsOf(rows)),
    int32(all.map(({ start }) => start)),
    int32(all.map(({ end }) => end)),
  ];
};

export const splitKernels: KernelFamily = {
  RegexSplitWithOffsets: regexSplit,
  'TFText>WhitespaceTokenizeWithOffsetsV2': whitespace,
};
