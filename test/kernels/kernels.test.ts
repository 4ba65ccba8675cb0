import { describe, expect, it } from 'vitest';
import { CORE_FAMILIES } from '../../src/kernels/families.js';
import { decodeBrain, decodeHalf } from '../../src/kernels/half.js';
import { caseName, readCases, runCase } from './recorded-cases.js';

const cases = readCases('kernels.json.gz');

interface Plain {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

/** How far a result may be from TensorFlow's, in parts of the value and of the largest value. */
const TOLERANCE: Readonly<Record<string, number>> = {
  float16: 2e-3,
  bfloat16: 2e-2,
  float32: 2e-6,
  complex64: 4e-6,
  float64: 1e-12,
  complex128: 1e-12,
};

function numberOf(dtype: string, text: string): number {
  if (dtype === 'float16') return decodeHalf(Number(text));
  if (dtype === 'bfloat16') return decodeBrain(Number(text));
  return Number(text);
}

/** Empty when the two agree; else what differs first. */
function difference(actual: Plain, expected: Plain): string {
  if (actual.dtype !== expected.dtype) return `type ${actual.dtype}, not ${expected.dtype}`;
  if (actual.shape.join() !== expected.shape.join())
    return `shape [${actual.shape}], not [${expected.shape}]`;
  const tolerance = TOLERANCE[actual.dtype];
  const values = expected.data.map((text) => numberOf(expected.dtype, text));
  const largest = values.reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 0);
  for (const [i, text] of expected.data.entries()) {
    if (actual.data[i] === text) continue;
    if (tolerance === undefined) return `element ${i} is ${actual.data[i]}, not ${text}`;
    const [a, b] = [numberOf(actual.dtype, actual.data[i]!), values[i]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    // Sums of numbers of both signs are as exact as the largest of them.
    const bound = tolerance * (Math.abs(b) + 0.2 * Math.min(largest, 100));
    if (!(Math.abs(a - b) <= bound || a === b)) return `element ${i} is ${a}, not ${b}`;
  }
  return '';
}

/**
 * Tested without recorded answers, or not on TensorFlow's CPU alone: tables, lists and variables (whole models in
 * test/convert/state.test.ts), a device, retired ops, and those that the converter makes of several (model strings_fused in test/convert/control.test.ts).
 */
const ELSEWHERE =
  /Table|VariableOp$|^ResourceScatter|^TensorList|^EmptyTensorList|^DeviceIndex$|^BoostedTrees|^AccumulateNV2$|^TopK$|^_/;

describe('numeric ops answer like TensorFlow', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { actual, expected } = runCase(recorded);
      if (expected === 'refused' || !Array.isArray(actual)) expect(actual).toEqual(expected);
      else {
        const wrong = (expected as Plain[]).map((each, i) => difference(actual[i] as Plain, each));
        expect(wrong.filter((text) => text !== '')).toEqual([]);
      }
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    const ops = CORE_FAMILIES.flatMap((family) => Object.keys(family));
    expect(ops.filter((op) => !tried.has(op) && !ELSEWHERE.test(op))).toEqual([]);
  });
});
