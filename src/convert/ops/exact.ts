import type { ConvertContext, Ref } from '../types.js';
import { failWhen } from './guards.js';
import { castTo } from './parts.js';

/**
 * Sums and products of integers. ONNX Runtime computes them in float64 and ends at the largest number where
 * TensorFlow goes on from the smallest.
 */

const HALF = 2 ** 32;
/** Integers below this are exact in float64. */
const EXACT = 2 ** 53;
/** So many factors are multiplied one by one. */
const MOST_FACTORS = 64;

function reduce(context: ConvertContext, type: string, x: Ref, axes: Ref, keepdims: number): Ref {
  return context.onnx.op(type, [x, axes], { keepdims, noop_with_empty_axes: 1 });
}

/** The sum of integers. Those of 64 bits are summed in halves of 32, each of which is exact. */
export function exactSum(context: ConvertContext, x: Ref, axes: Ref, keepdims: number): Ref {
  const { onnx } = context;
  const dtype = onnx.dtypeOf(x);
  const wide = castTo(context, x, 'int64');
  if (dtype !== 'int64' && dtype !== 'uint64') {
    return castTo(context, reduce(context, 'ReduceSum', wide, axes, keepdims), dtype);
  }
  const low = onnx.op('BitwiseAnd', [wide, onnx.i64Scalar(HALF - 1)]);
  const high = onnx.op('Div', [onnx.op('Sub', [wide, low]), onnx.i64Scalar(HALF)]);
  const [lows, highs] = [low, high].map((part) => reduce(context, 'ReduceSum', part, axes, keepdims)) as [
    Ref,
    Ref,
  ];
  return castTo(context, onnx.op('Add', [onnx.op('Mul', [highs, onnx.i64Scalar(HALF)]), lows]), dtype);
}

/** The product of integers: one by one where they are few, else the run fails when it is not exact. */
export function exactProduct(context: ConvertContext, x: Ref, axes: Ref, keepdims: number): Ref {
  const { onnx } = context;
  const dtype = onnx.dtypeOf(x);
  const wide = castTo(context, x, 'int64');
  const along = fewFactors(context);
  if (along === undefined) {
    const product = reduce(context, 'ReduceProd', wide, axes, keepdims);
    const isLarge = onnx.op('GreaterOrEqual', [onnx.op('Abs', [product]), onnx.i64Scalar(EXACT)]);
    const large = onnx.op('ReduceSum', [castTo(context, isLarge, 'int64')], { keepdims: 0 });
    const checked = onnx.op('Add', [
      product,
      failWhen(context, onnx.op('Greater', [large, onnx.i64Scalar(0)])),
    ]);
    return castTo(context, checked, dtype);
  }
  let result = wide;
  for (const { axis, size } of along) {
    if (size === 1) continue;
    const sizes = onnx.i64(new Array<number>(size).fill(1));
    const parts = onnx.ops('Split', [result, sizes], size, { axis });
    result = parts.reduce((product, part) => onnx.op('Mul', [product, part]));
  }
  const kept =
    keepdims === 1 ? result : onnx.op('Squeeze', [result, onnx.i64(along.map(({ axis }) => axis))]);
  return castTo(context, kept, dtype);
}

/** The axes that are reduced with their sizes, where all are known and they hold few elements. */
function fewFactors(context: ConvertContext): { axis: number; size: number }[] | undefined {
  const { shape } = context.value(0);
  const axes = context.elements(1);
  if (shape === null || axes === undefined || !axes.every((axis) => typeof axis === 'number'))
    return undefined;
  const front = [...new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)))];
  const along = front.map((axis) => ({ axis, size: shape[axis] }));
  const isKnown = (each: (typeof along)[number]): each is { axis: number; size: number } =>
    typeof each.size === 'number' && each.size > 0;
  if (!along.every(isKnown)) return undefined;
  return along.reduce((count, { size }) => count * size, 1) <= MOST_FACTORS ? along : undefined;
}
