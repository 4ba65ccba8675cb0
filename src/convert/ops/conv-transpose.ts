import type { Dim } from '../../base/shape.js';
import { addDims, multiplyDims, subtractDims } from '../../graph/dims.js';
import {
  type DataFormat,
  fromChannelsFirst,
  readDataFormat,
  spatialDims,
  spatialPart,
  toChannelsFirst,
} from '../layout/data-format.js';
import { extent, readExplicit, type Window } from '../layout/padding.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { filterShape, permuteFilter } from './conv.js';

/** What is cut off the full result at the beginning and the end of an axis; a negative end adds zeros. */
interface Crop {
  readonly begin: number;
  readonly end: number;
}

/**
 * The gradient of a convolution with respect to its image: TensorFlow's transposed convolution. Its inputs are
 * (sizes of the image, filter, gradient). The full result is cropped as the forward convolution padded.
 */
function emitConvTranspose(context: ConvertContext, spatialRank: number): Ref {
  const { onnx, attrs } = context;
  const shape = filterShape(context, 1);
  const format = readDataFormat(context, spatialRank + 2);
  const ones = new Array<number>(format.rank).fill(1);
  const window: Window = {
    kernel: shape.slice(0, spatialRank),
    strides: spatialPart(context, 'strides', attrs.ints('strides'), format),
    dilations: spatialPart(context, 'dilations', attrs.ints('dilations', ones), format),
  };
  const x = toChannelsFirst(context, context.ref(2), format);
  const perm = [spatialRank + 1, spatialRank, ...window.kernel.map((_, axis) => axis)];
  const filter = permuteFilter(context, 1, perm);
  const crops = planCrops(context, format, spatialDims(context.value(2).shape, format), window);
  const emit = (applied: readonly Crop[]): Ref =>
    onnx.op('ConvTranspose', [x, filter], {
      kernel_shape: window.kernel,
      strides: window.strides,
      dilations: window.dilations,
      group: groupsOf(context, shape[spatialRank]!, format),
      pads: [...applied.map((crop) => crop.begin), ...applied.map((crop) => Math.max(crop.end, 0))],
      output_padding: applied.map((crop) => Math.max(-crop.end, 0)),
    });
  const none = window.kernel.map(() => ({ begin: 0, end: 0 }));
  const y = crops === undefined ? cropComputed(context, emit(none), format) : emit(crops);
  return fromChannelsFirst(context, y, format);
}

/** The spatial sizes that the sizes input asks for; it may leave batch and channels out. */
function imageSizes(context: ConvertContext, format: DataFormat): readonly Dim[] | undefined {
  const all = context.elements(0);
  if (all === undefined) return undefined;
  return all.length === format.rank - 2 ? all : format.spatial.map((axis) => all[axis]!);
}

/** Crops that are the same for every size, or undefined where they depend on it. */
function planCrops(
  context: ConvertContext,
  format: DataFormat,
  gradient: readonly (Dim | undefined)[],
  window: Window,
): Crop[] | undefined {
  const padding = context.attrs.string('padding');
  const image = imageSizes(context, format);
  const explicit = padding === 'EXPLICIT' ? readExplicit(context, format) : undefined;
  if (explicit === undefined && padding !== 'SAME' && padding !== 'VALID') {
    throw context.refuse('TFD_ATTR_UNREAD', `padding "${padding}" is not handled`);
  }
  const crops = gradient.map((out, axis): Crop | undefined => {
    const stride = window.strides[axis]!;
    const reach = extent(window, axis);
    const excess = fullExcess(out, image?.[axis], stride, reach);
    if (excess === undefined) return undefined;
    if (padding === 'VALID') return { begin: 0, end: excess };
    if (explicit !== undefined) return { begin: explicit[axis]![0], end: excess - explicit[axis]![0] };
    const begin = Math.floor(Math.max(excess, 0) / 2);
    return { begin, end: excess - begin };
  });
  return crops.every((crop) => crop !== undefined && isEmittable(crop)) ? (crops as Crop[]) : undefined;
}

const isEmittable = (crop: Crop): boolean => crop.begin >= 0;

/**
 * Elements by which the full result, `(out − 1)·stride + reach`, is longer than the image asked for: known for
 * unknown sizes too where the image is `out·stride + c`, as Keras asks.
 */
function fullExcess(
  out: Dim | undefined,
  image: Dim | undefined,
  stride: number,
  reach: number,
): number | undefined {
  const scaled = out === undefined ? undefined : multiplyDims(out, stride);
  if (image === undefined || scaled === undefined) return undefined;
  const full = addDims(scaled, reach - stride);
  const excess = full === undefined ? undefined : subtractDims(full, image);
  return typeof excess === 'number' ? excess : undefined;
}

/** Crops (or zero-pads) the full channels-first result in the graph to the sizes of the input. */
function cropComputed(context: ConvertContext, full: Ref, format: DataFormat): Ref {
  const { onnx, attrs } = context;
  const spatialRank = format.rank - 2;
  const axes = Array.from({ length: spatialRank }, (_, index) => index + 2);
  const slice = (ref: Ref, from: number, to: number): Ref =>
    onnx.op('Slice', [ref, onnx.i64([from]), onnx.i64([to]), onnx.i64([0])]);
  const sizes = onnx.cast(context.ref(0), context.value(0).dtype, 'int64');
  const sizesRank = context.value(0).shape?.[0];
  if (typeof sizesRank !== 'number')
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'the sizes input has no shape');
  const first = sizesRank === spatialRank ? 0 : format.spatial[0]!;
  const wanted = slice(sizes, first, first + spatialRank);
  const have = slice(onnx.op('Shape', [full]), 2, 2 + spatialRank);
  const excess = onnx.op('Sub', [have, wanted]);
  const zero = onnx.i64([0]);
  let begin = onnx.i64(axes.map(() => 0));
  if (attrs.string('padding') === 'SAME') {
    begin = onnx.op('Div', [onnx.op('Max', [excess, zero]), onnx.i64([2])]);
  } else if (attrs.string('padding') === 'EXPLICIT') {
    begin = onnx.i64(readExplicit(context, format).map((pair) => pair[0]));
  }
  const end = onnx.op('Add', [begin, wanted]);
  const missing = onnx.op('Max', [onnx.op('Sub', [end, have]), zero]);
  const none = onnx.i64([0, 0]);
  const pads = onnx.op('Concat', [none, onnx.i64(axes.map(() => 0)), none, missing], { axis: 0 });
  return onnx.op('Slice', [onnx.op('Pad', [full, pads]), begin, end, onnx.i64(axes)]);
}

/** The image's channels divided by the channels that one filter sees. */
function groupsOf(context: ConvertContext, seen: number, format: DataFormat): number {
  const all = context.elements(0);
  const channels = all?.length === format.rank ? all[format.channel] : undefined;
  return typeof channels === 'number' && channels % seen === 0 ? channels / seen : 1;
}

const neutral = ['use_cudnn_on_gpu'];

/** Transposed convolutions. */
export const convTranspose: OpFamily = {
  Conv2DBackpropInput: {
    convert: (context) => [emitConvTranspose(context, 2)],
    neutral,
    becomes: 'ConvTranspose with explicit pads; Slice and Pad where the size is only known at run time',
  },
  Conv3DBackpropInputV2: {
    convert: (context) => [emitConvTranspose(context, 3)],
    neutral,
    becomes: 'ConvTranspose',
  },
};
