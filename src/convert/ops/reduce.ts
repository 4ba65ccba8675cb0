import { type DType, isFloatDType } from '../../base/dtype.js';
import type { ConvertContext, OpFamily, OpRow, Ref } from '../types.js';
import { exactProduct, exactSum } from './exact.js';
import { isNeverEmpty } from './guards.js';
import { castTo, constScalar, int64Vector, like, shapeOf, TO_END, vectorOf } from './parts.js';

type Reducer = (context: ConvertContext, x: Ref, axes: Ref, keepdims: number) => Ref;

/**
 * A reduction over the axes of input 1. An empty list of axes leaves the tensor as it is, where ONNX by
 * default reduces all of them.
 */
function reduction(
  becomes: string,
  reduce: Reducer,
  ofNothing = (_: ConvertContext, x: Ref): Ref => x,
): OpRow {
  return {
    convert: (context) => {
      const keepdims = context.attrs.bool('keep_dims', false) ? 1 : 0;
      if (context.elements(1)?.length === 0 || context.value(1).shape?.[0] === 0) {
        return [ofNothing(context, context.ref(0))];
      }
      return [reduce(context, context.ref(0), frontAxes(context), keepdims)];
    },
    becomes,
  };
}

/**
 * The axes counted from the front: ONNX Runtime does not reduce axes that are counted from the end where the
 * tensor is empty.
 */
function frontAxes(context: ConvertContext): Ref {
  const { onnx } = context;
  const axes = context.elements(1);
  const rank = context.value(0).shape?.length;
  if (axes?.every((axis) => typeof axis === 'number')) {
    if (axes.every((axis) => axis >= 0)) return onnx.i64(axes);
    if (rank !== undefined) return onnx.i64(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  }
  const given = vectorOf(context, 1);
  const ranked =
    rank === undefined ? onnx.op('Size', [shapeOf(context, context.ref(0))]) : onnx.i64Scalar(rank);
  const isBehind = onnx.op('Less', [given, onnx.i64Scalar(0)]);
  return onnx.op('Where', [isBehind, onnx.op('Add', [given, ranked]), given]);
}

function plain(type: string): Reducer {
  return ({ onnx }, x, axes, keepdims) => onnx.op(type, [x, axes], { keepdims, noop_with_empty_axes: 1 });
}

const sum: Reducer = (context, x, axes, keepdims) =>
  isFloatDType(context.onnx.dtypeOf(x))
    ? plain('ReduceSum')(context, x, axes, keepdims)
    : exactSum(context, x, axes, keepdims);

const prod: Reducer = (context, x, axes, keepdims) =>
  isFloatDType(context.onnx.dtypeOf(x))
    ? plain('ReduceProd')(context, x, axes, keepdims)
    : exactProduct(context, x, axes, keepdims);

/** Whether some reduced dimension could be 0, where ONNX Runtime's answer differs from TensorFlow's. */
function canBeEmpty(context: ConvertContext): boolean {
  const { shape } = context.value(0);
  const axes = context.elements(1);
  if (shape === null || axes === undefined) return true;
  return axes.some(
    (axis) => typeof axis !== 'number' || typeof shape.at(axis) !== 'number' || shape.at(axis) === 0,
  );
}

/** int64 number of elements that go into one result. */
function countReduced(context: ConvertContext, x: Ref, axes: Ref): Ref {
  const { onnx } = context;
  const dims = onnx.op('Gather', [shapeOf(context, x), axes], { axis: 0 });
  return onnx.op('ReduceProd', [dims], { keepdims: 0 });
}

/** The mean; of nothing it is NaN. Integers are summed in int64 and divided toward zero. */
const mean: Reducer = (context, x, axes, keepdims) => {
  const { onnx } = context;
  const dtype = onnx.dtypeOf(x);
  if (isFloatDType(dtype) && !canBeEmpty(context)) return plain('ReduceMean')(context, x, axes, keepdims);
  const wide: DType = isFloatDType(dtype) ? dtype : 'int64';
  const total = sum(context, castTo(context, x, wide), axes, keepdims);
  const count = castTo(context, countReduced(context, x, axes), wide);
  const divisor = wide === 'int64' ? onnx.op('Max', [count, onnx.i64Scalar(1)]) : count;
  return castTo(context, onnx.op('Div', [total, divisor]), dtype);
};

/** bool has no kernel for nothing to reduce: there the false (or true) ones are counted. */
const all: Reducer = (context, x, axes, keepdims) => {
  const { onnx } = context;
  if (!canBeEmpty(context)) return plain('ReduceMin')(context, x, axes, keepdims);
  return onnx.op('Not', [any(context, onnx.op('Not', [x]), axes, keepdims)]);
};

const any: Reducer = (context, x, axes, keepdims) => {
  if (!canBeEmpty(context)) return plain('ReduceMax')(context, x, axes, keepdims);
  const count = plain('ReduceSum')(context, castTo(context, x, 'int32'), axes, keepdims);
  return context.onnx.op('Greater', [count, like(context, count, 0)]);
};

/** The position of the extreme value, the first of equal ones. */
function position(type: 'ArgMax' | 'ArgMin'): OpRow {
  return {
    convert: (context) => {
      const { onnx } = context;
      const x = context.ref(0);
      const axis = constScalar(context, 1);
      const numbers = onnx.dtypeOf(x) === 'bool' ? castTo(context, x, 'uint8') : x;
      const found = onnx.op(type, [numbers], { axis, keepdims: 0 });
      const shaped = isNeverEmpty(context, 0) ? found : withoutAxis(context, found, x, axis);
      return [castTo(context, shaped, context.attrs.dtype('output_type', 'int64'))];
    },
    becomes: `${type}, Cast`,
  };
}

/** ONNX Runtime leaves the shape of an empty tensor as it is: the result is given the shape it should have. */
function withoutAxis(context: ConvertContext, found: Ref, x: Ref, axis: number): Ref {
  const { onnx } = context;
  const shape = shapeOf(context, x);
  const left = onnx.op('Slice', [shape, onnx.i64([0]), onnx.i64([axis]), onnx.i64([0])]);
  if (axis === -1) return onnx.op('Reshape', [found, left], { allowzero: 1 });
  const end = int64Vector(context, [TO_END]);
  const right = onnx.op('Slice', [shape, onnx.i64([axis + 1]), end, onnx.i64([0])]);
  return onnx.op('Reshape', [found, onnx.op('Concat', [left, right], { axis: 0 })], { allowzero: 1 });
}

/** Reductions. */
export const reduce: OpFamily = {
  Sum: reduction('ReduceSum; 64-bit integers in two halves', sum),
  Mean: reduction('ReduceMean; ReduceSum / count where nothing may be reduced', mean),
  Max: reduction('ReduceMax', plain('ReduceMax')),
  Min: reduction('ReduceMin', plain('ReduceMin')),
  Prod: reduction('ReduceProd; few integers multiplied out', prod),
  EuclideanNorm: reduction('ReduceL2', plain('ReduceL2'), ({ onnx }, x) => onnx.op('Abs', [x])),
  All: reduction('ReduceMin', all),
  Any: reduction('ReduceMax', any),
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
};
