import {
  DOT,
  LOWER_E,
  MINUS,
  NINE,
  PLUS,
  syntaxError,
  UPPER_E,
  UPPER_I,
  UPPER_N,
  ZERO,
} from './json-syntax.js';

const INFINITY_TAIL = [105, 110, 105, 116, 121];

/**
 * Walks over a number that begins at `at` and gives the offset after it. Takes what TensorFlow Serving
 * takes: JSON numbers, `NaN`, `Inf`, `Infinity`, with a minus before any of them. Throws a syntax error.
 */
export function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  let pos = bytes[at] === MINUS ? at + 1 : at;
  if (pos >= end) throw syntaxError('valueInvalid', pos);
  const first = bytes[pos]!;
  if (first === UPPER_N || first === UPPER_I) return skipNonFinite(bytes, pos, end);
  if (first < ZERO || first > NINE) throw syntaxError('valueInvalid', pos);
  pos = first === ZERO ? pos + 1 : skipDigits(bytes, pos, end);
  if (bytes[pos] === DOT && pos < end) {
    const after = skipDigits(bytes, pos + 1, end);
    if (after === pos + 1) throw syntaxError('missFraction', after);
    pos = after;
  }
  if (pos < end && (bytes[pos] === LOWER_E || bytes[pos] === UPPER_E)) {
    pos++;
    if (pos < end && (bytes[pos] === PLUS || bytes[pos] === MINUS)) pos++;
    const after = skipDigits(bytes, pos, end);
    if (after === pos) throw syntaxError('missExponent', after);
    pos = after;
  }
  return pos;
}

/** The value of a number that `skipNumber` accepted, correctly rounded. Throws when it overflows a double. */
export function numberValue(bytes: Uint8Array, at: number, after: number): number {
  const short = shortInteger(bytes, at, after);
  if (short !== undefined) return short;
  const text = numberText(bytes, at, after);
  const isNegative = text.charCodeAt(0) === MINUS;
  const first = text.charCodeAt(isNegative ? 1 : 0);
  if (first === UPPER_N) return Number.NaN;
  if (first === UPPER_I) return isNegative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (!Number.isFinite(value)) throw syntaxError('numberTooBig', at);
  return value;
}

/** The number when it is written as an integer of at most 15 digits, which most are. */
function shortInteger(bytes: Uint8Array, at: number, after: number): number | undefined {
  const isNegative = bytes[at] === MINUS;
  if (after - at > 15) return undefined;
  let value = 0;
  for (let pos = isNegative ? at + 1 : at; pos < after; pos++) {
    const digit = bytes[pos]! - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

/** The exact integer when the number was written as one (no point, no exponent), else undefined. */
export function integerValue(bytes: Uint8Array, at: number, after: number): bigint | undefined {
  const short = shortInteger(bytes, at, after);
  if (short !== undefined) return BigInt(short);
  for (let pos = at; pos < after; pos++) {
    const byte = bytes[pos]!;
    if ((byte < ZERO || byte > NINE) && !(pos === at && byte === MINUS)) return undefined;
  }
  // 64 bits take at most 20 characters; a longer one is out of range of every integer type, and slow to build.
  return after - at > 20 ? undefined : BigInt(numberText(bytes, at, after));
}

export function numberText(bytes: Uint8Array, at: number, after: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', at, after);
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let pos = from;
  while (pos < end && bytes[pos]! >= ZERO && bytes[pos]! <= NINE) pos++;
  return pos;
}

function skipNonFinite(bytes: Uint8Array, at: number, end: number): number {
  const isNan = bytes[at] === UPPER_N;
  if (at + 3 > end) throw syntaxError('valueInvalid', at);
  const isWord = isNan
    ? bytes[at + 1] === 97 && bytes[at + 2] === UPPER_N
    : bytes[at + 1] === 110 && bytes[at + 2] === 102;
  if (!isWord) throw syntaxError('valueInvalid', at + 1);
  if (isNan || bytes[at + 3] !== INFINITY_TAIL[0] || at + 3 >= end) return at + 3;
  for (let index = 0; index < INFINITY_TAIL.length; index++) {
    if (at + 3 + index >= end || bytes[at + 3 + index] !== INFINITY_TAIL[index]) {
      throw syntaxError('valueInvalid', at + 3 + index);
    }
  }
  return at + 8;
}
