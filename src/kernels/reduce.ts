import { DTYPES, type NumericDType } from '../base/dtype.js';
import type { NumericTensor } from '../base/tensor.js';
import {
  type BigArray,
  bigMax,
  bigMin,
  integersOf,
  laneOf,
  type RealArray,
  realsOf,
  refuseDType,
  seal,
  workArray,
} from './lanes.js';
import { gridPositions, normalAxis, stridesOf } from './layout.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

/** Positions of a tensor as rows to reduce: element `k` of row `r` is `rows[r] + columns[k]`. */
export interface Grouping {
  readonly shape: readonly number[];
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** Groups the elements that fall together when `axes` are reduced. */
export function groupAxes(
  context: KernelContext,
  dims: readonly number[],
  axes: readonly number[],
  keepDims: boolean,
): Grouping {
  const reduced = new Set(
    axes.map((axis) => {
      const normal = normalAxis(axis, dims.length);
      if (normal === undefined) throw context.fail(`axis ${axis} is out of range for rank ${dims.length}`);
      return normal;
    }),
  );
  const strides = stridesOf(dims);
  const pick = <T>(items: readonly T[], isReduced: boolean) =>
    items.filter((_, axis) => reduced.has(axis) === isReduced);
  return {
    shape: keepDims ? dims.map((dim, axis) => (reduced.has(axis) ? 1 : dim)) : pick(dims, false),
    rows: gridPositions(pick(dims, false), pick(strides, false), 0),
    columns: gridPositions(pick(dims, true), pick(strides, true), 0),
  };
}

interface ReduceRow {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  /** Wraps a running integer so that it stays exact. */
  readonly wrap?: boolean;
  readonly bigStep?: (sum: bigint, x: bigint) => bigint;
  readonly bigStart?: bigint;
  /** Turns the sum over `count` elements into the result. */
  readonly finish?: (sum: number, count: number) => number;
  readonly bigFinish?: (sum: bigint, count: bigint) => bigint;
  readonly isComplex?: boolean;
}

function reduction(row: ReduceRow): Kernel {
  return (context) => {
    const tensor = context.numeric(0);
    const axes = integersOf(context, 1);
    const grouping = groupAxes(context, tensor.shape, axes, context.attrs.bool('keep_dims', false));
    return [reduceGroups(context, row, tensor, grouping)];
  };
}

function reduceGroups(
  context: KernelContext,
  row: ReduceRow,
  tensor: NumericTensor,
  by: Grouping,
): NumericTensor {
  const { dtype } = tensor;
  const count = by.rows.length;
  const lane = laneOf(dtype);
  if (lane === 'big') return reduceBig(context, row, tensor, by);
  const out = workArray(dtype, count);
  if (lane === 'complex') {
    if (row.isComplex !== true) throw refuseDType(context, dtype);
    reduceComplex(row, tensor.data as RealArray, by, out);
    return { dtype, shape: by.shape, data: out };
  }
  const source = realsOf(tensor);
  const isWrapped = !isFloat(dtype) && row.wrap === true;
  // The empty extreme of an integer type is its own limit, which storing an infinity would not give.
  const start = isFloat(dtype) || Number.isFinite(row.start) ? row.start : limitOf(dtype, row.start);
  for (let r = 0; r < count; r++) {
    const base = by.rows[r]!;
    let sum = start;
    for (let k = 0; k < by.columns.length; k++) {
      sum = row.step(sum, source[base + by.columns[k]!]!);
      if (isWrapped) sum |= 0;
    }
    const result = row.finish === undefined ? sum : row.finish(sum, by.columns.length);
    out[r] = isFloat(dtype) ? result : Math.trunc(result);
  }
  return seal(dtype, by.shape, out);
}

/** The largest (for +∞) or smallest value of an integer type. */
export function limitOf(dtype: NumericDType, sign: number): number {
  const bits = DTYPES[dtype].bytes * 8;
  if (dtype === 'bool') return sign > 0 ? 1 : 0;
  if (dtype.startsWith('u') || dtype.startsWith('qu')) return sign > 0 ? 2 ** bits - 1 : 0;
  return sign > 0 ? 2 ** (bits - 1) - 1 : -(2 ** (bits - 1));
}

export function bigLimitOf(dtype: NumericDType, sign: number): bigint {
  if (dtype === 'uint64') return sign > 0 ? 2n ** 64n - 1n : 0n;
  return sign > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
}

function reduceBig(
  context: KernelContext,
  row: ReduceRow,
  tensor: NumericTensor,
  by: Grouping,
): NumericTensor {
  const { dtype } = tensor;
  const { bigStep } = row;
  if (bigStep === undefined) throw refuseDType(context, dtype);
  const source = tensor.data as BigArray;
  const out = new (DTYPES[dtype].array as typeof BigInt64Array)(by.rows.length);
  const start = row.bigStart ?? bigLimitOf(dtype, row.start);
  for (let r = 0; r < out.length; r++) {
    let sum = start;
    for (const column of by.columns) sum = BigInt.asIntN(65, bigStep(sum, source[by.rows[r]! + column]!));
    const count = BigInt(by.columns.length);
    out[r] = row.bigFinish === undefined ? sum : row.bigFinish(sum, count);
  }
  return { dtype, shape: by.shape, data: out };
}

/** Sum, Mean and Prod of pairs. */
function reduceComplex(row: ReduceRow, source: RealArray, by: Grouping, out: RealArray): void {
  for (let r = 0; r < by.rows.length; r++) {
    let [re, im] = [row.start, 0];
    for (const column of by.columns) {
      const at = 2 * (by.rows[r]! + column);
      const [x, y] = [source[at]!, source[at + 1]!];
      if (row.start === 1) [re, im] = [re * x - im * y, re * y + im * x];
      else [re, im] = [re + x, im + y];
    }
    const { finish } = row;
    out[2 * r] = finish === undefined ? re : finish(re, by.columns.length);
    out[2 * r + 1] = finish === undefined ? im : finish(im, by.columns.length);
  }
}

/** C++ division of a sum by a count; a mean of nothing is NaN for floats and refused for integers. */
const mean = reduction({
  start: 0,
  step: (sum, x) => sum + x,
  bigStart: 0n,
  bigStep: (sum, x) => sum + x,
  finish: (sum, count) => sum / count,
  bigFinish: (sum, count) => (count === 0n ? 0n : sum / count),
  isComplex: true,
});

const arg =
  (
    isBetter: (x: number, best: number) => boolean,
    isBetterBig: (x: bigint, best: bigint) => boolean,
  ): Kernel =>
  (context) => {
    const tensor = context.numeric(0);
    const axis = integersOf(context, 1);
    const by = groupAxes(context, tensor.shape, axis, false);
    if (by.columns.length === 0) throw context.fail('reduces an axis of size 0');
    const isBig = laneOf(tensor.dtype) === 'big';
    const source = isBig ? [] : realsOf(tensor);
    const bigs = tensor.data as BigArray;
    const found = Array.from(by.rows, (base) => {
      let best = 0;
      for (let k = 1; k < by.columns.length; k++) {
        const [at, known] = [base + by.columns[k]!, base + by.columns[best]!];
        const wins = isBig ? isBetterBig(bigs[at]!, bigs[known]!) : isBetter(source[at]!, source[known]!);
        if (wins) best = k;
      }
      return best;
    });
    const dtype = context.attrs.dtype('output_type', 'int64');
    const data =
      dtype === 'int64'
        ? BigInt64Array.from(found, BigInt)
        : new (DTYPES[dtype as 'int32'].array as typeof Int32Array)(found);
    return [{ dtype: dtype as NumericDType, shape: by.shape, data }] as HostValue[];
  };

const every = reduction({ start: 1, step: (sum, x) => sum & x });
const some = reduction({ start: 0, step: (sum, x) => sum | x });

export const reduceKernels: KernelFamily = {
  Sum: reduction({
    start: 0,
    step: (sum, x) => sum + x,
    wrap: true,
    bigStart: 0n,
    bigStep: (sum, x) => sum + x,
    isComplex: true,
  }),
  Mean: mean,
  Prod: (context) => {
    const isInteger = !isFloat(context.numeric(0).dtype);
    return reduction({
      start: 1,
      step: isInteger ? Math.imul : (product, x) => product * x,
      bigStart: 1n,
      bigStep: (product, x) => BigInt.asIntN(64, product * x),
      isComplex: true,
    })(context);
  },
  Max: reduction({
    start: Number.NEGATIVE_INFINITY,
    step: (a, b) => Math.max(a, b),
    bigStep: bigMax,
  }),
  Min: reduction({
    start: Number.POSITIVE_INFINITY,
    step: (a, b) => Math.min(a, b),
    bigStep: bigMin,
  }),
  EuclideanNorm: reduction({ start: 0, step: (sum, x) => sum + x * x, finish: Math.sqrt }),
  All: every,
  Any: some,
  ArgMax: arg(
    (x, best) => x > best,
    (x, best) => x > best,
  ),
  ArgMin: arg(
    (x, best) => x < best,
    (x, best) => x < best,
  ),
  L2Loss: (context) => {
    const tensor = context.numeric(0);
    let sum = 0;
    for (const x of realsOf(tensor)) sum += x * x;
    const out = workArray(tensor.dtype, 1);
    out[0] = sum / 2;
    return [seal(tensor.dtype, [], out)];
  },
};
