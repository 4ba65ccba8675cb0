import type { Dim, Shape } from '../../base/shape.js';
import {
  addDims,
  asSize,
  ceilDivideDim,
  divideExactly,
  floorDivideDim,
  multiplyDims,
  subtractDims,
} from '../dims.js';
import { shapeFromInput } from './array.js';
import { type ShapeContext, type ShapeFamily, type ShapeRow, sameRow } from './types.js';

/** Where the channel and the spatial dimensions of a layout lie. */
export interface Layout {
  readonly channel: number;
  readonly spatial: readonly number[];
}

/** NHWC and NDHWC have channels last, NCHW and NCDHW first; other layouts are undefined. */
export function layoutOf(format: string, rank: number): Layout | undefined {
  const count = rank - 2;
  if (format === 'NHWC' || format === 'NDHWC' || format === 'NWC') {
    return { channel: rank - 1, spatial: Array.from({ length: count }, (_, i) => i + 1) };
  }
  if (format === 'NCHW' || format === 'NCDHW' || format === 'NCW') {
    return { channel: 1, spatial: Array.from({ length: count }, (_, i) => i + 2) };
  }
  return undefined;
}

interface WindowSize {
  readonly kernel: Dim;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [number, number];
}

function windowOutput(padding: string, size: Dim, w: WindowSize): Dim | undefined {
  if (padding === 'SAME') return ceilDivideDim(size, w.stride);
  if (typeof w.kernel !== 'number') return undefined;
  const reach = (w.kernel - 1) * w.dilation + 1;
  const slack = w.pads[0] + w.pads[1] - reach + w.stride;
  const sum = addDims(size, slack);
  const quotient = sum === undefined ? undefined : floorDivideDim(sum, w.stride);
  return quotient === undefined ? undefined : asSize(quotient);
}

function slidingShape(
  c: ShapeContext,
  rank: number,
  kernels: readonly Dim[] | undefined,
  channels: Dim | undefined,
): Shape {
  const dims = c.dims(0);
  const format = c.attrs.string('data_format', rank === 4 ? 'NHWC' : 'NDHWC');
  const layout = layoutOf(format, rank);
  if (layout === undefined || (dims !== undefined && dims.length !== rank)) return null;
  const strides = c.attrs.ints('strides', new Array(rank).fill(1));
  const dilations = c.attrs.has('dilations') ? c.attrs.ints('dilations') : new Array<number>(rank).fill(1);
  const padding = c.attrs.string('padding', 'VALID');
  const explicit = c.attrs.has('explicit_paddings') ? c.attrs.ints('explicit_paddings') : [];
  const result: Dim[] = new Array(rank);
  result[0] = dims?.[0] ?? c.fresh();
  result[layout.channel] = channels ?? c.fresh();
  layout.spatial.forEach((axis, i) => {
    const size = dims?.[axis];
    const window: WindowSize = {
      kernel: kernels?.[i] ?? '~',
      stride: strides[axis] ?? 1,
      dilation: dilations[axis] ?? 1,
      pads: padding === 'EXPLICIT' ? [explicit[2 * axis] ?? 0, explicit[2 * axis + 1] ?? 0] : [0, 0],
    };
    result[axis] = (size === undefined ? undefined : windowOutput(padding, size, window)) ?? c.fresh();
  });
  return result;
}

const convolution =
  (rank: number): ShapeRow =>
  (c) => {
    const kernel = c.dims(1);
    return [slidingShape(c, rank, kernel?.slice(0, rank - 2), kernel?.[rank - 1])];
  };

const depthwise: ShapeRow = (c) => {
  const kernel = c.dims(1);
  const channels = kernel === undefined ? undefined : multiplyDims(kernel[2]!, kernel[3]!);
  return [slidingShape(c, 4, kernel?.slice(0, 2), channels)];
};

const pool =
  (rank: number): ShapeRow =>
  (c) => {
    const format = c.attrs.string('data_format', rank === 4 ? 'NHWC' : 'NDHWC');
    const layout = layoutOf(format, rank);
    const ksize = c.attrs.has('ksize') ? c.attrs.ints('ksize') : c.constInts(1);
    const kernels = layout?.spatial.map((axis) => ksize?.[axis] ?? '~');
    const shape = slidingShape(
      c,
      rank,
      kernels,
      layout === undefined ? undefined : c.dims(0)?.[layout.channel],
    );
    return new Array(c.outputCount).fill(shape);
  };

const poolV2: ShapeRow = (c) => {
  const dims = c.dims(0);
  const [ksize, strides] = [c.constInts(1), c.constInts(2)];
  const layout = layoutOf(c.attrs.string('data_format', 'NHWC'), 4);
  if (dims === undefined || ksize === undefined || strides === undefined || layout === undefined)
    return [null];
  const padding = c.attrs.string('padding');
  return [
    dims.map((dim, axis) => {
      if (!layout.spatial.includes(axis)) return dim;
      const window = { kernel: ksize[axis]!, stride: strides[axis]!, dilation: 1, pads: [0, 0] as const };
      return windowOutput(padding, dim, window) ?? c.fresh();
    }),
  ];
};

/** Resize ops: the new height and width are input 1. */
const resize: ShapeRow = (c) => {
  const dims = c.dims(0);
  const size = c.rank(1) === 1 || c.ints(1) !== undefined ? shapeFromInput(c, 1) : null;
  return [[dims?.[0] ?? c.fresh(), size?.[0] ?? c.fresh(), size?.[1] ?? c.fresh(), dims?.[3] ?? c.fresh()]];
};

const batchNorm: ShapeRow = (c) => {
  const dims = c.dims(0);
  const format = c.attrs.string('data_format', 'NHWC');
  const layout = dims === undefined ? undefined : layoutOf(format, dims.length);
  const channel = [dims?.[layout?.channel ?? -1] ?? c.dims(1)?.[0] ?? c.fresh()];
  return [c.shape(0), channel, channel, channel, channel, null];
};

function blockShape(c: ShapeContext, toDepth: boolean): Shape {
  const dims = c.dims(0);
  const layout = layoutOf(c.attrs.string('data_format', 'NHWC'), 4);
  const block = c.attrs.int('block_size');
  if (dims?.length !== 4 || layout === undefined) return null;
  return dims.map((dim, axis) => {
    if (axis === 0) return dim;
    const factor = axis === layout.channel ? block * block : block;
    const grows = (axis === layout.channel) === toDepth;
    return (grows ? multiplyDims(dim, factor) : divideExactly(dim, factor)) ?? c.fresh();
  });
}

function spaceBatch(c: ShapeContext, toBatch: boolean): Shape {
  const dims = c.dims(0);
  const block = c.attrs.has('block_size')
    ? [c.attrs.int('block_size'), c.attrs.int('block_size')]
    : c.constInts(1);
  const pads = c.constMatrix(c.attrs.has('block_size') ? 1 : 2);
  if (dims === undefined || block === undefined) {
    return dims === undefined ? null : dims.map(() => c.fresh());
  }
  const volume = block.reduce((a, b) => a * b, 1);
  return dims.map((dim, axis): Dim => {
    if (axis === 0) return (toBatch ? multiplyDims(dim, volume) : divideExactly(dim, volume)) ?? c.fresh();
    const size = block[axis - 1];
    if (size === undefined) return dim;
    if (pads === undefined) return c.fresh();
    const border = pads[2 * axis - 2]! + pads[2 * axis - 1]!;
    const padded = toBatch ? addDims(dim, border) : multiplyDims(dim, size);
    if (padded === undefined) return c.fresh();
    return (toBatch ? divideExactly(padded, size) : subtractDims(padded, border)) ?? c.fresh();
  });
}

const extractPatches: ShapeRow = (c) => {
  const dims = c.dims(0);
  const [ksizes, rates] = [c.attrs.ints('ksizes'), c.attrs.ints('rates')];
  const strides = c.attrs.ints('strides');
  if (dims?.length !== 4) return [null];
  const out = (axis: number): Dim =>
    windowOutput(c.attrs.string('padding'), dims[axis]!, {
      kernel: ksizes[axis]!,
      stride: strides[axis]!,
      dilation: rates[axis]!,
      pads: [0, 0],
    }) ?? c.fresh();
  return [[dims[0]!, out(1), out(2), multiplyDims(dims[3]!, ksizes[1]! * ksizes[2]!) ?? c.fresh()]];
};

export const spatialShapes: ShapeFamily = {
  ...sameRow('Conv2D _FusedConv2D', convolution(4)),
  Conv3D: convolution(5),
  ...sameRow('DepthwiseConv2dNative _FusedDepthwiseConv2dNative', depthwise),
  ...sameRow('Conv2DBackpropInput Conv3DBackpropInputV2', (c) => [shapeFromInput(c, 0)]),
  ...sameRow('MaxPool AvgPool MaxPoolWithArgmax', pool(4)),
  ...sameRow('MaxPool3D AvgPool3D', pool(5)),
  MaxPoolV2: poolV2,
  ...sameRow('ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea ScaleAndTranslate', resize),
  ...sameRow('FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 _FusedBatchNormEx', batchNorm),
  SpaceToDepth: (c) => [blockShape(c, true)],
  DepthToSpace: (c) => [blockShape(c, false)],
  ...sameRow('SpaceToBatchND SpaceToBatch', (c) => [spaceBatch(c, true)]),
  ...sameRow('BatchToSpaceND BatchToSpace', (c) => [spaceBatch(c, false)]),
  ExtractImagePatches: extractPatches,
  CropAndResize: (c) => {
    const size = c.ints(3);
    return [
      [
        c.dims(1)?.[0] ?? c.fresh(),
        size?.[0] ?? c.fresh(),
        size?.[1] ?? c.fresh(),
        c.dims(0)?.[3] ?? c.fresh(),
      ],
    ];
  },
  ...sameRow('ImageProjectiveTransformV2 ImageProjectiveTransformV3', (c) => {
    const size = c.ints(2);
    return [
      [
        c.dims(0)?.[0] ?? c.fresh(),
        size?.[0] ?? c.fresh(),
        size?.[1] ?? c.fresh(),
        c.dims(0)?.[3] ?? c.fresh(),
      ],
    ];
  }),
};
