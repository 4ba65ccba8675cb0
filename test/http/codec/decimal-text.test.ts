import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_DECIMAL_BYTES,
  writeFloat32,
  writeFloat64,
  writeInteger,
} from '../../../src/http/codec/decimal-text.js';

function text(write: (out: Buffer, at: number, value: number) => number, value: number): string {
  const out = Buffer.alloc(MAX_DECIMAL_BYTES + 2, '#');
  const end = write(out, 1, value);
  expect(end).toBeLessThanOrEqual(MAX_DECIMAL_BYTES);
  expect(out.toString('latin1', 0, 1) + out.toString('latin1', end, end + 1)).toBe('##');
  return out.toString('latin1', 1, end);
}

/** C's `%.<count>g` from the exact value, in big integers. */
function printfG(value: number, count: number): string {
  if (value === 0) return '0';
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0) & ((1n << 63n) - 1n);
  const power = Number(raw >> 52n) || 1;
  const fraction = (raw & ((1n << 52n) - 1n)) + (raw >> 52n === 0n ? 0n : 1n << 52n);
  const shift = power - 1075;
  const numerator = shift >= 0 ? fraction << BigInt(shift) : fraction;
  const denominator = shift >= 0 ? 1n : 1n << BigInt(-shift);
  const divide = (exponent: number): bigint => {
    const up = count - 1 - exponent;
    const top = up >= 0 ? numerator * 10n ** BigInt(up) : numerator;
    const bottom = up >= 0 ? denominator : denominator * 10n ** BigInt(-up);
    const quotient = top / bottom;
    const twice = 2n * (top % bottom);
    if (twice < bottom || (twice === bottom && quotient % 2n === 0n)) return quotient;
    return quotient + 1n;
  };
  let exponent = Math.floor(Math.log10(value));
  while (divide(exponent) >= 10n ** BigInt(count)) exponent++;
  while (divide(exponent) < 10n ** BigInt(count - 1)) exponent--;
  const digits = String(divide(exponent)).replace(/0+$/, '');
  if (exponent < -4 || exponent >= count) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return digits.length > exponent + 1 ? `${whole}.${digits.slice(exponent + 1)}` : whole;
}

function expectedSingle(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return `${sign}Infinity`;
  const six = printfG(size, 6);
  const found = Math.fround(Number(six)) === size ? six : printfG(size, 9);
  return `${sign}${found}${/[.e]/.test(found) ? '' : '.0'}`;
}

describe('float32 text', () => {
  it.each([
    [9_000_000, '9e+06'],
    [999_999, '999999.0'],
    [0.5, '0.5'],
    [0.0003, '0.0003'],
    [0.00003, '3e-05'],
    [555557.5, '555557.5'],
    [3, '3.0'],
    [1 / 3, '0.333333343'],
    [16777216, '16777216.0'],
    [-0, '-0.0'],
    [0, '0.0'],
    [12345.03125, '12345.0312'],
    [999999.5, '999999.5'],
    [9999999, '9999999.0'],
    [3.4028234663852886e38, '3.40282347e+38'],
    [1e-45, '1.4013e-45'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('%d is %s', (value, expected) => {
    expect(text(writeFloat32, Math.fround(value))).toBe(expected);
  });

  it('is what C prints, and reads back', () => {
    const values = fc.oneof(
      fc.float(),
      fc.integer({ min: -100_000_000, max: 100_000_000 }).map((units) => Math.fround(units / 1000)),
      fc
        .integer({ min: 0, max: 0x7f7fffff })
        .map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]!),
      fc
        .integer({ min: 1, max: 2 ** 24 })
        .chain((top) => fc.integer({ min: -30, max: 30 }).map((power) => Math.fround(top * 2 ** power))),
    );
    fc.assert(
      fc.property(values, (value) => {
        const found = text(writeFloat32, value);
        expect(found).toBe(expectedSingle(value));
        expect(Math.fround(Number(found))).toBe(value);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('float64 text', () => {
  it('reads back as the same double', () => {
    const values = fc.oneof(
      fc.double({ noNaN: true }),
      fc.double({ min: 1e-9, max: 1e16, noNaN: true }),
      fc.integer(),
      fc.integer().map((units) => units / 1000),
    );
    fc.assert(
      fc.property(values, (value) => {
        const found = text(writeFloat64, value);
        expect(Number(found)).toBe(value);
        expect(found).toMatch(/^-?(Infinity|\d+\.\d+|\d+(\.\d+)?e[-+]\d\d+)$/);
        if (!Number.isFinite(value)) return;
        const six = printfG(Math.abs(value), 6);
        if (Number(six) === Math.abs(value))
          expect(found.replace(/^-|\.0$/g, '')).toBe(six.replace(/\.0$/, ''));
      }),
      { numRuns: 10_000 },
    );
  });
});

it('writes whole numbers', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(20), (value, shift) => {
      const whole = Math.floor(value / 2 ** shift);
      expect(text(writeInteger, whole)).toBe(String(whole));
    }),
    { numRuns: 3000 },
  );
});
