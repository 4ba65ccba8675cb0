import {
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
  const patches = gatherPatches(context, context.ref(0), window, padding);
  const turned = onnx.op('Transpose', [patches.tensor], { perm: [0, 1, 3, 2, 4, 5] });
  const area = window.kernel[0]! * window.kernel[1]!;
  const channels = shape?.[3];
  const depth =
    typeof channels === 'number'
      ? area * channels
      : onnx.op('Mul', [sizeVector(context, context.ref(0), shape, 3), onnx.i64([area])]);
  return onnx.op('Reshape', [turned, shapeOf(context, [0, patches.rows, patches.columns, depth])]);
}

/** What a window sees of an image at each of its places, and how many places there are. */
interface Patches {
  /** [N, rows, kernel height, columns, kernel width, C]. */
  readonly tensor: Ref;
  /** int64 vectors of one element. */
  readonly rows: Ref;
  readonly columns: Ref;
}

/** The patches of a channels-last image, `fill` (or 0) beyond its border. */
export function gatherPatches(
  context: ConvertContext,
  x: Ref,
  window: Window,
  padding: Padding,
  fill: Ref = '',
): Patches {
  const { onnx } = context;
  const padded = padImage(context, x, padding, window, fill);
  const rows = patchIndices(context, padded, window, 0);
  const columns = patchIndices(context, padded, window, 1);
  const byRow = onnx.op('Gather', [padded, rows], { axis: 1 });
  return {
    tensor: onnx.op('Gather', [byRow, columns], { axis: 3 }),
    rows: onnx.op('Shape', [rows], { start: 0, end: 1 }),
    columns: onnx.op('Shape', [columns], { start: 0, end: 1 }),
  };
}

function padImage(context: ConvertContext, x: Ref, padding: Padding, window: Window, fill: Ref): Ref {
  const { onnx } = context;
  const format = makeDataFormat(4, true);
  if (padding.kind !== 'fixed') {
    const first = padComputed(context, toChannelsFirst(context, x, format), window, fill);
    return fromChannelsFirst(context, first, format);
  }
  if ([...padding.begin, ...padding.end].every((amount) => amount === 0)) return x;
  return onnx.op('Pad', [x, onnx.i64([0, ...padding.begin, 0, 0, ...padding.end, 0]), fill]);
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
