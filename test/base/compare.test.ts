import { describe, expect, it } from 'vitest';
import { compareTensors } from '../../src/base/compare.js';
import type { NumericDType } from '../../src/base/dtype.js';
import { toBfloat16Bits, toHalfBits } from '../../src/base/half.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';

function vector(dtype: NumericDType, values: readonly (number | bigint)[]): Tensor {
  return numericTensor(dtype, [values.length], values);
}

function strings(...texts: string[]): Tensor {
  return { dtype: 'string', shape: [texts.length], data: texts.map((text) => Buffer.from(text)) };
}

describe('compareTensors', () => {
  it('allows 1e-5 of the largest element plus 1e-4 of the element', () => {
    const expected = vector('float64', [1000, 1]);
    expect(compareTensors(vector('float64', [1000, 1.0099]), expected).matches).toBe(true);
    const off = compareTensors(vector('float64', [1000, 1.0102]), expected);
    expect(off).toMatchObject({ matches: false, worstIndex: 1 });
    expect(off.maxAbs).toBeCloseTo(0.0102, 10);
    expect(off.why).toBe('element 1 is 1.0102, expected 1');
  });

  it('does not let an infinite element widen the tolerance', () => {
    const expected = vector('float32', [Number.POSITIVE_INFINITY, 1]);
    expect(compareTensors(vector('float32', [Number.POSITIVE_INFINITY, 1]), expected).matches).toBe(true);
    expect(compareTensors(vector('float32', [Number.POSITIVE_INFINITY, 2]), expected).matches).toBe(false);
  });

  it('takes NaN for NaN, and infinities by sign', () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(compareTensors(vector('float32', [nan, inf]), vector('float32', [nan, inf])).matches).toBe(true);
    expect(compareTensors(vector('float32', [0]), vector('float32', [nan])).matches).toBe(false);
    expect(compareTensors(vector('float32', [nan]), vector('float32', [0])).matches).toBe(false);
    expect(compareTensors(vector('float32', [-inf]), vector('float32', [inf])).matches).toBe(false);
  });

  it.each<[NumericDType, number]>([
    ['float16', toHalfBits(1.5)],
    ['bfloat16', toBfloat16Bits(1.5)],
  ])('reads %s as numbers', (dtype, bits) => {
    const tensor = (value: number): Tensor => ({ dtype, shape: [1], data: new Uint16Array([value]) });
    expect(compareTensors(tensor(bits), tensor(bits)).matches).toBe(true);
    expect(compareTensors(tensor(bits + 1), tensor(bits)).matches).toBe(false);
    // Zero and minus zero are the same number.
    expect(compareTensors(tensor(0x8000), tensor(0)).matches).toBe(true);
  });

  it('compares integers, booleans and strings exactly', () => {
    expect(compareTensors(vector('int64', [2n ** 62n]), vector('int64', [2n ** 62n])).matches).toBe(true);
    expect(compareTensors(vector('int64', [2n ** 62n + 1n]), vector('int64', [2n ** 62n])).matches).toBe(
      false,
    );
    expect(compareTensors(vector('uint8', [100]), vector('uint8', [101]))).toMatchObject({ worstIndex: 0 });
    expect(compareTensors(strings('a', 'bc'), strings('a', 'bc')).matches).toBe(true);
    expect(compareTensors(strings('a', 'bc'), strings('a', 'bd')).why).toBe(
      'element 1 is "bc", expected "bd"',
    );
  });

  it('wants the same type and shape', () => {
    expect(compareTensors(vector('int32', [1]), vector('int64', [1])).why).toBe(
      'it is int32, expected int64',
    );
    const row = numericTensor('int32', [1, 2], [1, 2]);
    expect(compareTensors(row, vector('int32', [1, 2])).why).toBe('its shape is [1, 2], expected [2]');
  });

  it('compares complex numbers by parts and empty tensors as equal', () => {
    const complex = (re: number, im: number): Tensor => ({
      dtype: 'complex64',
      shape: [1],
      data: new Float32Array([re, im]),
    });
    expect(compareTensors(complex(1, 2), complex(1, 2)).matches).toBe(true);
    expect(compareTensors(complex(1, 2), complex(1, 3)).why).toContain('element 0');
    expect(compareTensors(vector('float32', []), vector('float32', [])).matches).toBe(true);
  });
});
