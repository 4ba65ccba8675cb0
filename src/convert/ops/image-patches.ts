import {
  type DataFormat,
  fromChannelsFirst,
  makeDataFormat,
  spatialDims,
  spatialPart,
  toChannelsFirst,
} from '../layout/data-format.js';
import { extent, type Padding, padComputed, readPadding, type Window } from '../layout/padding.js';
import { shapeOf, sizeScalar, sizeVector } from '../layout/size.js';
import type { ConvertContext, Ref } from '../types.js';

/** Patches of an image as channels: [N, H, W, C] → [N, rows, columns, patch height · patch width · C]. */
export function emitExtractPatches(context: ConvertContext): Ref {
  const { onnx, attrs } = context;
  const format = makeDataFormat(4, true);
  const window: Window = {
    kernel: spatialPart(context, 'ksizes', attrs.ints('ksizes'), format),
    strides: spatialPart(context, 'strides', attrs.ints('strides'), format),
    dilations: spatialPart(context, 'rates', attrs.ints('rates'), format),
  };
  const { shape } = context.value(0);
  const padding = readPadding(context, format, spatialDims(shape, format), window);
  const padded = padImage(context, padding, window, format);
  const rows = patchIndices(context, padded, window, 0);
  const columns = patchIndices(context, padded, window, 1);
  // [N, H, W, C] → [N, rows, kernel, W, C] → [N, rows, kernel, columns, kernel, C]
  const byRow = onnx.op('Gather', [padded, rows], { axis: 1 });
  const byPixel = onnx.op('Gather', [byRow, columns], { axis: 3 });
  const turned = onnx.op('Transpose', [byPixel], { perm: [0, 1, 3, 2, 4, 5] });
  const area = window.kernel[0]! * window.kernel[1]!;
  const channels = shape?.[3];
  const depth =
    typeof channels === 'number'
      ? area * channels
      : onnx.op('Mul', [sizeVector(context, context.ref(0), shape, 3), onnx.i64([area])]);
  const outRows = onnx.op('Shape', [rows], { start: 0, end: 1 });
  const outColumns = onnx.op('Shape', [columns], { start: 0, end: 1 });
  return onnx.op('Reshape', [turned, shapeOf(context, [0, outRows, outColumns, depth])]);
}

function padImage(context: ConvertContext, padding: Padding, window: Window, format: DataFormat): Ref {
  const { onnx } = context;
  const x = context.ref(0);
  if (padding.kind !== 'fixed') {
    return fromChannelsFirst(
      context,
      padComputed(context, toChannelsFirst(context, x, format), window),
      format,
    );
  }
  if ([...padding.begin, ...padding.end].every((amount) => amount === 0)) return x;
  return onnx.op('Pad', [x, onnx.i64([0, ...padding.begin, 0, 0, ...padding.end, 0])]);
}

/** An [out, kernel] matrix of positions along a spatial axis of the padded image. */
function patchIndices(context: ConvertContext, padded: Ref, window: Window, axis: 0 | 1): Ref {
  const { onnx } = context;
  const stride = window.strides[axis]!;
  const size = sizeScalar(context, padded, null, axis + 1);
  const end = onnx.op('Sub', [size, onnx.i64Scalar(extent(window, axis) - 1)]);
  const starts = onnx.op('Range', [onnx.i64Scalar(0), end, onnx.i64Scalar(stride)]);
  const offsets = onnx.i64(
    Array.from({ length: window.kernel[axis]! }, (_, index) => index * window.dilations[axis]!),
  );
  return onnx.op('Add', [onnx.op('Unsqueeze', [starts, onnx.i64([1])]), offsets]);
}
