import type { DType } from '../../base/dtype.js';
import {
  type DataFormat,
  fromChannelsFirst,
  makeDataFormat,
  readDataFormat,
  spatialDims,
  spatialPart,
  toChannelsFirst,
  toFirstPerm,
  toLastPerm,
} from '../layout/data-format.js';
import {
  cutToPlaces,
  type Padding,
  padComputed,
  paddingAttrs,
  readPadding,
  type Window,
} from '../layout/padding.js';
import { sizeScalar } from '../layout/size.js';
import type { ConvertContext, OnnxAttr, OpFamily, Ref } from '../types.js';
import { gatherPatches } from './image-patches.js';

type Kind = 'MaxPool' | 'AveragePool';

interface PoolPlan {
  readonly window: Window;
  readonly padding: Padding;
  readonly attrs: Record<string, OnnxAttr | undefined>;
}

function planPool(
  context: ConvertContext,
  format: DataFormat,
  ksize: readonly number[],
  strides: readonly number[],
): PoolPlan {
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
  return { window, padding, attrs };
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
  const plan = planPool(context, format, ksize, strides);
  if (context.value(0).dtype === 'int64' && rank === 4) return emitPatchMax(context, format, plan);
  const x = toChannelsFirst(context, context.ref(0), format);
  const y = poolFirst(context, kind, x, plan);
  const sizes = spatialDims(context.value(0).shape, format);
  return fromChannelsFirst(context, cutToPlaces(context, y, x, plan.window, plan.padding, sizes), format);
}

/** The pool of a channels-first tensor. */
function poolFirst(context: ConvertContext, kind: Kind, x: Ref, { window, padding, attrs }: PoolPlan): Ref {
  const { onnx } = context;
  if (kind === 'MaxPool') {
    const isPadded = padding.kind === 'computed';
    const low = isPadded ? lowest(context) : '';
    return onnx.op('MaxPool', [isPadded ? padComputed(context, x, window, low) : x], attrs);
  }
  if (padding.kind !== 'computed') return onnx.op('AveragePool', [x], { ...attrs, count_include_pad: 0 });
  // The average with zeros at the border, divided by the share of the window that is inside.
  const one = onnx.cast(onnx.scalar('float32', 1), 'float32', context.value(0).dtype);
  const ones = onnx.op('Expand', [one, onnx.op('Shape', [x])]);
  const [sum, share] = [x, ones].map((ref) =>
    onnx.op('AveragePool', [padComputed(context, ref, window)], attrs),
  ) as [Ref, Ref];
  return onnx.op('Div', [sum, share]);
}

/** The number that loses against every other in a maximum. */
function lowest(context: ConvertContext): Ref {
  const { dtype } = context.value(0);
  const found = LOWEST[dtype];
  if (found !== undefined) return context.onnx.scalar(dtype, found);
  throw context.refuse('TFD_DTYPE_UNSUPPORTED', `a padded maximum of ${dtype} is not handled`);
}

const LOWEST: Partial<Record<DType, number>> = {
  ...{ float32: -Infinity, float64: -Infinity, float16: -Infinity, bfloat16: -Infinity },
  ...{ uint8: 0, uint16: 0, int8: -128, int16: -32768, int32: -2147483648, int64: -(2 ** 63) },
};

/** The maximum of 64-bit integers, which has no pooling kernel: over patches. */
function emitPatchMax(context: ConvertContext, format: DataFormat, { window, padding }: PoolPlan): Ref {
  const { onnx } = context;
  const toLast = { perm: toLastPerm(4) };
  const x = format.isChannelsLast ? context.ref(0) : onnx.op('Transpose', [context.ref(0)], toLast);
  const patches = gatherPatches(context, x, window, padding, lowest(context)).tensor;
  const y = onnx.op('ReduceMax', [patches, onnx.i64([2, 4])], { keepdims: 0 });
  return format.isChannelsLast ? y : onnx.op('Transpose', [y], { perm: toFirstPerm(4) });
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
  const isPlain = ksize.every((size, axis) => axis === format.channel || size === 1);
  if (!isPlain || strides.some((stride, axis) => stride !== ksize[axis])) {
    throw context.refuse('TFD_ATTR_UNREAD', `ksize [${ksize.join()}] pools over channels and more`);
  }
  context.attrs.string('padding');
  if (!format.isChannelsLast) throw context.refuse('TFD_ATTR_UNREAD', 'depth pooling of NCHW is not handled');
  const groups = onnx.op('Reshape', [context.ref(0), onnx.i64([0, 0, 0, -1, depth])]);
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
  const plan = planPool(context, format, attrs.ints('ksize'), attrs.ints('strides'));
  if (plan.padding.kind === 'computed') {
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'strides larger than the window need fixed sizes');
  }
  const x = toChannelsFirst(context, context.ref(0), format);
  const sizes = spatialDims(shape, format);
  const [y, at] = onnx
    .ops('MaxPool', [x], 2, plan.attrs)
    .map((ref) => cutToPlaces(context, ref, x, plan.window, plan.padding, sizes)) as [Ref, Ref];
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
