import { sizeScalar } from '../layout/size.js';
import type { ConvertContext, Ref } from '../types.js';
import {
  clampTo,
  countUp,
  floatOp,
  gatherPixels,
  imageLength,
  isWithin,
  type Op,
  roundHalfAway,
} from './image-pixels.js';

/** Brings a coordinate that lies outside of `length` pixels back, as `fill_mode` says. */
type Fill = (op: Op, at: Ref, length: Ref) => Ref;

/** How often `period` goes into a number that is at least 0: TensorFlow truncates. */
function whole(op: Op, value: Ref, period: Ref): Ref {
  return op('Floor', op('Div', value, period));
}

const FILLS: Readonly<Record<string, Fill>> = {
  CONSTANT: (_, at) => at,
  NEAREST: clampTo,
  REFLECT(op, at, length) {
    const twice = op('Mul', length, 2);
    const lifted = op('Add', op('Mul', twice, whole(op, op('Neg', at), twice)), at);
    const low = op(
      'Where',
      op('Less', lifted, op('Neg', length)),
      op('Add', lifted, twice),
      op('Sub', op('Neg', lifted), 1),
    );
    const rest = op('Sub', at, op('Mul', twice, whole(op, at, twice)));
    const high = op('Where', op('GreaterOrEqual', rest, length), op('Sub', op('Sub', twice, rest), 1), rest);
    return clampTo(op, sided(op, at, length, low, high), length);
  },
  WRAP(op, at, length) {
    const period = op('Sub', length, 1);
    const low = op('Add', at, op('Mul', length, op('Add', whole(op, op('Neg', at), period), 1)));
    const high = op('Sub', at, op('Mul', length, whole(op, at, period)));
    return clampTo(op, sided(op, at, length, low, high), length);
  },
};

/** `low` before the first pixel, `high` behind the last, 0 where there is one pixel only. */
function sided(op: Op, at: Ref, length: Ref, low: Ref, high: Ref): Ref {
  const isBehind = op('Greater', at, op('Sub', length, 1));
  const outer = op('Where', op('Less', at, 0), low, op('Where', isBehind, high, at));
  return op('Where', op('Greater', length, 1), outer, clampTo(op, at, length));
}

/** An image seen through a projective map: each output pixel is looked up at x' = (a·x + b·y + c) / (g·x + h·y + 1). */
export function emitProjectiveTransform(context: ConvertContext): Ref {
  const { onnx, attrs } = context;
  const op = floatOp(context);
  const mode = attrs.string('fill_mode', 'CONSTANT');
  const interpolation = attrs.string('interpolation');
  const fill = FILLS[mode];
  if (fill === undefined) throw context.refuse('TFD_ATTR_UNREAD', `fill_mode "${mode}" is not handled`);
  if (interpolation !== 'NEAREST' && interpolation !== 'BILINEAR') {
    throw context.refuse('TFD_ATTR_UNREAD', `interpolation "${interpolation}" is not handled`);
  }
  const count = (axis: 0 | 1): Ref => {
    const wanted = onnx.op('Gather', [context.ref(2), onnx.i64Scalar(axis)], { axis: 0 });
    return onnx.cast(wanted, context.value(2).dtype, 'int64');
  };
  const steps = (total: Ref, axes: readonly number[]): Ref =>
    onnx.op('Unsqueeze', [onnx.cast(countUp(context, total), 'int64', 'float32'), onnx.i64(axes)]);
  const [y, x] = [steps(count(0), [0, 2]), steps(count(1), [0, 1])];
  const t = (index: number): Ref =>
    onnx.op('Unsqueeze', [
      onnx.op('Gather', [context.ref(1), onnx.i64([index])], { axis: 1 }),
      onnx.i64([2]),
    ]);
  const line = (a: number, b: number): Ref => op('Add', op('Mul', t(a), x), op('Mul', t(b), y));
  const projection = op('Add', line(6, 7), 1);
  const place = (a: number, axis: 1 | 2): Ref =>
    fill(op, op('Div', op('Add', line(a, a + 1), t(a + 2)), projection), imageLength(context, axis));
  const [atX, atY] = [place(0, 2), place(3, 1)];
  const look = makeReader(context, op);
  const value =
    interpolation === 'NEAREST'
      ? look(roundHalfAway(op, atY), roundHalfAway(op, atX))
      : blend(context, op, look, atY, atX);
  const isDefined = onnx.op('Not', [op('Equal', projection, 0)]);
  return onnx.op('Where', [onnx.op('Unsqueeze', [isDefined, onnx.i64([3])]), value, fillValue(context)]);
}

/** A scalar of the image's type. */
function fillValue(context: ConvertContext): Ref {
  const { onnx } = context;
  const { dtype } = context.value(0);
  if (context.node.op === 'ImageProjectiveTransformV2') return onnx.scalar(dtype, 0);
  return onnx.cast(context.ref(3), 'float32', dtype);
}

/** Reads pixels of all images at whole float32 rows and columns of shape [N or 1, height, width]. */
function makeReader(context: ConvertContext, op: Op): (y: Ref, x: Ref) => Ref {
  const { onnx } = context;
  const images = countUp(context, sizeScalar(context, context.ref(0), context.value(0).shape, 0));
  const batch = onnx.op('Unsqueeze', [images, onnx.i64([1, 2])]);
  return (y, x) => {
    const inside = onnx.op('And', [
      isWithin(context, op, y, imageLength(context, 1)),
      isWithin(context, op, x, imageLength(context, 2)),
    ]);
    const deep = onnx.op('Unsqueeze', [inside, onnx.i64([3])]);
    return onnx.op('Where', [deep, gatherPixels(context, batch, y, x), fillValue(context)]);
  };
}

/** Between the four pixels around a place, in float32. */
function blend(context: ConvertContext, op: Op, look: (y: Ref, x: Ref) => Ref, y: Ref, x: Ref): Ref {
  const { onnx } = context;
  const { dtype } = context.value(0);
  const deep = (ref: Ref): Ref => onnx.op('Unsqueeze', [ref, onnx.i64([3])]);
  const [top, left] = [op('Floor', y), op('Floor', x)];
  const [bottom, right] = [op('Add', top, 1), op('Add', left, 1)];
  const read = (atY: Ref, atX: Ref): Ref => onnx.cast(look(atY, atX), dtype, 'float32');
  const [toRight, toLeft] = [deep(op('Sub', right, x)), deep(op('Sub', x, left))];
  const along = (row: Ref): Ref =>
    op('Add', op('Mul', toRight, read(row, left)), op('Mul', toLeft, read(row, right)));
  const upper = op('Mul', deep(op('Sub', bottom, y)), along(top));
  const sum = op('Add', upper, op('Mul', deep(op('Sub', y, top)), along(bottom)));
  return onnx.cast(sum, 'float32', dtype);
}
