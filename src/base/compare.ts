import { isComplexDType, isFloatDType } from './dtype.js';
import { fromBfloat16Bits, fromHalfBits } from './half.js';
import { formatShape } from './shape.js';
import type { NumericTensor, Tensor } from './tensor.js';

/** How far apart two tensors are. */
export interface Comparison {
  readonly matches: boolean;
  /** Largest |a−b| and largest |a−b|/|b| over finite elements; 0 for exact types that match. */
  readonly maxAbs: number;
  readonly maxRel: number;
  /** Flat index of the element furthest over the tolerance (or of the first that differs); -1 if none. */
  readonly worstIndex: number;
  /** In words, when they do not match. */
  readonly why?: string;
}

/** The house bar of numeric parity: |a−b| ≤ 1e-5·max|b| + 1e-4·|b| per tensor, `b` being expected. */
export const HOUSE_TOLERANCE = { ofMax: 1e-5, ofValue: 1e-4 } as const;

function differ(why: string, worstIndex = -1): Comparison {
  return {
    matches: false,
    maxAbs: Number.POSITIVE_INFINITY,
    maxRel: Number.POSITIVE_INFINITY,
    worstIndex,
    why,
  };
}

/** Elements as doubles; complex numbers as (re, im) pairs. */
export function toDoubles(tensor: NumericTensor): ArrayLike<number> {
  if (tensor.dtype === 'float16') return Float64Array.from(tensor.data as Uint16Array, fromHalfBits);
  if (tensor.dtype === 'bfloat16') return Float64Array.from(tensor.data as Uint16Array, fromBfloat16Bits);
  if (tensor.data instanceof BigInt64Array || tensor.data instanceof BigUint64Array) {
    return Float64Array.from(tensor.data as BigInt64Array, Number);
  }
  return tensor.data;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function compareExact(a: Tensor, b: Tensor): Comparison {
  const isSame =
    a.dtype === 'string' && b.dtype === 'string'
      ? (index: number) => sameBytes(a.data[index]!, b.data[index]!)
      : (index: number) => a.data[index] === b.data[index];
  for (let index = 0; index < b.data.length; index++) {
    if (!isSame(index)) {
      const text = (tensor: Tensor) =>
        tensor.dtype === 'string'
          ? JSON.stringify(Buffer.from(tensor.data[index]!).toString('utf8').slice(0, 80))
          : String(tensor.data[index]);
      return differ(`element ${index} is ${text(a)}, expected ${text(b)}`, index);
    }
  }
  return { matches: true, maxAbs: 0, maxRel: 0, worstIndex: -1 };
}

function largestFinite(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++) {
    const size = Math.abs(values[index]!);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}

function compareFloats(a: ArrayLike<number>, b: ArrayLike<number>, slots: 1 | 2): Comparison {
  const floor = HOUSE_TOLERANCE.ofMax * largestFinite(b);
  let [maxAbs, maxRel, worstExcess, worstIndex] = [0, 0, 0, -1];
  for (let slot = 0; slot < b.length; slot++) {
    const [x, y] = [a[slot]!, b[slot]!];
    if (Object.is(x, y) || x === y) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      const index = Math.floor(slot / slots);
      return differ(`element ${index} is ${x}, expected ${y}`, index);
    }
    const gap = Math.abs(x - y);
    if (gap > maxAbs) maxAbs = gap;
    if (y !== 0 && gap / Math.abs(y) > maxRel) maxRel = gap / Math.abs(y);
    const excess = gap - (floor + HOUSE_TOLERANCE.ofValue * Math.abs(y));
    if (excess > worstExcess) [worstExcess, worstIndex] = [excess, slot];
  }
  if (worstIndex < 0) return { matches: true, maxAbs, maxRel, worstIndex };
  const why = `element ${Math.floor(worstIndex / slots)} is ${a[worstIndex]}, expected ${b[worstIndex]}`;
  return { matches: false, maxAbs, maxRel, worstIndex: Math.floor(worstIndex / slots), why };
}

/**
 * Compares an answer with the expected one: type and shape equal, floats within the house tolerance (NaN
 * equals NaN, infinities by sign), integers, booleans and strings exact.
 */
export function compareTensors(actual: Tensor, expected: Tensor): Comparison {
  if (actual.dtype !== expected.dtype) return differ(`it is ${actual.dtype}, expected ${expected.dtype}`);
  if (
    actual.shape.length !== expected.shape.length ||
    actual.shape.some((dim, axis) => dim !== expected.shape[axis]) ||
    actual.data.length !== expected.data.length
  ) {
    return differ(`its shape is ${formatShape(actual.shape)}, expected ${formatShape(expected.shape)}`);
  }
  if (actual.dtype === 'string' || expected.dtype === 'string') return compareExact(actual, expected);
  const isComplex = isComplexDType(expected.dtype);
  if (!isComplex && !isFloatDType(expected.dtype)) return compareExact(actual, expected);
  return compareFloats(toDoubles(actual), toDoubles(expected), isComplex ? 2 : 1);
}
