import { decodeBase64 } from './base64.js';
import { skipString, stringBytes } from './json-string.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LOWER_F,
  LOWER_T,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './json-syntax.js';
import { readDecimals, readIntegers } from './number-run.js';
import { scanNumbers } from './number-scan.js';
import { reserveSink } from './number-sink.js';
import type { TensorSink } from './tensor-sink.js';
import { MAX_RANK } from './types.js';

const B64_KEY = [QUOTE, 98, 54, 52, QUOTE];

/**
 * Reads one dense value (a scalar or nested lists of the sink's type) into the sink and gives the offset
 * after it. The first value fixes `dims` and `rank`, later ones must agree. -1 for everything that needs
 * the careful reader: another type, a ragged or empty list, a syntax error, a number out of range.
 */
export function readNested(bytes: Buffer, at: number, end: number, sink: TensorSink): number {
  const pos = skipSpace(bytes, at, end);
  if (pos >= end) return -1;
  if (bytes[pos] === OPEN_BRACKET) return readList(bytes, pos + 1, end, sink, 0);
  if (sink.rank === -1) sink.rank = 0;
  else if (sink.rank !== 0) return -1;
  return readScalar(bytes, pos, end, sink);
}

function readList(bytes: Buffer, at: number, end: number, sink: TensorSink, level: number): number {
  let pos = skipSpace(bytes, at, end);
  if (pos >= end || level >= MAX_RANK - 1) return -1;
  if (bytes[pos] !== OPEN_BRACKET) return readLeafList(bytes, pos, end, sink, level);
  if (sink.kind !== 'other' && isLeafList(bytes, pos, end)) return readRows(bytes, pos + 1, end, sink, level);
  if (!openLevel(sink, level)) return -1;
  let size = 0;
  for (;;) {
    pos = readList(bytes, pos + 1, end, sink, level + 1);
    if (pos < 0) return -1;
    size++;
    pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const byte = bytes[pos]!;
    if (byte === CLOSE_BRACKET) return closeLevel(sink, level, size) ? pos + 1 : -1;
    if (byte !== COMMA) return -1;
    pos = skipSpace(bytes, pos + 1, end);
    if (pos >= end || bytes[pos] !== OPEN_BRACKET) return -1;
  }
}

/** Marks the size of a level as unknown the first time it is entered; false below the known rank. */
function openLevel(sink: TensorSink, level: number): boolean {
  if (sink.rank === -1) sink.dims[level] = -1;
  return sink.rank === -1 || level < sink.rank;
}

function closeLevel(sink: TensorSink, level: number, size: number): boolean {
  if (sink.dims[level] === -1) sink.dims[level] = size;
  return sink.dims[level] === size;
}

function expectRank(sink: TensorSink, rank: number): boolean {
  if (sink.rank === -1) sink.rank = rank;
  return sink.rank === rank;
}

/** True when the list at `at` holds scalars. */
function isLeafList(bytes: Buffer, at: number, end: number): boolean {
  const first = skipSpace(bytes, at + 1, end);
  return first < end && bytes[first] !== OPEN_BRACKET;
}

/** The lists of numbers inside one list, all at once; `at` lies behind the '[' of the first. */
function readRows(bytes: Buffer, at: number, end: number, sink: TensorSink, level: number): number {
  if (!openLevel(sink, level) || !openLevel(sink, level + 1) || !expectRank(sink, level + 2)) return -1;
  const after = readNumbers(bytes, at, sink, false);
  if (after < 0) return -1;
  const pos = skipSpace(bytes, after, end);
  if (pos >= end || bytes[pos] !== CLOSE_BRACKET) return -1;
  return closeLevel(sink, level + 1, sink.width) && closeLevel(sink, level, sink.rows) ? pos + 1 : -1;
}

/** From this size on the scanner is faster, although the text is copied for it. */
const SCAN_BYTES = 128;

function readNumbers(bytes: Buffer, at: number, sink: TensorSink, isSingle: boolean): number {
  if (bytes.length - at >= SCAN_BYTES) {
    const after = scanNumbers(bytes, at, sink, sink.kind === 'integer', isSingle, sink.least, sink.most);
    if (after !== undefined) return after;
  }
  return sink.kind === 'integer'
    ? readIntegers(bytes, at, sink, sink.least, sink.most, isSingle)
    : readDecimals(bytes, at, sink, sink.dtype === 'float32', isSingle);
}

/** One list of scalars; `at` is its first element. */
function readLeafList(bytes: Buffer, at: number, end: number, sink: TensorSink, level: number): number {
  if (!openLevel(sink, level) || !expectRank(sink, level + 1)) return -1;
  if (sink.kind !== 'other') {
    const after = readNumbers(bytes, at, sink, true);
    return after >= 0 && closeLevel(sink, level, sink.width) ? after : -1;
  }
  const before = sink.length;
  let pos = at;
  for (;;) {
    pos = readScalar(bytes, pos, end, sink);
    if (pos < 0) return -1;
    pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const byte = bytes[pos]!;
    if (byte === CLOSE_BRACKET) return closeLevel(sink, level, sink.length - before) ? pos + 1 : -1;
    if (byte !== COMMA) return -1;
    pos = skipSpace(bytes, pos + 1, end);
  }
}

function readScalar(bytes: Buffer, at: number, end: number, sink: TensorSink): number {
  const { dtype } = sink;
  if (dtype === 'string') return readStringOrBase64(bytes, at, end, sink);
  if (dtype === 'bool') return readBool(bytes, at, end, sink);
  // A number is read as a run of one: its text is followed by ',' or '}' here, where a run ends in ']'.
  let after = at;
  while (after < end && isNumberByte(bytes[after]!)) after++;
  if (after === at || after - at > 64) return -1;
  const run = Buffer.allocUnsafe(after - at + 1);
  bytes.copy(run, 0, at, after);
  run[after - at] = CLOSE_BRACKET;
  const read = readNumbers(run, 0, sink, true);
  return read === run.length ? after : -1;
}

function isNumberByte(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) || byte === 45 || byte === 46 || byte === 43 || byte === 101 || byte === 69
  );
}

function readBool(bytes: Buffer, at: number, end: number, sink: TensorSink): number {
  const first = bytes[at];
  const isTrue = first === LOWER_T;
  const after = at + (isTrue ? 4 : 5);
  if (after > end || (!isTrue && first !== LOWER_F)) return -1;
  if (bytes.toString('latin1', at, after) !== (isTrue ? 'true' : 'false')) return -1;
  reserveSink(sink, 1)[sink.length++] = isTrue ? 1 : 0;
  return after;
}

function readStringOrBase64(bytes: Buffer, at: number, end: number, sink: TensorSink): number {
  if (at >= end) return -1;
  if (bytes[at] === QUOTE) {
    const after = skipString(bytes, at, end);
    sink.strings.push(stringBytes(bytes, at, after));
    sink.length++;
    return after;
  }
  if (bytes[at] !== OPEN_BRACE) return -1;
  let pos = skipSpace(bytes, at + 1, end);
  for (let index = 0; index < B64_KEY.length; index++) {
    if (pos >= end || bytes[pos++] !== B64_KEY[index]) return -1;
  }
  pos = skipSpace(bytes, pos, end);
  if (pos >= end || bytes[pos++] !== COLON) return -1;
  pos = skipSpace(bytes, pos, end);
  if (pos >= end || bytes[pos] !== QUOTE) return -1;
  const after = bytes.indexOf(QUOTE, pos + 1);
  if (after < 0 || after >= end) return -1;
  const decoded = decodeBase64(bytes.subarray(pos + 1, after));
  if (decoded === undefined) return -1;
  pos = skipSpace(bytes, after + 1, end);
  if (pos >= end || bytes[pos] !== CLOSE_BRACE) return -1;
  sink.strings.push(decoded);
  sink.length++;
  return pos + 1;
}
