import { type Dim, isStatic, type Shape } from '../../base/shape.js';
import { divideExactly } from '../../graph/dims.js';
import { fromChannelsFirst, makeDataFormat, toChannelsFirst } from '../layout/data-format.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { emitArea, emitCubicAxis, emitNearestAxis, floats, type ResizeAxis } from './resize-axis.js';
import { isNearestUndisputed, type ResizeRule } from './resize-taps.js';

const NHWC = makeDataFormat(4, true);

/** What a resize node asks for: its rule, and the sizes of height and width before and after. */
interface ResizeSpec {
  readonly rule: ResizeRule;
  readonly from: readonly (Dim | undefined)[];
  readonly to: readonly (Dim | undefined)[];
  /** The sizes after, as an int64 vector. */
  readonly sizes: Ref;
}

function readSpec(context: ConvertContext, rule: ResizeRule): ResizeSpec {
  const { shape } = context.value(0);
  const to = context.elements(1) ?? [undefined, undefined];
  const isKnown = isStatic(to as Shape);
  const sizes = isKnown ? context.onnx.i64(to as number[]) : readSizes(context);
  return { rule, from: [shape?.[1], shape?.[2]], to, sizes };
}

/** The sizes input as int64; ONNX Runtime refuses to load a Resize whose sizes have no known length. */
function readSizes(context: ConvertContext): Ref {
  const { onnx } = context;
  const sizes = onnx.cast(context.ref(1), context.value(1).dtype, 'int64');
  return context.value(1).shape?.[0] === 2 ? sizes : onnx.op('Reshape', [sizes, onnx.i64([2])]);
}

function readRule(context: ConvertContext): ResizeRule {
  const rule = {
    alignCorners: context.attrs.bool('align_corners', false),
    halfPixel: context.attrs.bool('half_pixel_centers', false),
  };
  if (!rule.alignCorners || !rule.halfPixel) return rule;
  throw context.refuse('TFD_ATTR_UNREAD', 'align_corners and half_pixel_centers exclude each other');
}

function coordinateMode(rule: ResizeRule): string {
  if (rule.halfPixel) return 'half_pixel';
  return rule.alignCorners ? 'align_corners' : 'asymmetric';
}

/** ONNX's Resize of height and width of a channels-last image. */
function emitResize(context: ConvertContext, x: Ref, spec: ResizeSpec, mode: Record<string, string>): Ref {
  const { onnx } = context;
  const first = toChannelsFirst(context, x, NHWC);
  const factors = wholeFactors(spec);
  const inputs =
    factors === undefined
      ? [first, '', '', targetShape(context, first, spec)]
      : [first, '', floats(context, [1, 1, ...factors])];
  const y = onnx.op('Resize', inputs, {
    coordinate_transformation_mode: coordinateMode(spec.rule),
    ...mode,
  });
  return fromChannelsFirst(context, y, NHWC);
}

/** How many times larger the image gets, where both are whole numbers, also of sizes that are not known. */
function wholeFactors({ from, to }: ResizeSpec): number[] | undefined {
  const factors = from.map((size, axis) => {
    const target = to[axis];
    return size === undefined || target === undefined ? undefined : divideExactly(target, size);
  });
  return factors.every((factor) => typeof factor === 'number') ? factors : undefined;
}

/** The whole shape: ONNX Runtime's own optimizer breaks a Resize of some `axes`. */
function targetShape(context: ConvertContext, first: Ref, spec: ResizeSpec): Ref {
  const { onnx } = context;
  const { shape } = context.value(0);
  const outer = [shape?.[0], shape?.[3]];
  if (isStatic(outer as Shape) && isStatic(spec.to as Shape)) {
    return onnx.i64([...outer, ...spec.to] as number[]);
  }
  const kept = onnx.op('Shape', [first], { start: 0, end: 2 });
  return onnx.op('Concat', [kept, spec.sizes], { axis: 0 });
}

/** All of these answer in float32, whatever the image is made of. */
function floatImage(context: ConvertContext): Ref {
  return context.onnx.cast(context.ref(0), context.value(0).dtype, 'float32');
}

function convertBilinear(context: ConvertContext): readonly Ref[] {
  const spec = readSpec(context, readRule(context));
  return [emitResize(context, floatImage(context), spec, { mode: 'linear' })];
}

/** True where ONNX Runtime's Resize takes the same pixels as TensorFlow does. */
function isSameNearest(from: Dim | undefined, to: Dim | undefined, rule: ResizeRule): boolean {
  if (typeof from === 'number' && typeof to === 'number') return isNearestUndisputed(from, to, rule);
  if (from === undefined || to === undefined || rule.alignCorners) return false;
  // Repeating each pixel k times leaves no position near a border between two pixels.
  return typeof divideExactly(to, from) === 'number';
}

function convertNearest(context: ConvertContext): readonly Ref[] {
  const spec = readSpec(context, readRule(context));
  const { rule, from, to } = spec;
  if (from.every((size, axis) => isSameNearest(size, to[axis], rule))) {
    const nearest_mode = rule.halfPixel || rule.alignCorners ? 'round_prefer_ceil' : 'floor';
    return [emitResize(context, context.ref(0), spec, { mode: 'nearest', nearest_mode })];
  }
  const rows = emitNearestAxis(context, context.ref(0), { ...axisOf(context, spec, 0), axis: 1 });
  return [emitNearestAxis(context, rows, { ...axisOf(context, spec, 1), axis: 2 })];
}

function convertBicubic(context: ConvertContext): readonly Ref[] {
  const spec = readSpec(context, readRule(context));
  const rows = emitCubicAxis(context, floatImage(context), { ...axisOf(context, spec, 0), axis: 1 });
  return [emitCubicAxis(context, rows, { ...axisOf(context, spec, 1), axis: 2 })];
}

function convertArea(context: ConvertContext): readonly Ref[] {
  const rule = { alignCorners: context.attrs.bool('align_corners', false), halfPixel: false };
  const spec = readSpec(context, rule);
  const x = toChannelsFirst(context, floatImage(context), NHWC);
  const y = emitArea(context, x, axisOf(context, spec, 0), axisOf(context, spec, 1));
  return [fromChannelsFirst(context, y, NHWC)];
}

function axisOf(context: ConvertContext, spec: ResizeSpec, index: 0 | 1): ResizeAxis {
  return {
    rule: spec.rule,
    from: spec.from[index],
    to: spec.to[index],
    fromRef: () =>
      context.onnx.op('Gather', [
        context.onnx.op('Shape', [context.ref(0)]),
        context.onnx.i64Scalar(index + 1),
      ]),
    toRef: () => context.onnx.op('Gather', [spec.sizes, context.onnx.i64Scalar(index)]),
  };
}

/** Resizing images. */
export const resize: OpFamily = {
  ResizeBilinear: { convert: convertBilinear, becomes: 'Resize (linear)' },
  ResizeNearestNeighbor: {
    convert: convertNearest,
    becomes: 'Resize (nearest) where it takes the same pixels, else two Gathers',
  },
  ResizeBicubic: {
    convert: convertBicubic,
    becomes: "four Gathers per axis, weighted by TensorFlow's table",
  },
  ResizeArea: { convert: convertArea, becomes: 'two MatMuls with the areas as weights' },
};
