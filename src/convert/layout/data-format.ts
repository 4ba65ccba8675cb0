import type { Dim, Shape } from '../../base/shape.js';
import type { ConvertContext, Ref } from '../types.js';

/** Where TensorFlow keeps the channels of an image-like tensor: last (NHWC) or right after the batch. */
export interface DataFormat {
  readonly rank: number;
  readonly isChannelsLast: boolean;
  /** Axis of the channels. */
  readonly channel: number;
  /** Axes of depth, height, width, in order. */
  readonly spatial: readonly number[];
}

const NAMES: Readonly<Record<string, { rank: number; isChannelsLast: boolean }>> = {
  NHWC: { rank: 4, isChannelsLast: true },
  NCHW: { rank: 4, isChannelsLast: false },
  NDHWC: { rank: 5, isChannelsLast: true },
  NCDHW: { rank: 5, isChannelsLast: false },
};

export function makeDataFormat(rank: number, isChannelsLast: boolean): DataFormat {
  const first = isChannelsLast ? 1 : 2;
  return {
    rank,
    isChannelsLast,
    channel: isChannelsLast ? rank - 1 : 1,
    spatial: Array.from({ length: rank - 2 }, (_, index) => first + index),
  };
}

/** Reads `data_format`; one of another rank, or a vectorised one, is refused. */
export function readDataFormat(context: ConvertContext, rank?: number): DataFormat {
  const name = context.attrs.string('data_format', rank === 5 ? 'NDHWC' : 'NHWC');
  const known = NAMES[name];
  if (known === undefined || (rank !== undefined && known.rank !== rank)) {
    throw context.refuse('TFD_ATTR_UNREAD', `data_format "${name}" is not handled`);
  }
  return makeDataFormat(known.rank, known.isChannelsLast);
}

/** The permutation from channels-last to channels-first, e.g. [0, 3, 1, 2]. */
export function toFirstPerm(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, index) => index + 1)];
}

/** The permutation from channels-first to channels-last, e.g. [0, 2, 3, 1]. */
export function toLastPerm(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, index) => index + 2), 1];
}

export function toChannelsFirst(context: ConvertContext, ref: Ref, format: DataFormat): Ref {
  if (!format.isChannelsLast) return ref;
  return context.onnx.op('Transpose', [ref], { perm: toFirstPerm(format.rank) });
}

export function fromChannelsFirst(context: ConvertContext, ref: Ref, format: DataFormat): Ref {
  if (!format.isChannelsLast) return ref;
  return context.onnx.op('Transpose', [ref], { perm: toLastPerm(format.rank) });
}

/** The spatial dimensions of a shape, each undefined where the rank is unknown. */
export function spatialDims(shape: Shape, format: DataFormat): (Dim | undefined)[] {
  return format.spatial.map((axis) => shape?.[axis]);
}

/** The entries of a per-dimension attribute (strides, ksize, dilations) that belong to the spatial axes. */
export function spatialPart(
  context: ConvertContext,
  name: string,
  values: readonly number[],
  format: DataFormat,
): number[] {
  if (values.length !== format.rank) {
    throw context.refuse('TFD_ATTR_UNREAD', `${name} has ${values.length} entries, not ${format.rank}`);
  }
  if (values[0] !== 1 || values[format.channel] !== 1) {
    throw context.refuse('TFD_ATTR_UNREAD', `${name} [${values.join(', ')}] reaches over batch or channels`);
  }
  return format.spatial.map((axis) => values[axis]!);
}
