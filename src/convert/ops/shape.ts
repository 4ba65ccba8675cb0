import type { Dim } from '../../base/shape.js';
import { reshapeConstant, transposeConstant } from '../derive.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { castTo, filled, frontAxis, scalarOf, shapeOf, toInt64, vectorOf } from './parts.js';

function shapeAs(context: ConvertContext, index: number): Ref {
  return castTo(context, shapeOf(context, context.ref(index)), context.outputDType(0));
}

function size(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const x = context.ref(0);
  // Of bfloat16 ONNX Runtime tells the shape, and not the size.
  const count =
    onnx.dtypeOf(x) === 'bfloat16'
      ? onnx.op('ReduceProd', [shapeOf(context, x)], { keepdims: 0 })
      : onnx.op('Size', [x]);
  return [castTo(context, count, context.outputDType(0))];
}

function rank(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const { shape } = context.value(0);
  if (shape !== null) return [onnx.scalar('int32', shape.length)];
  return [castTo(context, onnx.op('Size', [shapeOf(context, context.ref(0))]), 'int32')];
}

/**
 * The wanted shape as ONNX writes it: 0 copies the input's dimension, one −1 is computed. undefined when that
 * can not say it.
 */
export function staticTarget(target: readonly Dim[], from: readonly Dim[] | null): number[] | undefined {
  if (target.includes(0)) return undefined;
  const written = target.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return from?.[axis] === dim ? 0 : -1;
  });
  if (written.filter((dim) => dim === -1).length <= 1) return written;
  return undefined;
}

function reshape(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const { constant } = context.value(0);
  const target = context.elements(1);
  const isKnown = target?.every((dim): dim is number => typeof dim === 'number' && dim >= 0) ?? false;
  if (constant !== undefined && isKnown)
    return [onnx.constant(reshapeConstant(constant, target as number[]))];
  const written = target === undefined ? undefined : staticTarget(target, context.value(0).shape);
  if (written !== undefined) return [onnx.op('Reshape', [context.ref(0), onnx.i64(written)])];
  return [onnx.op('Reshape', [context.ref(0), vectorOf(context, 1)], { allowzero: 1 })];
}

function squeeze(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axes = context.attrs.ints('squeeze_dims', []);
  if (axes.length > 0) return [onnx.op('Squeeze', [context.ref(0), onnx.i64(axes)])];
  if (context.value(0).shape?.length === 0) return [context.ref(0)];
  return [onnx.op('Squeeze', [context.ref(0)])];
}

function transposeNode(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const { constant } = context.value(0);
  if (context.node.op === 'ConjugateTranspose' && context.value(0).dtype.startsWith('complex')) {
    throw context.refuse('TFD_DTYPE_UNSUPPORTED', 'complex numbers are not converted');
  }
  const perm = context.constInts(1).map((axis) => (axis < 0 ? frontAxis(context, axis, 0) : axis));
  if (perm.every((axis, index) => axis === index)) return [context.ref(0)];
  if (constant !== undefined) return [onnx.constant(transposeConstant(constant, perm))];
  return [onnx.op('Transpose', [context.ref(0)], { perm })];
}

/** ONNX Runtime has no Tile of a scalar: what may be one gets an axis for it. */
function tile(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const rank = context.value(0).shape?.length ?? context.elements(1)?.length;
  const [x, counts] = [context.ref(0), vectorOf(context, 1)];
  if (rank === 0) return [x];
  if (rank !== undefined) return [onnx.op('Tile', [x, counts])];
  const more = onnx.op('Concat', [onnx.i64([1]), counts], { axis: 0 });
  const tiled = onnx.op('Tile', [onnx.op('Unsqueeze', [x, onnx.i64([0])]), more]);
  return [onnx.op('Squeeze', [tiled, onnx.i64([0])])];
}

function fill(context: ConvertContext): readonly Ref[] {
  return [context.onnx.op('Expand', [context.ref(1), vectorOf(context, 0)])];
}

function constantLike(value: number) {
  return (context: ConvertContext): readonly Ref[] => {
    const x = context.ref(0);
    return [filled(context, context.onnx.dtypeOf(x), shapeOf(context, x), value)];
  };
}

/** What two shapes broadcast to: per dimension the one that is not 1, the shorter one padded with ones. */
function broadcastShapes(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const sides = [0, 1].map((index) => vectorOf(context, index));
  const one = onnx.scalar('int64', 1);
  const lengths = sides.map((side) => onnx.op('Shape', [side]));
  const longest = onnx.op('Max', lengths);
  const padded = sides.map((side, index) => {
    const missing = onnx.op('Sub', [longest, lengths[index] ?? '']);
    return onnx.op('Concat', [onnx.op('Expand', [one, missing]), side], { axis: 0 });
  });
  const [a = '', b = ''] = padded;
  const joined = onnx.op('Where', [onnx.op('Equal', [a, one]), b, a]);
  return [castTo(context, joined, context.outputDType(0))];
}

/** Evenly spaced numbers; a single one is the start. */
function linSpace(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const [start, stop, count] = [context.ref(0), context.ref(1), scalarOf(context, 2)];
  const dtype = onnx.dtypeOf(start);
  const steps = onnx.op('Max', [onnx.op('Sub', [count, onnx.i64Scalar(1)]), onnx.i64Scalar(1)]);
  const delta = onnx.op('Div', [onnx.op('Sub', [stop, start]), castTo(context, steps, dtype)]);
  const indices = castTo(context, onnx.op('Range', [onnx.i64Scalar(0), count, onnx.i64Scalar(1)]), dtype);
  return [onnx.op('Add', [start, onnx.op('Mul', [indices, delta])])];
}

/**
 * Numbers from start up to limit. Floats are made from a counter whose end is computed in their own
 * precision, as TensorFlow does: ONNX Runtime divides in double, which can give one element more.
 */
function range(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const [start, limit, delta] = [context.ref(0), context.ref(1), context.ref(2)];
  const dtype = onnx.dtypeOf(start);
  if (dtype !== 'float32' && dtype !== 'float64') return [onnx.op('Range', [start, limit, delta])];
  const steps = onnx.op('Abs', [onnx.op('Div', [onnx.op('Sub', [limit, start]), delta])]);
  const count = toInt64(context, onnx.op('Ceil', [steps]));
  const indices = castTo(context, onnx.op('Range', [onnx.i64Scalar(0), count, onnx.i64Scalar(1)]), dtype);
  return [onnx.op('Add', [start, onnx.op('Mul', [indices, delta])])];
}

/** Where each number 0, 1, … stands in the permutation. */
function invertPermutation(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const perm = context.ref(0);
  const dtype = onnx.dtypeOf(perm);
  const length = onnx.op('Size', [perm]);
  const counter = castTo(context, onnx.op('Range', [onnx.i64Scalar(0), length, onnx.i64Scalar(1)]), dtype);
  return [onnx.op('ScatterElements', [perm, toInt64(context, perm), counter], { axis: 0 })];
}

/** Shapes, and tensors made from them. */
export const shape: OpFamily = {
  Shape: { convert: (context) => [shapeAs(context, 0)], becomes: 'Shape (and Cast)' },
  ShapeN: {
    convert: (context) => context.node.outputs.map((_, index) => shapeAs(context, index)),
    becomes: 'Shapes',
  },
  Size: { convert: size, becomes: 'Size (and Cast)' },
  Rank: { convert: rank, becomes: 'a constant, or Size(Shape)' },
  Reshape: { convert: reshape, becomes: 'Reshape' },
  Squeeze: { convert: squeeze, becomes: 'Squeeze' },
  ExpandDims: {
    convert: (context) => [context.onnx.op('Unsqueeze', [context.ref(0), vectorOf(context, 1)])],
    becomes: 'Unsqueeze',
  },
  Transpose: { convert: transposeNode, becomes: 'Transpose' },
  ConjugateTranspose: { convert: transposeNode, becomes: 'Transpose (real numbers only)' },
  Tile: { convert: tile, becomes: 'Tile' },
  BroadcastTo: {
    convert: (context) => [context.onnx.op('Expand', [context.ref(0), vectorOf(context, 1)])],
    becomes: 'Expand',
  },
  BroadcastArgs: { convert: broadcastShapes, becomes: 'Concat of ones, Where' },
  Fill: { convert: fill, neutral: ['index_type'], becomes: 'Expand' },
  ZerosLike: { convert: constantLike(0), becomes: 'Expand of 0' },
  OnesLike: { convert: constantLike(1), becomes: 'Expand of 1' },
  Range: { convert: range, becomes: 'Range; floats scaled from a counter' },
  LinSpace: { convert: linSpace, becomes: 'Range, Mul, Add' },
  InvertPermutation: { convert: invertPermutation, becomes: 'ScatterElements' },
};
