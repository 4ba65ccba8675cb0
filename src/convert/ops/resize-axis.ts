import type { Dim } from '../../base/shape.js';
import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, Ref } from '../types.js';
import { beside } from './guards.js';
import {
  areaWeights,
  cubicSteepness,
  cubicTable,
  cubicTaps,
  nearestIndices,
  type ResizeRule,
} from './resize-taps.js';

/** One axis of a resize. The sizes are numbers where the graph fixes them, and made in the graph otherwise. */
export interface ResizeAxis {
  readonly rule: ResizeRule;
  readonly from: Dim | undefined;
  readonly to: Dim | undefined;
  /** int64 scalars. */
  readonly fromRef: () => Ref;
  readonly toRef: () => Ref;
}

interface Placed extends ResizeAxis {
  /** The axis of the tensor, which is channels-last and of rank 4. */
  readonly axis: 1 | 2;
}

function isFixed(axis: ResizeAxis): axis is ResizeAxis & { from: number; to: number } {
  return typeof axis.from === 'number' && typeof axis.to === 'number';
}

/** float32 input pixels per output pixel, computed in the graph. */
function scaleInGraph(context: ConvertContext, axis: ResizeAxis): Ref {
  const { onnx } = context;
  const from = onnx.cast(axis.fromRef(), 'int64', 'float32');
  const to = onnx.cast(axis.toRef(), 'int64', 'float32');
  const plain = onnx.op('Div', [from, to]);
  if (!axis.rule.alignCorners) return plain;
  const one = onnx.scalar('float32', 1);
  const last = onnx.op('Sub', [to, one]);
  const inner = onnx.op('Div', [onnx.op('Sub', [from, one]), onnx.op('Max', [last, one])]);
  return onnx.op('Where', [onnx.op('Greater', [onnx.op('Min', [from, to]), one]), inner, plain]);
}

/** 0, 1, 2 … as float32, one for each output pixel. */
function positions(context: ConvertContext, axis: ResizeAxis): Ref {
  const { onnx } = context;
  return onnx.cast(
    onnx.op('Range', [onnx.i64Scalar(0), axis.toRef(), onnx.i64Scalar(1)]),
    'int64',
    'float32',
  );
}

/** Indices brought into the image: int64. */
function bound(context: ConvertContext, index: Ref, axis: ResizeAxis): Ref {
  const { onnx } = context;
  const last = onnx.op('Sub', [axis.fromRef(), onnx.i64Scalar(1)]);
  return onnx.op('Max', [onnx.op('Min', [index, last]), onnx.i64Scalar(0)]);
}

export function emitNearestAxis(context: ConvertContext, x: Ref, axis: Placed): Ref {
  const { onnx } = context;
  if (isFixed(axis)) {
    return onnx.op('Gather', [x, onnx.i64(nearestIndices(axis.from, axis.to, axis.rule))], {
      axis: axis.axis,
    });
  }
  const half = onnx.scalar('float32', 0.5);
  const shifted = axis.rule.halfPixel
    ? onnx.op('Add', [positions(context, axis), half])
    : positions(context, axis);
  const source = onnx.op('Mul', [shifted, scaleInGraph(context, axis)]);
  const rounded = onnx.op('Floor', [axis.rule.alignCorners ? onnx.op('Add', [source, half]) : source]);
  const index = bound(context, onnx.cast(rounded, 'float32', 'int64'), axis);
  return onnx.op('Gather', [x, index], { axis: axis.axis });
}

/** Four weighted Gathers along one axis of a channels-last float32 image. */
export function emitCubicAxis(context: ConvertContext, x: Ref, axis: Placed): Ref {
  const { onnx } = context;
  const taps = isFixed(axis) ? fixedTaps(context, axis) : tapsInGraph(context, axis);
  const trailing = onnx.i64(axis.axis === 1 ? [1, 2] : [1]);
  const parts = taps.map(({ index, weight }) =>
    onnx.op('Mul', [
      onnx.op('Gather', [x, index], { axis: axis.axis }),
      onnx.op('Unsqueeze', [weight, trailing]),
    ]),
  );
  return parts.reduce((sum, part) => onnx.op('Add', [sum, part]));
}

interface Tap {
  /** int64 pixel per output position. */
  readonly index: Ref;
  /** float32 weight per output position. */
  readonly weight: Ref;
}

/** A float32 vector. */
export function floats(context: ConvertContext, values: readonly number[]): Ref {
  return context.onnx.constant(denseValue(numericTensor('float32', [values.length], values)));
}

function fixedTaps(context: ConvertContext, axis: Placed & { from: number; to: number }): Tap[] {
  const { indices, weights } = cubicTaps(axis.from, axis.to, axis.rule);
  return indices.map((index, tap) => ({
    index: context.onnx.i64(index),
    weight: floats(context, weights[tap]!),
  }));
}

/** The same taps computed at run time, step by step as TensorFlow does in float32. */
function tapsInGraph(context: ConvertContext, axis: Placed): Tap[] {
  const { onnx } = context;
  const { rule } = axis;
  const half = onnx.scalar('float32', 0.5);
  const scale = scaleInGraph(context, axis);
  const at = positions(context, axis);
  const source = rule.halfPixel
    ? onnx.op('Sub', [onnx.op('Mul', [onnx.op('Add', [at, half]), scale]), half])
    : onnx.op('Mul', [at, scale]);
  const floor = onnx.op('Floor', [source]);
  const distance = onnx.op('Mul', [onnx.op('Sub', [source, floor]), onnx.scalar('float32', 1024)]);
  const step = onnx.cast(onnx.op('Round', [distance]), 'float32', 'int64');
  const mirrored = onnx.op('Sub', [onnx.i64Scalar(1024), step]);
  const table = cubicTable(cubicSteepness(rule));
  const [near, far] = [floats(context, table.near), floats(context, table.far)];
  const first = onnx.cast(floor, 'float32', 'int64');
  const raw = [
    onnx.op('Gather', [far, step]),
    onnx.op('Gather', [near, step]),
    onnx.op('Gather', [near, mirrored]),
    onnx.op('Gather', [far, mirrored]),
  ];
  const wanted = raw.map((_, tap) => onnx.op('Add', [first, onnx.i64Scalar(tap - 1)]));
  const index = wanted.map((ref) => bound(context, ref, axis));
  if (!rule.halfPixel) return raw.map((weight, tap) => ({ index: index[tap]!, weight }));
  const zero = onnx.scalar('float32', 0);
  const kept = raw.map((weight, tap) =>
    onnx.op('Where', [onnx.op('Equal', [wanted[tap]!, index[tap]!]), weight, zero]),
  );
  const sum = kept.reduce((total, weight) => onnx.op('Add', [total, weight]));
  return kept.map((weight, tap) => ({ index: index[tap]!, weight: onnx.op('Div', [weight, sum]) }));
}

/** rows · image · columnsᵀ on a channels-first float32 image, where rows and columns hold shares of areas. */
export function emitArea(context: ConvertContext, x: Ref, height: ResizeAxis, width: ResizeAxis): Ref {
  const { onnx } = context;
  const columns = onnx.op('Transpose', [areaMatrix(context, width)], { perm: [1, 0] });
  const rows = beside(context, areaMatrix(context, height));
  return onnx.op('MatMul', [rows, onnx.op('MatMul', [x, columns])]);
}

function areaMatrix(context: ConvertContext, axis: ResizeAxis): Ref {
  const { onnx } = context;
  if (isFixed(axis)) {
    const data = areaWeights(axis.from, axis.to, axis.rule);
    return onnx.constant(denseValue({ dtype: 'float32', shape: [axis.to, axis.from], data }));
  }
  if (axis.rule.alignCorners) {
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'area resizing with align_corners needs fixed sizes');
  }
  const scale = scaleInGraph(context, axis);
  const from = onnx.op('Unsqueeze', [onnx.op('Mul', [positions(context, axis), scale]), onnx.i64([1])]);
  const to = onnx.op('Add', [from, scale]);
  const cells = onnx.op('Range', [onnx.i64Scalar(0), axis.fromRef(), onnx.i64Scalar(1)]);
  const start = onnx.cast(cells, 'int64', 'float32');
  const end = onnx.op('Add', [start, onnx.scalar('float32', 1)]);
  const overlap = onnx.op('Sub', [onnx.op('Min', [end, to]), onnx.op('Max', [start, from])]);
  const share = onnx.op('Max', [overlap, onnx.scalar('float32', 0)]);
  return onnx.op('Div', [share, scale]);
}
