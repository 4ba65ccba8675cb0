import { isStatic } from '../../base/shape.js';
import { reshapeConstant, transposeConstant } from '../derive.js';
import {
  type DataFormat,
  fromChannelsFirst,
  readDataFormat,
  spatialDims,
  spatialPart,
  toChannelsFirst,
} from '../layout/data-format.js';
import { padComputed, paddingAttrs, readPadding, type Window } from '../layout/padding.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';

/** How a TensorFlow filter becomes an ONNX one. */
export interface FilterRule {
  /** TensorFlow's filter axes in ONNX order. */
  readonly perm: readonly number[];
  readonly isDepthwise: boolean;
}

export const DENSE_2D: FilterRule = { perm: [3, 2, 0, 1], isDepthwise: false };
const DENSE_3D: FilterRule = { perm: [4, 3, 0, 1, 2], isDepthwise: false };
export const DEPTHWISE: FilterRule = { perm: [2, 3, 0, 1], isDepthwise: true };

/** The static shape of the filter input: without it neither the window nor the groups are known. */
export function filterShape(context: ConvertContext, index: number): readonly number[] {
  const { shape } = context.value(index);
  if (isStatic(shape)) return shape;
  throw context.refuse('TFD_SHAPE_UNKNOWN', 'the shape of the filter is not known');
}

/** The filter input in ONNX order: a new lazy constant where it is one, else transposed in the graph. */
export function permuteFilter(
  context: ConvertContext,
  index: number,
  perm: readonly number[],
  shape?: readonly number[],
): Ref {
  const { onnx } = context;
  const { constant } = context.value(index);
  if (constant !== undefined) {
    const turned = transposeConstant(constant, perm);
    return onnx.constant(shape === undefined ? turned : reshapeConstant(turned, shape));
  }
  const turned = onnx.op('Transpose', [context.ref(index)], { perm });
  return shape === undefined ? turned : onnx.op('Reshape', [turned, onnx.i64(shape)]);
}

/**
 * The convolution of a node whose inputs are (image, filter, …), without anything fused into it, in the node's
 * own layout. `bias` is one number per output channel.
 */
export function emitConv(context: ConvertContext, rule: FilterRule, bias?: Ref): Ref {
  const { onnx, attrs } = context;
  const shape = filterShape(context, 1);
  const format = readDataFormat(context, shape.length);
  const window: Window = {
    kernel: shape.slice(0, shape.length - 2),
    strides: spatialPart(context, 'strides', attrs.ints('strides'), format),
    dilations: readDilations(context, format),
  };
  const padding = readPadding(context, format, spatialDims(context.value(0).shape, format), window);
  let x = toChannelsFirst(context, context.ref(0), format);
  if (padding.kind === 'computed') x = padComputed(context, x, window);
  const inputs = [x, emitFilter(context, rule, shape)];
  const y = onnx.op('Conv', bias === undefined ? inputs : [...inputs, bias], {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    group: groupsOf(context, rule, shape, format),
    ...paddingAttrs(padding, window.kernel.length),
  });
  return fromChannelsFirst(context, y, format);
}

function readDilations(context: ConvertContext, format: DataFormat): number[] {
  const ones = new Array<number>(format.rank).fill(1);
  return spatialPart(context, 'dilations', context.attrs.ints('dilations', ones), format);
}

function emitFilter(context: ConvertContext, rule: FilterRule, shape: readonly number[]): Ref {
  if (!rule.isDepthwise) return permuteFilter(context, 1, rule.perm);
  const [height, width, channels, multiplier] = shape as [number, number, number, number];
  return permuteFilter(context, 1, rule.perm, [channels * multiplier, 1, height, width]);
}

/** Channels of the image divided by the channels that one filter sees (1 where the image's are unknown). */
function groupsOf(
  context: ConvertContext,
  rule: FilterRule,
  shape: readonly number[],
  format: DataFormat,
): number {
  const seen = shape[shape.length - 2]!;
  if (rule.isDepthwise) return seen;
  const channels = context.value(0).shape?.[format.channel];
  if (typeof channels !== 'number' || seen === 0) return 1;
  if (channels % seen === 0) return channels / seen;
  throw context.refuse('TFD_ATTR_UNREAD', `${channels} channels do not divide by the filter's ${seen}`);
}

const neutral = ['use_cudnn_on_gpu'];

/** Convolutions. */
export const conv: OpFamily = {
  Conv2D: {
    convert: (context) => [emitConv(context, DENSE_2D)],
    neutral,
    becomes: 'Conv (filter HWIO → OIHW, group = channels / filter channels)',
  },
  Conv3D: {
    convert: (context) => [emitConv(context, DENSE_3D)],
    neutral,
    becomes: 'Conv (filter DHWIO → OIDHW)',
  },
  DepthwiseConv2dNative: {
    convert: (context) => [emitConv(context, DEPTHWISE)],
    neutral,
    becomes: 'Conv (group = channels, filter HWCM → [C·M, 1, H, W])',
  },
};
