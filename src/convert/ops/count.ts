import type { DType } from '../../base/dtype.js';
import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { scatter } from './gather.js';
import { castTo, constScalar, filled, inputDim, scalarOf, shapeOf, toInt64 } from './parts.js';

/** The number as a vector of one. */
function asVector(context: ConvertContext, scalar: Ref): Ref {
  return context.onnx.op('Unsqueeze', [scalar, context.onnx.i64([0])]);
}

/** Ids at or above `size` all become `size`, a slot that is cut off again. */
function capped(context: ConvertContext, ids: Ref, size: Ref): Ref {
  return context.onnx.op('Min', [ids, size]);
}

function hasWeights(context: ConvertContext, index: number): boolean {
  const dim = context.value(index).shape?.[0];
  if (dim === 0) return false;
  if (typeof dim === 'number' || context.value(index).shape?.length === 2) return true;
  throw context.refuse('TFD_SHAPE_UNKNOWN', 'it is not known whether there are weights');
}

/** How often each number from 0 to size − 1 comes, or the sum of its weights. */
function bincount(context: ConvertContext): readonly Ref[] {
  const isBinary = context.node.op === 'DenseBincount' && context.attrs.bool('binary_output', false);
  const rank = context.node.op === 'DenseBincount' ? context.rank(0) : 1;
  if (rank > 2) throw context.refuse('TFD_SHAPE_UNKNOWN', `rank ${rank}`);
  const size = scalarOf(context, 1);
  const dtype = context.outputDType(0);
  const weights = !isBinary && hasWeights(context, 2) ? context.ref(2) : undefined;
  return [
    rank === 2
      ? countRows(context, size, dtype, weights, isBinary)
      : countAll(context, size, dtype, weights, isBinary),
  ];
}

type Count = (
  context: ConvertContext,
  size: Ref,
  dtype: DType,
  weights: Ref | undefined,
  isBinary: boolean,
) => Ref;

const countAll: Count = (context, size, dtype, weights, isBinary) => {
  const { onnx } = context;
  const flat = (ref: Ref) => onnx.op('Reshape', [ref, onnx.i64([-1])]);
  const ids = capped(context, toInt64(context, flat(context.ref(0))), size);
  const column = onnx.op('Unsqueeze', [ids, onnx.i64([-1])]);
  const slots = asVector(context, onnx.op('Add', [size, onnx.i64Scalar(1)]));
  const updates = weights === undefined ? filled(context, dtype, shapeOf(context, ids), 1) : flat(weights);
  const counts = scatter(
    context,
    filled(context, dtype, slots, 0),
    column,
    updates,
    isBinary ? 'none' : 'add',
  );
  return onnx.op('Slice', [counts, onnx.i64([0]), asVector(context, size), onnx.i64([0])]);
};

const countRows: Count = (context, size, dtype, weights, isBinary) => {
  const { onnx } = context;
  const ids = capped(context, toInt64(context, context.ref(0)), size);
  const height = inputDim(context, 0, 0);
  const counter = onnx.op('Range', [onnx.i64Scalar(0), height, onnx.i64Scalar(1)]);
  const rows = onnx.op('Expand', [onnx.op('Unsqueeze', [counter, onnx.i64([1])]), shapeOf(context, ids)]);
  const pairs = onnx.op(
    'Concat',
    [rows, ids].map((ref) => onnx.op('Unsqueeze', [ref, onnx.i64([-1])])),
    { axis: -1 },
  );
  const slots = asVector(context, onnx.op('Add', [size, onnx.i64Scalar(1)]));
  const shape = onnx.op('Concat', [asVector(context, height), slots], { axis: 0 });
  const updates = weights ?? filled(context, dtype, shapeOf(context, ids), 1);
  const counts = scatter(
    context,
    filled(context, dtype, shape, 0),
    pairs,
    updates,
    isBinary ? 'none' : 'add',
  );
  return onnx.op('Slice', [counts, onnx.i64([0]), asVector(context, size), onnx.i64([1])]);
};

/** The number of boundaries at or below each element. */
function bucketize(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const boundaries = context.attrs.floats('boundaries');
  if (boundaries.length === 0) return [filled(context, 'int32', shapeOf(context, context.ref(0)), 0)];
  const wide = context.value(0).dtype === 'float64' ? 'float64' : 'float32';
  const x = castTo(context, onnx.op('Reshape', [context.ref(0), onnx.i64([-1])]), wide);
  const edges = onnx.constant(denseValue(numericTensor(wide, [boundaries.length], boundaries)));
  const isPassed = onnx.op('GreaterOrEqual', [onnx.op('Unsqueeze', [x, onnx.i64([-1])]), edges]);
  const bucket = onnx.op('ReduceSum', [castTo(context, isPassed, 'int32'), onnx.i64([1])], { keepdims: 0 });
  return [onnx.op('Reshape', [bucket, shapeOf(context, context.ref(0))], { allowzero: 1 })];
}

/** Bucket of each value of each feature: the first boundary that is not below it, at most the last one. */
function boostedBucketize(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const count = context.attrs.int('num_features');
  return Array.from({ length: count }, (_, feature) => {
    const column = onnx.op('Reshape', [context.ref(feature), onnx.i64([-1, 1])]);
    const edges = context.ref(count + feature);
    const isPassed = castTo(context, onnx.op('Less', [edges, column]), 'int64');
    const bucket = onnx.op('ReduceSum', [isPassed, onnx.i64([1])], { keepdims: 0 });
    const last = onnx.op('Sub', [onnx.op('Size', [edges]), onnx.i64Scalar(1)]);
    return castTo(context, onnx.op('Min', [bucket, last]), 'int32');
  });
}

/** Where each value would be put into its sorted row: by how many elements are below it, or not above. */
function searchSorted(comparison: 'Less' | 'LessOrEqual') {
  return (context: ConvertContext): readonly Ref[] => {
    const { onnx } = context;
    const sorted = onnx.op('Unsqueeze', [context.ref(0), onnx.i64([-2])]);
    const values = onnx.op('Unsqueeze', [context.ref(1), onnx.i64([-1])]);
    const isPassed = castTo(context, onnx.op(comparison, [sorted, values]), 'int64');
    const place = onnx.op('ReduceSum', [isPassed, onnx.i64([2])], { keepdims: 0 });
    return [castTo(context, place, context.outputDType(0))];
  };
}

/**
 * Counts in equal bins; what lies outside of the range goes into the first or the last one. Values on an edge
 * fall where TensorFlow's arithmetic, which is in double and divides both bounds, puts them.
 */
function histogram(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const values = castTo(context, onnx.op('Reshape', [context.ref(0), onnx.i64([-1])]), 'float64');
  const range = castTo(context, context.ref(1), 'float64');
  const bound = (index: number) => onnx.op('Gather', [range, onnx.i64Scalar(index)], { axis: 0 });
  const bins = constScalar(context, 2);
  const [low, high] = [bound(0), bound(1)];
  const count = onnx.scalar('float64', bins);
  const step = onnx.op('Sub', [onnx.op('Div', [high, count]), onnx.op('Div', [low, count])]);
  const above = onnx.op('Sub', [onnx.op('Max', [values, low]), low]);
  const place = castTo(context, onnx.op('Min', [onnx.op('Div', [above, step]), count]), 'int64');
  const capped = onnx.op('Min', [place, onnx.i64Scalar(bins - 1)]);
  const dtype = context.outputDType(0);
  const ones = filled(context, dtype, shapeOf(context, capped), 1);
  const column = onnx.op('Unsqueeze', [capped, onnx.i64([-1])]);
  return [scatter(context, filled(context, dtype, onnx.i64([bins]), 0), column, ones, 'add')];
}

/** Counting and sorting into buckets. */
export const count: OpFamily = {
  Bincount: { convert: bincount, becomes: 'ScatterND(add) of ones or weights' },
  DenseBincount: { convert: bincount, becomes: 'ScatterND(add) of ones or weights' },
  Bucketize: { convert: bucketize, becomes: 'ReduceSum(GreaterOrEqual)' },
  BoostedTreesBucketize: { convert: boostedBucketize, becomes: 'ReduceSum(Less)' },
  LowerBound: { convert: searchSorted('Less'), becomes: 'ReduceSum(Less)' },
  UpperBound: { convert: searchSorted('LessOrEqual'), becomes: 'ReduceSum(LessOrEqual)' },
  HistogramFixedWidth: { convert: histogram, becomes: 'ScatterND(add) of ones' },
};
