import { type DType, isFloatDType } from '../../base/dtype.js';
import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, OpFamily, OpRow, Ref } from '../types.js';
import { type Reduction, scatter } from './gather.js';
import { castTo, filled, like, scalarOf, shapeOf, toInt64 } from './parts.js';

type Kind = 'Sum' | 'Prod' | 'Max' | 'Min' | 'Mean' | 'SqrtN';

const REDUCTIONS: Readonly<Record<Kind, Reduction>> = {
  Sum: 'add',
  Mean: 'add',
  SqrtN: 'add',
  Prod: 'mul',
  Max: 'max',
  Min: 'min',
};

const LIMITS: Partial<Record<DType, readonly [number | bigint, number | bigint]>> = {
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 4294967295],
  uint64: [0n, 2n ** 64n - 1n],
};

/** The scalar that a reduction begins with. */
function identityOf(context: ConvertContext, kind: Kind, dtype: DType): Ref {
  const { onnx } = context;
  if (kind === 'Prod') return onnx.scalar(dtype, 1);
  if (kind !== 'Max' && kind !== 'Min') return onnx.scalar(dtype, 0);
  const limits = LIMITS[dtype];
  if (limits === undefined) throw context.refuse('TFD_DTYPE_UNSUPPORTED', `no extreme value of ${dtype}`);
  const value = limits[kind === 'Max' ? 0 : 1];
  return onnx.constant(denseValue(numericTensor(dtype as 'float32', [], [value])));
}

/** Number of segments of sorted ids: the last one and one more, 0 without any. */
function countSegments(context: ConvertContext, ids: Ref): Ref {
  const { onnx } = context;
  const all = onnx.op('Concat', [onnx.i64([-1]), ids], { axis: 0 });
  return onnx.op('Add', [onnx.op('ReduceMax', [all], { keepdims: 0 }), onnx.i64Scalar(1)]);
}

interface Segments {
  readonly data: Ref;
  /** int64 [N], one per row of `data`. */
  readonly ids: Ref;
  /** int64 scalar. */
  readonly count: Ref;
  /** Rank of `data`; undefined where it is not needed. */
  readonly rank: number | undefined;
}

/** Rows of `data` put together by id. */
function reduceSegments(context: ConvertContext, kind: Kind, { data, ids, count }: Segments): Ref {
  const { onnx } = context;
  const dtype = onnx.dtypeOf(data);
  const rowShape = onnx.op('Slice', [
    shapeOf(context, data),
    onnx.i64([1]),
    onnx.i64([2 ** 31]),
    onnx.i64([0]),
  ]);
  const shape = onnx.op('Concat', [onnx.op('Unsqueeze', [count, onnx.i64([0])]), rowShape], { axis: 0 });
  const start = onnx.op('Expand', [identityOf(context, kind, dtype), shape]);
  return scatter(context, start, onnx.op('Unsqueeze', [ids, onnx.i64([-1])]), data, REDUCTIONS[kind]);
}

/** How many rows each segment has, in the data's type and shaped to broadcast over its rows. */
function segmentSizes(context: ConvertContext, segments: Segments, dtype: DType): Ref {
  const { onnx } = context;
  if (segments.rank === undefined)
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'the rank of the data is not known');
  const ones = filled(context, dtype, shapeOf(context, segments.ids), 1);
  const sizes = reduceSegments(context, 'Sum', { ...segments, data: ones });
  if (segments.rank === 1) return sizes;
  return onnx.op('Reshape', [sizes, onnx.i64([-1, ...new Array<number>(segments.rank - 1).fill(1)])]);
}

/** What TensorFlow makes of the sums or extremes: means, roots, and zeros where a segment has no rows. */
function finish(context: ConvertContext, kind: Kind, segments: Segments, made: Ref): Ref {
  const { onnx } = context;
  if (kind === 'Sum' || kind === 'Prod') return made;
  const dtype = onnx.dtypeOf(made);
  if (kind === 'Max' || kind === 'Min') {
    const sizes = segmentSizes(context, segments, 'int64');
    const isEmpty = onnx.op('Equal', [sizes, onnx.i64Scalar(0)]);
    return onnx.op('Where', [isEmpty, like(context, made, 0), made]);
  }
  const sizes = onnx.op('Max', [segmentSizes(context, segments, dtype), onnx.scalar(dtype, 1)]);
  return onnx.op('Div', [made, kind === 'Mean' ? sizes : onnx.op('Sqrt', [sizes])]);
}

function rankOf(context: ConvertContext, index: number): number | undefined {
  return context.value(index).shape?.length;
}

/** Sorted ids, one per row. */
function sorted(kind: Kind): OpRow {
  return {
    convert: (context) => {
      const ids = toInt64(context, context.ref(1));
      const data = context.ref(0);
      const segments = { data, ids, count: countSegments(context, ids), rank: rankOf(context, 0) };
      return [finish(context, kind, segments, reduceSegments(context, kind, segments))];
    },
    becomes: `ScatterND(${REDUCTIONS[kind]})`,
  };
}

/** Any ids, of any leading axes; rows of a negative id are dropped into a segment that is cut off again. */
function unsorted(kind: Kind): OpRow {
  return {
    convert: (context) => {
      const { onnx } = context;
      const idRank = context.rank(1);
      const count = scalarOf(context, 2);
      const flatIds = onnx.op('Reshape', [toInt64(context, context.ref(1)), onnx.i64([-1])]);
      const ids = onnx.op('Where', [onnx.op('Less', [flatIds, onnx.i64Scalar(0)]), count, flatIds]);
      const slots = onnx.op('Add', [count, onnx.i64Scalar(1)]);
      const data = mergeLeading(context, context.ref(0), idRank);
      const made = reduceSegments(context, kind, { data, ids, count: slots, rank: undefined });
      const end = onnx.op('Unsqueeze', [count, onnx.i64([0])]);
      return [onnx.op('Slice', [made, onnx.i64([0]), end, onnx.i64([0])])];
    },
    becomes: `ScatterND(${REDUCTIONS[kind]}), Slice`,
  };
}

/** The first `count` axes as one. */
export function mergeLeading(context: ConvertContext, ref: Ref, count: number): Ref {
  const { onnx } = context;
  if (count === 1) return ref;
  const rest = onnx.op('Slice', [
    shapeOf(context, ref),
    onnx.i64([count]),
    onnx.i64([2 ** 31]),
    onnx.i64([0]),
  ]);
  const product = onnx.op('Slice', [shapeOf(context, ref), onnx.i64([0]), onnx.i64([count]), onnx.i64([0])]);
  const rows = onnx.op('ReduceProd', [product, onnx.i64([0])], { keepdims: 1 });
  return onnx.op('Reshape', [ref, onnx.op('Concat', [rows, rest], { axis: 0 })], { allowzero: 1 });
}

/** Rows of a table taken by index, then put together by sorted id. */
function sparse(kind: Kind, hasCount: boolean): OpRow {
  return {
    convert: (context) => {
      const { onnx } = context;
      const table = context.ref(0);
      const taken = onnx.op('Gather', [table, toInt64(context, context.ref(1))], { axis: 0 });
      const isShort =
        !['float32', 'float64'].includes(onnx.dtypeOf(table)) && isFloatDType(onnx.dtypeOf(table));
      const data = isShort ? castTo(context, taken, 'float32') : taken;
      const ids = toInt64(context, context.ref(2));
      const count = hasCount ? scalarOf(context, 3) : countSegments(context, ids);
      const segments = { data, ids, count, rank: rankOf(context, 0) };
      const made = finish(context, kind, segments, reduceSegments(context, kind, segments));
      return [castTo(context, made, onnx.dtypeOf(table))];
    },
    neutral: ['sparse_gradient'],
    becomes: `Gather, ScatterND(${REDUCTIONS[kind]})`,
  };
}

const family = (prefix: string, kinds: readonly Kind[], suffix: string, make: (kind: Kind) => OpRow) =>
  Object.fromEntries(kinds.map((kind) => [`${prefix}${kind}${suffix}`, make(kind)]));

/** Sums and other reductions of rows by segment. */
export const segment: OpFamily = {
  ...family('Segment', ['Sum', 'Mean', 'Max', 'Min', 'Prod'], '', sorted),
  ...family('UnsortedSegment', ['Sum', 'Max', 'Min', 'Prod'], '', unsorted),
  ...family('SparseSegment', ['Sum', 'Mean', 'SqrtN'], '', (kind) => sparse(kind, false)),
  ...family('SparseSegment', ['Sum', 'Mean', 'SqrtN'], 'WithNumSegments', (kind) => sparse(kind, true)),
};
