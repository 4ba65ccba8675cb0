import { numberValue, skipNumber } from './json-number.js';
import {
  CLOSE_BRACKET,
  COMMA,
  DOT,
  LOWER_E,
  MINUS,
  NINE,
  PLUS,
  SPACE,
  skipSpace,
  UPPER_E,
  UPPER_I,
  UPPER_N,
  ZERO,
} from './json-syntax.js';

/** Powers of ten; the first 23 are exact in a double. */
const POWERS = Float64Array.from({ length: 301 }, (_, exponent) => Number(`1e${exponent}`));
const MAX_EXACT_POWER = 22;
const MAX_EXACT_INTEGER = Number.MAX_SAFE_INTEGER;
/** Bound of the relative error of digits and powers multiplied in doubles, with room to spare. */
const DOUBLE_SLACK = 1e-14;

/** Where the numbers of one tensor are gathered: doubles hold every element type up to 53 bits exactly. */
export interface NumberSink {
  data: Float64Array;
  length: number;
}

/** Twice the room, with what is there. */
export function growSink(sink: NumberSink): Float64Array {
  const grown = new Float64Array(sink.data.length * 2);
  grown.set(sink.data);
  sink.data = grown;
  return grown;
}

/**
 * Reads the elements of a list of decimals; `at` lies after its '['. Gives the offset after the ']', or -1
 * where the text is anything else than numbers and commas. With `toFloat32` a number of many digits need
 * only be so exact that its float32 is right; otherwise each is the correctly rounded double.
 */
export function readDecimalRun(
  bytes: Buffer,
  at: number,
  end: number,
  sink: NumberSink,
  toFloat32: boolean,
): number {
  let pos = at;
  let data = sink.data;
  let length = sink.length;
  while (pos < end) {
    let byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      if (pos >= end) return -1;
      byte = bytes[pos]!;
    }
    const start = pos;
    const isNegative = byte === MINUS;
    if (isNegative) {
      if (++pos >= end) return -1;
      byte = bytes[pos]!;
    }
    let value = byte - ZERO;
    if (value < 0 || value > 9) {
      if (byte !== UPPER_N && byte !== UPPER_I) return -1;
      pos = skipNumber(bytes, start, end);
      value = numberValue(bytes, start, pos);
    } else {
      pos++;
      let exponent = 0;
      if (value === 0) {
        if (pos < end && bytes[pos]! >= ZERO && bytes[pos]! <= NINE) return -1;
      } else {
        while (pos < end) {
          const digit = bytes[pos]! - ZERO;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
          pos++;
        }
      }
      if (pos < end && bytes[pos] === DOT) {
        const point = ++pos;
        while (pos < end) {
          const digit = bytes[pos]! - ZERO;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
          pos++;
        }
        if (pos === point) return -1;
        exponent = point - pos;
      }
      if (pos < end && (bytes[pos] === LOWER_E || bytes[pos] === UPPER_E)) {
        pos++;
        let isSmall = false;
        if (pos < end && (bytes[pos] === PLUS || bytes[pos] === MINUS)) {
          isSmall = bytes[pos] === MINUS;
          pos++;
        }
        const first = pos;
        let power = 0;
        while (pos < end) {
          const digit = bytes[pos]! - ZERO;
          if (digit < 0 || digit > 9) break;
          if (power < 100_000) power = power * 10 + digit;
          pos++;
        }
        if (pos === first) return -1;
        exponent += isSmall ? -power : power;
      }
      if (value <= MAX_EXACT_INTEGER && exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
        if (exponent < 0) value /= POWERS[-exponent]!;
        else if (exponent > 0) value *= POWERS[exponent]!;
      } else {
        value = roundLongNumber(bytes, start, pos, value, exponent, toFloat32);
        if (value === Number.POSITIVE_INFINITY) return -1;
      }
      if (isNegative) value = -value;
    }
    if (length === data.length) {
      sink.length = length;
      data = growSink(sink);
    }
    data[length++] = value;
    if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const after = bytes[pos++]!;
    if (after === COMMA) continue;
    if (after !== CLOSE_BRACKET) return -1;
    sink.length = length;
    return pos;
  }
  return -1;
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

/**
 * Reads the elements of a list of integers between `least` and `most`; otherwise like `readDecimalRun`.
 * A number with a point or an exponent is not taken, as in TensorFlow Serving.
 */
export function readIntegerRun(
  bytes: Buffer,
  at: number,
  end: number,
  sink: NumberSink,
  least: number,
  most: number,
): number {
  let pos = at;
  let data = sink.data;
  let length = sink.length;
  while (pos < end) {
    let byte = bytes[pos]!;
    if (byte <= SPACE) {
      pos = skipSpace(bytes, pos, end);
      if (pos >= end) return -1;
      byte = bytes[pos]!;
    }
    const isNegative = byte === MINUS;
    if (isNegative) {
      if (++pos >= end) return -1;
      byte = bytes[pos]!;
    }
    let value = byte - ZERO;
    if (value < 0 || value > 9) return -1;
    pos++;
    const isZero = value === 0;
    while (pos < end) {
      const digit = bytes[pos]! - ZERO;
      if (digit < 0 || digit > 9) break;
      if (isZero) return -1;
      value = value * 10 + digit;
      pos++;
    }
    if (isNegative) value = 0 - value;
    if (value < least || value > most) return -1;
    if (length === data.length) {
      sink.length = length;
      data = growSink(sink);
    }
    data[length++] = value;
    if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const after = bytes[pos++]!;
    if (after === COMMA) continue;
    if (after !== CLOSE_BRACKET) return -1;
    sink.length = length;
    return pos;
  }
  return -1;
}
