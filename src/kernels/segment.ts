import { allocate, type NumericDType } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import {
  type BigArray,
  bigMax,
  bigMin,
  integerOf,
  integersOf,
  isIntegerDType,
  laneOf,
  realsOf,
  refuseDType,
  seal,
  workArray,
} from './lanes.js';
import { bigLimitOf, limitOf } from './reduce.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';

interface SegmentRow {
  readonly real: (sum: number, x: number) => number;
  readonly big: (sum: bigint, x: bigint) => bigint;
  /** What a segment without rows holds: a number, or the lowest (−1) or highest (+1) of the type. */
  readonly empty: number | { readonly limit: 1 | -1 };
  readonly scale?: 'mean' | 'sqrtN';
}

const add = { real: (a: number, b: number) => a + b, big: (a: bigint, b: bigint) => a + b };
const multiply = { real: (a: number, b: number) => a * b, big: (a: bigint, b: bigint) => a * b };
const larger = {
  real: (a: number, b: number) => Math.max(a, b),
  big: bigMax,
};
const smaller = {
  real: (a: number, b: number) => Math.min(a, b),
  big: bigMin,
};
const SUM: SegmentRow = { ...add, empty: 0 };

const LARGEST_FLOAT: Readonly<Record<string, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
};

function emptyValue(dtype: NumericDType, row: SegmentRow): number {
  if (typeof row.empty === 'number') return row.empty;
  return LARGEST_FLOAT[dtype] === undefined
    ? limitOf(dtype, row.empty.limit)
    : row.empty.limit * LARGEST_FLOAT[dtype];
}

/** Merges row `rows[i]` of the data into segment `ids[i]`; negative ids are left out. */
function reduceSegments(
  context: KernelContext,
  row: SegmentRow,
  data: NumericTensor,
  rows: readonly number[] | undefined,
  ids: readonly number[],
  inner: readonly number[],
  segments: number,
): NumericTensor {
  const width = elementCount(inner);
  const shape = [segments, ...inner];
  const counts = new Int32Array(segments);
  const lane = laneOf(data.dtype);
  if (lane === 'complex') throw refuseDType(context, data.dtype);
  const bigs = lane === 'big' ? (data.data as BigArray) : undefined;
  const reals = lane === 'real' ? realsOf(data) : [];
  const wraps = isIntegerDType(data.dtype);
  const sums = new Float64Array(bigs === undefined ? segments * width : 0);
  const bigSums = new BigInt64Array(bigs === undefined ? 0 : segments * width);
  ids.forEach((id, i) => {
    if (id >= segments) throw context.fail(`segment ${id} is not below ${segments}`);
    if (id < 0) return;
    const isFirst = counts[id]!++ === 0;
    const from = (rows?.[i] ?? i) * width;
    for (let k = 0; k < width; k++) {
      const to = id * width + k;
      if (bigs !== undefined)
        bigSums[to] = isFirst ? bigs[from + k]! : row.big(bigSums[to]!, bigs[from + k]!);
      else {
        const merged = isFirst ? reals[from + k]! : row.real(sums[to]!, reals[from + k]!);
        sums[to] = wraps ? merged | 0 : merged;
      }
    }
  });
  if (bigs !== undefined) {
    const out = allocate(data.dtype, bigSums.length) as BigArray;
    const { empty } = row;
    const blank = typeof empty === 'number' ? BigInt(empty) : bigLimitOf(data.dtype, empty.limit);
    for (let at = 0; at < out.length; at++) {
      const count = counts[Math.floor(at / width)]!;
      out[at] = count === 0 ? blank : row.scale === 'mean' ? bigSums[at]! / BigInt(count) : bigSums[at]!;
    }
    return { dtype: data.dtype, shape, data: out };
  }
  const out = workArray(data.dtype, sums.length);
  const blank = emptyValue(data.dtype, row);
  for (let at = 0; at < out.length; at++) {
    const count = counts[Math.floor(at / width)]!;
    const divisor = row.scale === 'mean' ? count : row.scale === 'sqrtN' ? Math.sqrt(count) : 1;
    out[at] = count === 0 ? blank : sums[at]! / divisor;
  }
  return seal(data.dtype, shape, out);
}

/** Ids must not go down; the last one tells the number of segments. */
function sorted(row: SegmentRow): Kernel {
  return (context): HostValue[] => {
    const data = context.numeric(0);
    const ids = integersOf(context, 1);
    if (ids.length !== data.shape[0])
      throw context.fail(`has ${ids.length} segment ids for ${data.shape[0]} rows`);
    if (ids.some((id, i) => id < (ids[i - 1] ?? 0)))
      throw context.fail('its segment ids go down or are negative');
    const segments = ids.length === 0 ? 0 : ids[ids.length - 1]! + 1;
    return [reduceSegments(context, row, data, undefined, ids, data.shape.slice(1), segments)];
  };
}

function unsorted(row: SegmentRow): Kernel {
  return (context): HostValue[] => {
    const data = context.numeric(0);
    const idShape = context.numeric(1).shape;
    if (data.shape.slice(0, idShape.length).join() !== idShape.join()) {
      throw context.fail(
        `segment ids of shape [${idShape.join(', ')}] do not fit [${data.shape.join(', ')}]`,
      );
    }
    const inner = data.shape.slice(idShape.length);
    return [
      reduceSegments(context, row, data, undefined, integersOf(context, 1), inner, integerOf(context, 2)),
    ];
  };
}

/** Rows are picked by index before they are merged. */
function sparse(scale: SegmentRow['scale'], hasCount: boolean): Kernel {
  return (context): HostValue[] => {
    const data = context.numeric(0);
    const [rows, ids] = [integersOf(context, 1), integersOf(context, 2)];
    if (rows.length !== ids.length) throw context.fail('indices and segment ids differ in length');
    if (ids.some((id, i) => id < (ids[i - 1] ?? 0)))
      throw context.fail('its segment ids go down or are negative');
    const bad = rows.find((row) => row < 0 || row >= data.shape[0]!);
    if (bad !== undefined) throw context.fail(`index ${bad} is not in [0, ${data.shape[0]})`);
    const segments = hasCount ? integerOf(context, 3) : ids.length === 0 ? 0 : ids[ids.length - 1]! + 1;
    return [reduceSegments(context, { ...SUM, scale }, data, rows, ids, data.shape.slice(1), segments)];
  };
}

export const segmentKernels: KernelFamily = {
  SegmentSum: sorted(SUM),
  SegmentMean: sorted({ ...SUM, scale: 'mean' }),
  SegmentProd: sorted({ ...multiply, empty: 1 }),
  SegmentMax: sorted({ ...larger, empty: 0 }),
  SegmentMin: sorted({ ...smaller, empty: 0 }),
  UnsortedSegmentSum: unsorted(SUM),
  UnsortedSegmentProd: unsorted({ ...multiply, empty: 1 }),
  UnsortedSegmentMax: unsorted({ ...larger, empty: { limit: -1 } }),
  UnsortedSegmentMin: unsorted({ ...smaller, empty: { limit: 1 } }),
  SparseSegmentSum: sparse(undefined, false),
  SparseSegmentMean: sparse('mean', false),
  SparseSegmentSqrtN: sparse('sqrtN', false),
  SparseSegmentSumWithNumSegments: sparse(undefined, true),
  SparseSegmentMeanWithNumSegments: sparse('mean', true),
  SparseSegmentSqrtNWithNumSegments: sparse('sqrtN', true),
};
