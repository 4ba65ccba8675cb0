/** C's printf conversions of a double, digit for digit. */

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return undefined;
}

const isNegativeZero = (value: number) => Object.is(value, -0);

/** The exact decimal expansion of a double, as digits before and after the point. */
function exactDecimal(value: number): {
  readonly whole: bigint;
  readonly fraction: bigint;
  readonly scale: number;
} {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = (exponent === 0 ? 1 : exponent) - 1075;
  if (shift >= 0) return { whole: mantissa << BigInt(shift), fraction: 0n, scale: 0 };
  const scale = -shift;
  const whole = mantissa >> BigInt(scale);
  const rest = mantissa - (whole << BigInt(scale));
  return { whole, fraction: rest * 5n ** BigInt(scale), scale };
}

/** `%.{digits}f`, rounded half to even on the exact value. */
export function formatFixed(value: number, digits: number): string {
  const word = special(value);
  if (word !== undefined) return word;
  const { whole, fraction, scale } = exactDecimal(value);
  const unit = 10n ** BigInt(Math.max(0, scale - digits));
  let scaled = whole * 10n ** BigInt(digits);
  if (scale <= digits) {
    scaled += fraction * 10n ** BigInt(digits - scale);
  } else {
    const quotient = fraction / unit;
    const twice = (fraction - quotient * unit) * 2n;
    const roundsUp = twice > unit || (twice === unit && (scaled + quotient) % 2n === 1n);
    scaled += quotient + (roundsUp ? 1n : 0n);
  }
  const text = scaled.toString().padStart(digits + 1, '0');
  const sign = value < 0 || isNegativeZero(value) ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** `toExponential` rounds half up, C half to even: an exact half shows in its longest form, which ends with that 5. */
function roundedMantissa(value: number, digits: number): string {
  const text = value.toExponential(digits);
  const exact = value.toExponential(100);
  const cut = exact.slice(0, exact.indexOf('e'));
  const point = cut.indexOf('.') + 1;
  const isHalf = digits < 90 && /^50*$/.test(cut.slice(point + digits));
  const kept = digits === 0 ? cut.slice(0, point - 1) : cut.slice(0, point + digits);
  const isEven = Number(kept.at(-1)) % 2 === 0;
  return isHalf && isEven ? `${kept}${exact.slice(exact.indexOf('e'))}` : text;
}

/** `%.{digits}e`, rounded half to even on the exact value, with at least two digits of exponent. */
export function formatScientific(value: number, digits: number): string {
  const word = special(value);
  if (word !== undefined) return word;
  const text = roundedMantissa(isNegativeZero(value) ? 0 : value, Math.min(100, digits));
  const [mantissa = '', exponent = '+0'] = text.split('e');
  const padded = exponent.slice(1).padStart(2, '0');
  return `${isNegativeZero(value) ? '-' : ''}${mantissa}e${exponent[0]}${padded}`;
}

/** `%.{digits}g`: the shorter of fixed and scientific, trailing zeros removed. */
export function formatGeneral(value: number, digits: number): string {
  const word = special(value);
  if (word !== undefined) return word;
  const precision = digits === 0 ? 1 : digits;
  const scientific = formatScientific(value, precision - 1);
  const exponent = Number(scientific.split('e')[1]);
  const isFixed = exponent >= -4 && exponent < precision;
  if (isFixed) {
    const text = formatFixed(value, precision - 1 - exponent);
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  const [mantissa = '', tail = ''] = scientific.split('e');
  return `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}e${tail}`;
}
