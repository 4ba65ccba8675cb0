import type { Dim } from '../../base/shape.js';
import type { ConvertContext, OnnxAttr, Ref } from '../types.js';
import type { DataFormat } from './data-format.js';

/** A sliding window over the spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/**
 * How the borders are padded: by fixed amounts, by ONNX's `SAME_UPPER` rule, or by amounts computed in the graph
 * (SAME with an unknown size, where `SAME_UPPER` does not work).
 */
export type Padding =
  | { readonly kind: 'fixed'; readonly begin: readonly number[]; readonly end: readonly number[] }
  | { readonly kind: 'auto' }
  | { readonly kind: 'computed' };

/** Elements that a dilated kernel reaches over. */
export function extent(window: Window, axis: number): number {
  return (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
}

/** TensorFlow's SAME: begin = floor(total / 2), so that an odd pixel goes to the end. */
export function samePads(size: number, reach: number, stride: number): { begin: number; end: number } {
  const out = Math.ceil(size / stride);
  const total = Math.max((out - 1) * stride + reach - size, 0);
  const begin = Math.floor(total / 2);
  return { begin, end: total - begin };
}

/** Reads `padding` and `explicit_paddings`, and plans them for an input of these spatial sizes. */
export function readPadding(
  context: ConvertContext,
  format: DataFormat,
  sizes: readonly (Dim | undefined)[],
  window: Window,
): Padding {
  const padding = context.attrs.string('padding');
  if (padding === 'EXPLICIT') {
    const pairs = readExplicit(context, format);
    return { kind: 'fixed', begin: pairs.map((pair) => pair[0]), end: pairs.map((pair) => pair[1]) };
  }
  const zeros = sizes.map(() => 0);
  if (padding === 'VALID') return { kind: 'fixed', begin: zeros, end: zeros };
  if (padding !== 'SAME') throw context.refuse('TFD_ATTR_UNREAD', `padding "${padding}" is not handled`);
  const pads = sizes.map((size, axis) => {
    const stride = window.strides[axis]!;
    const reach = extent(window, axis);
    // With stride 1 the amount does not depend on the size, and a window of 1 needs none.
    if (stride === 1 || reach === 1) return samePads(reach, reach, 1);
    return typeof size === 'number' ? samePads(size, reach, stride) : undefined;
  });
  if (pads.every((pad) => pad !== undefined)) {
    return { kind: 'fixed', begin: pads.map((pad) => pad.begin), end: pads.map((pad) => pad.end) };
  }
  return canAutoPad(window) ? { kind: 'auto' } : { kind: 'computed' };
}

/**
 * ONNX Runtime's auto_pad refuses dilations when it runs, and pads by negative amounts, that is wrongly, where
 * a stride steps over elements.
 */
function canAutoPad(window: Window): boolean {
  return window.strides.every(
    (stride, axis) => window.dilations[axis] === 1 && extent(window, axis) >= stride,
  );
}

/** The (begin, end) pairs of the spatial axes of `explicit_paddings`. */
export function readExplicit(context: ConvertContext, format: DataFormat): [number, number][] {
  const list = context.attrs.ints('explicit_paddings');
  if (list.length !== format.rank * 2) {
    throw context.refuse('TFD_ATTR_UNREAD', `explicit_paddings has ${list.length} entries`);
  }
  const pair = (axis: number): [number, number] => [list[axis * 2]!, list[axis * 2 + 1]!];
  if ([...pair(0), ...pair(format.channel)].some((amount) => amount !== 0)) {
    throw context.refuse('TFD_ATTR_UNREAD', 'explicit_paddings reach over batch or channels');
  }
  return format.spatial.map(pair);
}

/** The attributes that say `padding` to an ONNX Conv or pool; a computed one is in the data already. */
export function paddingAttrs(padding: Padding, spatialRank: number): Record<string, OnnxAttr | undefined> {
  if (padding.kind === 'auto') return { auto_pad: 'SAME_UPPER' };
  if (padding.kind === 'computed') return { pads: new Array<number>(spatialRank * 2).fill(0) };
  return { pads: [...padding.begin, ...padding.end] };
}

/**
 * Cuts a channels-first result to the places that the window has. Where a stride is longer than 1, ONNX Runtime
 * counts one place for a window that is larger than the tensor, which TensorFlow has none for.
 */
export function cutToPlaces(
  context: ConvertContext,
  result: Ref,
  source: Ref,
  window: Window,
  padding: Padding,
  sizes: readonly (Dim | undefined)[],
): Ref {
  const { onnx } = context;
  if (padding.kind !== 'fixed') return result;
  const pads = window.kernel.map((_, axis) => padding.begin[axis]! + padding.end[axis]!);
  const axes = window.kernel
    .map((_, axis) => axis)
    .filter((axis) => {
      const size = sizes[axis];
      const least = extent(window, axis) - pads[axis]!;
      return window.strides[axis]! > 1 && least > 1 && !(typeof size === 'number' && size >= least);
    });
  if (axes.length === 0) return result;
  const at = onnx.i64(axes.map((axis) => axis + 2));
  const size = onnx.op('Gather', [onnx.op('Shape', [source]), at], { axis: 0 });
  const stride = onnx.i64(axes.map((axis) => window.strides[axis]!));
  const first = onnx.i64(axes.map((axis) => window.strides[axis]! + pads[axis]! - extent(window, axis)));
  const count = onnx.op('Div', [onnx.op('Max', [onnx.op('Add', [size, first]), onnx.i64([0])]), stride]);
  return onnx.op('Slice', [result, onnx.i64(axes.map(() => 0)), count, at]);
}

/** Pads a channels-first tensor, with zeros or a scalar, by SAME amounts that are computed from its shape. */
export function padComputed(context: ConvertContext, ref: Ref, window: Window, fill: Ref = ''): Ref {
  const { onnx } = context;
  const spatialRank = window.kernel.length;
  const size = onnx.op('Slice', [
    onnx.op('Shape', [ref]),
    onnx.i64([2]),
    onnx.i64([2 + spatialRank]),
    onnx.i64([0]),
  ]);
  const stride = onnx.i64(window.strides);
  const reach = onnx.i64(window.strides.map((_, axis) => extent(window, axis)));
  const lastStart = onnx.op('Mul', [onnx.op('Div', [onnx.op('Sub', [size, onnx.i64([1])]), stride]), stride]);
  const wanted = onnx.op('Sub', [onnx.op('Add', [lastStart, reach]), size]);
  const total = onnx.op('Max', [wanted, onnx.i64([0])]);
  const begin = onnx.op('Div', [total, onnx.i64([2])]);
  const end = onnx.op('Sub', [total, begin]);
  const none = onnx.i64([0, 0]);
  return onnx.op('Pad', [ref, onnx.op('Concat', [none, begin, none, end], { axis: 0 }), fill]);
}
