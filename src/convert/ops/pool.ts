import {
  type DataFormat,
  fromChannelsFirst,
  makeDataFormat,
  readDataFormat,
  spatialDims,
  spatialPart,
  toChannelsFirst,
} from '../layout/data-format.js';
import { paddingAttrs, readPadding, type Window } from '../layout/padding.js';
import { sizeScalar } from '../layout/size.js';
import type { ConvertContext, OnnxAttr, OpFamily, Ref } from '../types.js';

type Kind = 'MaxPool' | 'AveragePool';

interface PoolWindow {
  readonly format: DataFormat;
  readonly window: Window;
  readonly attrs: Record<string, OnnxAttr | undefined>;
}

function planWindow(
  context: ConvertContext,
  format: DataFormat,
  ksize: readonly number[],
  strides: readonly number[],
): PoolWindow {
  const kernel = spatialPart(context, 'ksize', ksize, format);
  const window = {
    kernel,
    strides: spatialPart(context, 'strides', strides, format),
    dilations: kernel.map(() => 1),
  };
  const padding = readPadding(context, format, spatialDims(context.value(0).shape, format), window);
  const attrs = {
    kernel_shape: kernel,
    strides: window.strides,
    ...paddingAttrs(padding, kernel.length),
  };
  return { format, window, attrs };
}

/** Pools over the spatial axes. The border takes no part: not in a maximum, and not in the count of an average. */
function emitPool(
  context: ConvertContext,
  kind: Kind,
  rank: 4 | 5,
  ksize = context.attrs.ints('ksize'),
  strides = context.attrs.ints('strides'),
): Ref {
  const format = readDataFormat(context, rank);
  if (kind === 'MaxPool' && ksize[format.channel] !== 1)
    return emitDepthPool(context, format, ksize, strides);
  const { attrs } = planWindow(context, format, ksize, strides);
  const x = toChannelsFirst(context, context.ref(0), format);
  const y = context.onnx.op(kind, [x], kind === 'MaxPool' ? attrs : { ...attrs, count_include_pad: 0 });
  return fromChannelsFirst(context, y, format);
}

/** The maximum over groups of neighbouring channels, the only depth pooling TensorFlow has. */
function emitDepthPool(
  context: ConvertContext,
  format: DataFormat,
  ksize: readonly number[],
  strides: readonly number[],
): Ref {
  const { onnx } = context;
  const depth = ksize[format.channel]!;
  const channels = context.value(0).shape?.[format.channel];
  const isPlain = ksize.every((size, axis) => axis === format.channel || size === 1);
  if (!isPlain || strides.some((stride, axis) => stride !== ksize[axis])) {
    throw context.refuse('TFD_ATTR_UNREAD', `ksize [${ksize.join()}] pools over channels and more`);
  }
  if (typeof channels !== 'number') throw context.refuse('TFD_SHAPE_UNKNOWN', 'the channels are not known');
  context.attrs.string('padding');
  if (!format.isChannelsLast) throw context.refuse('TFD_ATTR_UNREAD', 'depth pooling of NCHW is not handled');
  const groups = onnx.op('Reshape', [context.ref(0), onnx.i64([0, 0, 0, channels / depth, depth])]);
  return onnx.op('ReduceMax', [groups, onnx.i64([4])], { keepdims: 0 });
}

/**
 * MaxPool with the flat position of each maximum. ONNX counts positions in [N, C, H, W], TensorFlow in
 * [H, W, C] of one image, or in [N, H, W, C] with `include_batch_in_index`.
 */
function emitMaxPoolWithArgmax(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const format = makeDataFormat(4, true);
  const { shape } = context.value(0);
  const size = (axis: number): Ref => sizeScalar(context, context.ref(0), shape, axis);
  const plan = planWindow(context, format, attrs.ints('ksize'), attrs.ints('strides'));
  const x = toChannelsFirst(context, context.ref(0), format);
  const [y, at] = onnx.ops('MaxPool', [x], 2, plan.attrs) as [Ref, Ref];
  const area = onnx.op('Mul', [size(1), size(2)]);
  const pixel = onnx.op('Mod', [at, area]);
  const plane = onnx.op('Div', [at, area]);
  let index = onnx.op('Add', [onnx.op('Mul', [pixel, size(3)]), onnx.op('Mod', [plane, size(3)])]);
  if (attrs.bool('include_batch_in_index', false)) {
    const batch = onnx.op('Div', [plane, size(3)]);
    index = onnx.op('Add', [index, onnx.op('Mul', [batch, onnx.op('Mul', [area, size(3)])])]);
  }
  const positions = onnx.cast(fromChannelsFirst(context, index, format), 'int64', context.outputDType(1));
  return [fromChannelsFirst(context, y, format), positions];
}

/** Pooling. */
export const pool: OpFamily = {
  MaxPool: { convert: (context) => [emitPool(context, 'MaxPool', 4)], becomes: 'MaxPool' },
  MaxPoolV2: {
    convert: (context) => [emitPool(context, 'MaxPool', 4, context.constInts(1), context.constInts(2))],
    becomes: 'MaxPool (constant ksize and strides)',
  },
  MaxPool3D: { convert: (context) => [emitPool(context, 'MaxPool', 5)], becomes: 'MaxPool' },
  AvgPool: {
    convert: (context) => [emitPool(context, 'AveragePool', 4)],
    becomes: 'AveragePool (count_include_pad = 0)',
  },
  AvgPool3D: {
    convert: (context) => [emitPool(context, 'AveragePool', 5)],
    becomes: 'AveragePool (count_include_pad = 0)',
  },
  MaxPoolWithArgmax: {
    convert: emitMaxPoolWithArgmax,
    becomes: 'MaxPool with Indices, recounted from NCHW to NHWC',
  },
};
