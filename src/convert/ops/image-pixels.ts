import { sizeScalar } from '../layout/size.js';
import type { ConvertContext, Ref } from '../types.js';

/** float32 arithmetic on tensors and plain numbers. */
export type Op = (type: string, ...inputs: readonly (Ref | number)[]) => Ref;

export function floatOp({ onnx }: ConvertContext): Op {
  return (type, ...inputs) =>
    onnx.op(
      type,
      inputs.map((value) => (typeof value === 'number' ? onnx.scalar('float32', value) : value)),
    );
}

/** Height (1) or width (2) of the image that is input 0, as a float32 scalar. */
export function imageLength(context: ConvertContext, axis: 1 | 2): Ref {
  const size = sizeScalar(context, context.ref(0), context.value(0).shape, axis);
  return context.onnx.cast(size, 'int64', 'float32');
}

export function clampTo(op: Op, at: Ref, length: Ref): Ref {
  return op('Max', op('Min', at, op('Sub', length, 1)), 0);
}

/** Whether a coordinate lies between the centres of the first and the last pixel. */
export function isWithin({ onnx }: ConvertContext, op: Op, at: Ref, length: Ref): Ref {
  return onnx.op('And', [op('GreaterOrEqual', at, 0), op('LessOrEqual', at, op('Sub', length, 1))]);
}

/** To the nearest integer, halves away from zero. */
export function roundHalfAway(op: Op, at: Ref): Ref {
  const size = op('Abs', at);
  const floor = op('Floor', size);
  const rounded = op('Where', op('GreaterOrEqual', op('Sub', size, floor), 0.5), op('Add', floor, 1), floor);
  return op('Where', op('Less', at, 0), op('Neg', rounded), rounded);
}

/** 0, 1, 2 … as int64, up to a scalar. */
export function countUp({ onnx }: ConvertContext, total: Ref): Ref {
  return onnx.op('Range', [onnx.i64Scalar(0), total, onnx.i64Scalar(1)]);
}

/**
 * Pixels of the image that is input 0, at whole float32 rows and columns and int64 batch numbers that broadcast
 * to [K, height, width]: [K, height, width, C]. Places outside of the image give the pixel at its border.
 */
export function gatherPixels(context: ConvertContext, batch: Ref, y: Ref, x: Ref): Ref {
  const { onnx } = context;
  const op = floatOp(context);
  const index = (at: Ref, axis: 1 | 2): Ref =>
    onnx.cast(clampTo(op, at, imageLength(context, axis)), 'float32', 'int64');
  const parts = [batch, index(y, 1), index(x, 2)];
  const zeros = parts
    .map((part) => onnx.op('Mul', [part, onnx.i64Scalar(0)]))
    .reduce((sum, part) => onnx.op('Add', [sum, part]));
  const spread = parts.map((part) => onnx.op('Unsqueeze', [onnx.op('Add', [part, zeros]), onnx.i64([3])]));
  return onnx.op('GatherND', [context.ref(0), onnx.op('Concat', spread, { axis: 3 })]);
}
