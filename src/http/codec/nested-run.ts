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
import { growSink, readDecimalRun, readIntegerRun } from './number-run.js';
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
  if (pos >= end || level >= MAX_RANK) return -1;
  if (sink.rank === -1) sink.dims[level] = -1;
  else if (level >= sink.rank) return -1;
  let size = 0;
  if (bytes[pos] !== OPEN_BRACKET) {
    if (sink.rank === -1) sink.rank = level + 1;
    else if (sink.rank !== level + 1) return -1;
    const before = sink.length;
    pos = readLeafList(bytes, pos, end, sink);
    if (pos < 0) return -1;
    size = sink.length - before;
  } else {
    for (;;) {
      pos = readList(bytes, pos + 1, end, sink, level + 1);
      if (pos < 0) return -1;
      size++;
      pos = skipSpace(bytes, pos, end);
      if (pos >= end) return -1;
      const byte = bytes[pos]!;
      if (byte === CLOSE_BRACKET) {
        pos++;
        break;
      }
      if (byte !== COMMA) return -1;
      pos = skipSpace(bytes, pos + 1, end);
      if (pos >= end || bytes[pos] !== OPEN_BRACKET) return -1;
    }
  }
  if (sink.dims[level] === -1) sink.dims[level] = size;
  else if (sink.dims[level] !== size) return -1;
  return pos;
}

function readLeafList(bytes: Buffer, at: number, end: number, sink: TensorSink): number {
  if (sink.kind === 'decimal') return readDecimalRun(bytes, at, end, sink, sink.dtype === 'float32');
  if (sink.kind === 'integer') return readIntegerRun(bytes, at, end, sink, sink.least, sink.most);
  let pos = at;
  for (;;) {
    pos = readScalar(bytes, pos, end, sink);
    if (pos < 0) return -1;
    pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const byte = bytes[pos]!;
    if (byte === CLOSE_BRACKET) return pos + 1;
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
  const read = readLeafList(run, 0, run.length, sink);
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
  if (sink.length === sink.data.length) growSink(sink);
  sink.data[sink.length++] = isTrue ? 1 : 0;
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
