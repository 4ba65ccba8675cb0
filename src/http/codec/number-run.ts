import { numberValue, skipNumber } from './json-number.js';
import {
  CLOSE_BRACKET,
  COMMA,
  DOT,
  LOWER_E,
  MINUS,
  OPEN_BRACKET,
  PLUS,
  SPACE,
  skipSpace,
  UPPER_E,
  UPPER_I,
  UPPER_N,
  ZERO,
} from './json-syntax.js';
import { type NumberSink, reserveSink } from './number-sink.js';

/** Powers of ten; the first 23 are exact in a double. */
const POWERS = Float64Array.from({ length: 301 }, (_, exponent) => Number(`1e${exponent}`));
const MAX_EXACT_POWER = 22;
const MAX_EXACT_INTEGER = Number.MAX_SAFE_INTEGER;
/** Bound of the relative error of digits and powers multiplied in doubles, with room to spare. */
const DOUBLE_SLACK = 1e-14;

/*
 * The two readers take lists of numbers, `1,2],[3,4]…`, beginning behind the '[' of the first one, as long as
 * ',[' follows and the lists are of one size. They give the offset after the ']' of the last one, or -1 where
 * the text is anything else: then the sink is spoiled. With `isSingle` they stop after the first list.
 *
 * Both rely on it that bytes behind the end read as undefined, which no comparison takes for a digit.
 */

/**
 * Lists of decimals. With `toFloat32` a number of many digits need only be so exact that its float32 is right;
 * otherwise each is the correctly rounded double.
 */
export function readDecimals(
  bytes: Buffer,
  at: number,
  sink: NumberSink,
  toFloat32: boolean,
  isSingle: boolean,
): number {
  const end = bytes.length;
  let pos = at;
  let data = sink.data;
  let length = sink.length;
  let rowStart = length;
  sink.rows = 0;
  for (;;) {
    let byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      byte = bytes[pos]!;
    }
    const start = pos;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++pos]!;
    let value = byte - ZERO;
    if (value >= 0 && value <= 9) {
      pos++;
      let exponent = 0;
      let digit = bytes[pos]! - ZERO;
      if (value === 0 && digit >= 0 && digit <= 9) return -1;
      while (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digit = bytes[++pos]! - ZERO;
      }
      if (digit === DOT - ZERO) {
        const point = ++pos;
        digit = bytes[pos]! - ZERO;
        while (digit >= 0 && digit <= 9) {
          value = value * 10 + digit;
          digit = bytes[++pos]! - ZERO;
        }
        if (pos === point) return -1;
        exponent = point - pos;
      }
      if (digit === LOWER_E - ZERO || digit === UPPER_E - ZERO) {
        const sign = bytes[++pos];
        if (sign === PLUS || sign === MINUS) pos++;
        const first = pos;
        let power = 0;
        digit = bytes[pos]! - ZERO;
        while (digit >= 0 && digit <= 9) {
          if (power < 100_000) power = power * 10 + digit;
          digit = bytes[++pos]! - ZERO;
        }
        if (pos === first) return -1;
        exponent += sign === MINUS ? -power : power;
      }
      if (value <= MAX_EXACT_INTEGER && exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
        if (exponent < 0) value /= POWERS[-exponent]!;
        else if (exponent > 0) value *= POWERS[exponent]!;
      } else {
        value = roundLongNumber(bytes, start, pos, value, exponent, toFloat32);
        if (value === Number.POSITIVE_INFINITY) return -1;
      }
      if (isNegative) value = -value;
    } else if (byte === UPPER_N || byte === UPPER_I) {
      pos = skipNumber(bytes, start, end);
      value = numberValue(bytes, start, pos);
    } else {
      return -1;
    }
    if (length === data.length) {
      sink.length = length;
      data = reserveSink(sink, 1);
    }
    data[length++] = value;
    byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      byte = bytes[pos]!;
    }
    pos++;
    if (byte === COMMA) continue;
    if (byte !== CLOSE_BRACKET || !closeRow(sink, length - rowStart)) return -1;
    sink.length = length;
    rowStart = length;
    if (isSingle) return pos;
    const next = nextRow(bytes, pos, end);
    if (next < 0) return pos;
    pos = next;
  }
}

/**
 * Lists of integers between `least` and `most`. A number with a point or an exponent is not taken, as in
 * TensorFlow Serving.
 */
export function readIntegers(
  bytes: Buffer,
  at: number,
  sink: NumberSink,
  least: number,
  most: number,
  isSingle: boolean,
): number {
  const end = bytes.length;
  let pos = at;
  let data = sink.data;
  let length = sink.length;
  let rowStart = length;
  sink.rows = 0;
  for (;;) {
    let byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      byte = bytes[pos]!;
    }
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++pos]!;
    let value = byte - ZERO;
    if (!(value >= 0 && value <= 9)) return -1;
    let digit = bytes[++pos]! - ZERO;
    if (value === 0 && digit >= 0 && digit <= 9) return -1;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = bytes[++pos]! - ZERO;
    }
    if (isNegative) value = 0 - value;
    if (value < least || value > most) return -1;
    if (length === data.length) {
      sink.length = length;
      data = reserveSink(sink, 1);
    }
    data[length++] = value;
    byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      byte = bytes[pos]!;
    }
    pos++;
    if (byte === COMMA) continue;
    if (byte !== CLOSE_BRACKET || !closeRow(sink, length - rowStart)) return -1;
    sink.length = length;
    rowStart = length;
    if (isSingle) return pos;
    const next = nextRow(bytes, pos, end);
    if (next < 0) return pos;
    pos = next;
  }
}

/** Counts a list; false when its size is not that of the ones before. */
function closeRow(sink: NumberSink, width: number): boolean {
  if (sink.rows++ === 0) sink.width = width;
  return sink.width === width;
}

/** The offset behind `,[` with a number after it, or -1 where that does not follow. */
function nextRow(bytes: Buffer, at: number, end: number): number {
  let pos = at;
  if (bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
  if (bytes[pos] !== COMMA) return -1;
  pos++;
  if (bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
  return bytes[pos] === OPEN_BRACKET ? pos + 1 : -1;
}

/**
 * The size (without sign) of a number whose digits or exponent are too many to be exact in one step.
 * `digits` are its digits added up in a double, `exponent` their power of ten. Overflow gives infinity.
 */
function roundLongNumber(
  bytes: Buffer,
  start: number,
  after: number,
  digits: number,
  exponent: number,
  toFloat32: boolean,
): number {
  if (toFloat32 && exponent >= -280 && exponent <= 20 && after - start < 40) {
    const near = exponent < 0 ? digits / POWERS[-exponent]! : digits * POWERS[exponent]!;
    const low = Math.fround(near * (1 - DOUBLE_SLACK));
    // Both ends of the error interval round alike: so does the number between them.
    if (near > 1e-250 && low === Math.fround(near * (1 + DOUBLE_SLACK))) return low;
  }
  return Math.abs(Number(bytes.toString('latin1', start, after)));
}
