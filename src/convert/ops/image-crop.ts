import { fromChannelsFirst, makeDataFormat, toChannelsFirst } from '../layout/data-format.js';
import type { ConvertContext, Ref } from '../types.js';
import { countUp, floatOp, gatherPixels, imageLength, isWithin, roundHalfAway } from './image-pixels.js';

const NHWC = makeDataFormat(4, true);

/** Boxes of images, each resized to the same size: float32 whatever the image is made of. */
export function emitCropAndResize(context: ConvertContext): Ref {
  const { attrs } = context;
  const method = attrs.string('method', 'bilinear');
  const beyond = attrs.float('extrapolation_value', 0);
  if (method === 'bilinear') return cropBilinear(context, beyond);
  if (method === 'nearest') return cropNearest(context, beyond);
  throw context.refuse('TFD_ATTR_UNREAD', `method "${method}" is not handled`);
}

function cropBilinear(context: ConvertContext, beyond: number): Ref {
  const { onnx } = context;
  const x = toChannelsFirst(context, onnx.cast(context.ref(0), context.value(0).dtype, 'float32'), NHWC);
  const y = onnx.op(
    'CropAndResize',
    [x, context.ref(1), context.ref(2), context.ref(3)],
    { mode: 'bilinear', extrapolation_value: { float: beyond } },
    { domain: 'com.microsoft' },
  );
  return fromChannelsFirst(context, y, NHWC);
}

/** ONNX Runtime's own nearest mode rounds halves to even, TensorFlow's away from zero. */
function cropNearest(context: ConvertContext, beyond: number): Ref {
  const { onnx } = context;
  const op = floatOp(context);
  const y = onnx.op('Unsqueeze', [boxPositions(context, 0), onnx.i64([2])]);
  const x = onnx.op('Unsqueeze', [boxPositions(context, 1), onnx.i64([1])]);
  const boxes = onnx.cast(context.ref(2), context.value(2).dtype, 'int64');
  const batch = onnx.op('Unsqueeze', [boxes, onnx.i64([1, 2])]);
  const pixels = gatherPixels(context, batch, roundHalfAway(op, y), roundHalfAway(op, x));
  const inside = onnx.op('And', [
    isWithin(context, op, y, imageLength(context, 1)),
    isWithin(context, op, x, imageLength(context, 2)),
  ]);
  const deep = onnx.op('Unsqueeze', [inside, onnx.i64([3])]);
  return op('Where', deep, onnx.cast(pixels, context.value(0).dtype, 'float32'), beyond);
}

/** Where the rows (0) or columns (1) of each crop lie in the image: [boxes, size]. */
function boxPositions(context: ConvertContext, axis: 0 | 1): Ref {
  const { onnx } = context;
  const op = floatOp(context);
  const edge = (column: number): Ref => onnx.op('Gather', [context.ref(1), onnx.i64([column])], { axis: 1 });
  const [from, to] = [edge(axis), edge(axis + 2)];
  const last = op('Sub', imageLength(context, axis === 0 ? 1 : 2), 1);
  const wanted = onnx.op('Gather', [context.ref(3), onnx.i64Scalar(axis)], { axis: 0 });
  const size = onnx.cast(wanted, context.value(3).dtype, 'int64');
  const gaps = op('Sub', onnx.cast(size, 'int64', 'float32'), 1);
  const scale = op('Div', op('Mul', op('Sub', to, from), last), op('Max', gaps, 1));
  const steps = onnx.op('Unsqueeze', [onnx.cast(countUp(context, size), 'int64', 'float32'), onnx.i64([0])]);
  const many = op('Add', op('Mul', from, last), op('Mul', steps, scale));
  const middle = op('Mul', op('Mul', op('Add', from, to), 0.5), last);
  return op('Where', op('Greater', gaps, 0), many, middle);
}
