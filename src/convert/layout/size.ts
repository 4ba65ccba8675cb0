import type { Shape } from '../../base/shape.js';
import type { ConvertContext, Ref } from '../types.js';

/** One dimension as an int64 scalar: a constant where it is known, else taken from the tensor at run time. */
export function sizeScalar(context: ConvertContext, ref: Ref, shape: Shape, axis: number): Ref {
  const { onnx } = context;
  const known = shape?.[axis];
  if (typeof known === 'number') return onnx.i64Scalar(known);
  return onnx.op('Gather', [onnx.op('Shape', [ref]), onnx.i64Scalar(axis)], { axis: 0 });
}

/** The same as a vector of one element, to be concatenated into a shape. */
export function sizeVector(context: ConvertContext, ref: Ref, shape: Shape, axis: number): Ref {
  const { onnx } = context;
  const known = shape?.[axis];
  if (typeof known === 'number') return onnx.i64([known]);
  return onnx.op('Gather', [onnx.op('Shape', [ref]), onnx.i64([axis])], { axis: 0 });
}

/** A shape put together from known numbers and sizes in the graph. */
export function shapeOf(context: ConvertContext, parts: readonly (number | Ref)[]): Ref {
  const { onnx } = context;
  if (parts.every((part) => typeof part === 'number')) return onnx.i64(parts);
  const pieces = parts.map((part) => (typeof part === 'number' ? onnx.i64([part]) : part));
  return onnx.op('Concat', pieces, { axis: 0 });
}
