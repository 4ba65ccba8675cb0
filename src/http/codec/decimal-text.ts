import { DOT, LOWER_E, MINUS, PLUS, ZERO } from './json-syntax.js';

/**
 * Decimals as TensorFlow Serving writes them: six significant digits, or nine (float32) where six do not
 * give the number back, in C's `%g` layout, with `.0` behind whole ones. A float64 that six digits do not
 * give back is written with the fewest that do.
 */

/** Longest text written: sign, 17 digits, point, leading zeros, exponent. */
export const MAX_DECIMAL_BYTES = 32;

const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Distance from a tie below which the rounding of a scaled double is not to be trusted. */
const TIE_SLACK = 1e-5;
const ROUND_TRIP_SLACK = 1e-15;

const NAN = Buffer.from('NaN');
const INFINITE = Buffer.from('Infinity');
const digitPairs = Buffer.from(
  Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0')).join(''),
);

/** Writes a float32 (given as a double) at `at`, where there is room, and gives the offset after it. */
export function writeFloat32(out: Buffer, at: number, value: number): number {
  return writeDecimal(out, at, value, true);
}

export function writeFloat64(out: Buffer, at: number, value: number): number {
  return writeDecimal(out, at, value, false);
}

function writeDecimal(out: Buffer, at: number, value: number, isSingle: boolean): number {
  let pos = at;
  if (Number.isNaN(value)) return copy(out, pos, NAN);
  let size = value;
  if (value < 0 || (value === 0 && 1 / value < 0)) {
    out[pos++] = MINUS;
    size = -value;
  }
  if (size < 1_000_000 && size === Math.floor(size)) {
    pos = writeInteger(out, pos, size);
    out[pos++] = DOT;
    out[pos++] = ZERO;
    return pos;
  }
  if (size === Number.POSITIVE_INFINITY) return copy(out, pos, INFINITE);
  // Outside this range the powers of ten are not exact; such numbers are rare.
  if (size >= 1e15 || size < 1e-8) return copyText(out, pos, slowText(size, isSingle));
  const exponent = decimalExponent(size);
  const six = roundScaled(size, 5 - exponent);
  if (six < 0) return copyText(out, pos, slowText(size, isSingle));
  if (isSingle ? isSameSingle(six, 5 - exponent, size) : unscale(six, 5 - exponent) === size) {
    return writeDigits(out, pos, six, 6, exponent);
  }
  if (!isSingle) return copyText(out, pos, shortestText(size));
  const nine = roundScaled(size, 8 - exponent);
  if (nine < 0) return copyText(out, pos, slowText(size, isSingle));
  return writeDigits(out, pos, nine, 9, exponent);
}

/** floor(log10(size)) for 1e-8 <= size < 1e15. */
function decimalExponent(size: number): number {
  if (size >= 1) {
    let exponent = 0;
    while (size >= POWERS[exponent + 1]!) exponent++;
    return exponent;
  }
  let exponent = -1;
  // The reciprocals are not exact, but a product that reaches 1 only by rounding is 1 - 2^-54 at the least.
  while (size * POWERS[-exponent]! < 1) exponent--;
  return exponent;
}

/** `size * 10^power` to the nearest integer, or -1 where the double product can not tell which that is. */
function roundScaled(size: number, power: number): number {
  const scaled = power >= 0 ? size * POWERS[power]! : size / POWERS[-power]!;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  if (rest > 0.5 - TIE_SLACK && rest < 0.5 + TIE_SLACK) return -1;
  const rounded = rest < 0.5 ? floor : floor + 1;
  // 999999.7 rounds to seven digits: left to the slow way, which renormalizes.
  return rounded === 1_000_000 || rounded === 1_000_000_000 ? -1 : rounded;
}

function unscale(digits: number, power: number): number {
  return power >= 0 ? digits / POWERS[power]! : digits * POWERS[-power]!;
}

/** True when the decimal surely reads back as that float32. */
function isSameSingle(digits: number, power: number, size: number): boolean {
  const value = unscale(digits, power);
  // A product is exact here and may lie just between two float32; a quotient is rounded, but can not.
  if (power <= 0) return Math.fround(value) === size;
  return (
    Math.fround(value * (1 - ROUND_TRIP_SLACK)) === size &&
    Math.fround(value * (1 + ROUND_TRIP_SLACK)) === size
  );
}

/** Lays out `count` digits (an integer) with the first one at 10^exponent, as `%g` does. */
function writeDigits(out: Buffer, at: number, digits: number, count: number, exponent: number): number {
  let left = digits;
  let length = count;
  while (left % 10 === 0 && length > 1) {
    left /= 10;
    length--;
  }
  if (exponent < -4 || exponent >= count) {
    let pos = writeInteger(out, at, left);
    if (length > 1) {
      out.copyWithin(at + 2, at + 1, pos);
      out[at + 1] = DOT;
      pos++;
    }
    out[pos++] = LOWER_E;
    out[pos++] = exponent < 0 ? MINUS : PLUS;
    const power = exponent < 0 ? -exponent : exponent;
    if (power < 10) out[pos++] = ZERO;
    return writeInteger(out, pos, power);
  }
  if (exponent < 0) {
    let pos = at;
    out[pos++] = ZERO;
    out[pos++] = DOT;
    for (let zeros = -exponent - 1; zeros > 0; zeros--) out[pos++] = ZERO;
    return writeInteger(out, pos, left);
  }
  const whole = exponent + 1;
  if (length <= whole) {
    let pos = writeInteger(out, at, left);
    for (let zeros = whole - length; zeros > 0; zeros--) out[pos++] = ZERO;
    out[pos++] = DOT;
    out[pos++] = ZERO;
    return pos;
  }
  const end = writeInteger(out, at, left);
  for (let pos = end; pos > at + whole; pos--) out[pos] = out[pos - 1]!;
  out[at + whole] = DOT;
  return end + 1;
}

/** Writes a whole number from 0 to 2^53. */
export function writeInteger(out: Buffer, at: number, value: number): number {
  if (value < 10) {
    out[at] = ZERO + value;
    return at + 1;
  }
  const end = at + integerDigits(value);
  let pos = end;
  let left = value;
  while (left >= 2 ** 31) {
    const rest = Math.floor(left / 100);
    const pair = 2 * (left - rest * 100);
    left = rest;
    out[--pos] = digitPairs[pair + 1]!;
    out[--pos] = digitPairs[pair]!;
  }
  left |= 0;
  while (left >= 100) {
    const rest = (left / 100) | 0;
    const pair = 2 * (left - rest * 100);
    left = rest;
    out[--pos] = digitPairs[pair + 1]!;
    out[--pos] = digitPairs[pair]!;
  }
  if (left >= 10) {
    out[--pos] = digitPairs[2 * left + 1]!;
    out[--pos] = digitPairs[2 * left]!;
  } else {
    out[--pos] = ZERO + left;
  }
  return end;
}

function integerDigits(value: number): number {
  let digits = 1;
  while (digits < 17 && value >= POWERS[digits]!) digits++;
  return digits;
}

function slowText(size: number, isSingle: boolean): string {
  const six = roundedDigits(size, 6);
  const isExact = isSingle ? Math.fround(Number(six.text)) === size : Number(six.text) === size;
  if (isExact) return layOut(six.digits, six.exponent, 6);
  if (!isSingle) return shortestText(size);
  const nine = roundedDigits(size, 9);
  return layOut(nine.digits, nine.exponent, 9);
}

/** Correctly rounded significant digits, ties to even as C's printf. */
function roundedDigits(size: number, count: number): { digits: string; exponent: number; text: string } {
  const [mantissa = '', power = '0'] = size.toExponential(count - 1).split('e');
  let digits = mantissa.replace('.', '');
  const exact = size.toExponential(100).split('e')[0]!.replace('.', '');
  // toExponential takes the larger neighbour of a tie, printf the even one.
  if (/^50*$/.test(exact.slice(count)) && Number(digits.at(-1)) % 2 === 1) {
    digits = String(BigInt(digits) - 1n).padStart(count, '0');
  }
  const exponent = Number(power);
  return { digits, exponent, text: `${digits[0]}.${digits.slice(1)}e${exponent}` };
}

function shortestText(size: number): string {
  // In this range JavaScript's own text is in the same layout.
  if (size >= 1e-4 && size < 1e15) return Number.isInteger(size) ? `${size}.0` : String(size);
  const [mantissa = '', power] = size.toExponential().split('e');
  return layOut(mantissa.replace('.', ''), Number(power), 17);
}

function layOut(allDigits: string, exponent: number, precision: number): string {
  const digits = allDigits.replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= precision) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${digits.padEnd(exponent + 1, '0')}.0`;
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function copy(out: Buffer, at: number, word: Buffer): number {
  out.set(word, at);
  return at + word.length;
}

function copyText(out: Buffer, at: number, text: string): number {
  return at + out.write(text, at, 'latin1');
}
