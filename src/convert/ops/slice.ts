import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { int64Vector, TO_END, TO_START, vectorOf } from './parts.js';
import { planSlice, type SliceAxis } from './slice-plan.js';

/** A bound of a slice: known, or element `item` of an int64 vector. */
type Bound = number | bigint | { readonly vector: Ref; readonly item: number };

/** The bounds as one int64 vector. */
function gatherBounds(context: ConvertContext, bounds: readonly Bound[]): Ref {
  const { onnx } = context;
  if (bounds.every((bound) => typeof bound !== 'object')) return int64Vector(context, bounds);
  const parts = bounds.map((bound) =>
    typeof bound === 'object'
      ? onnx.op('Gather', [bound.vector, onnx.i64([bound.item])], { axis: 0 })
      : int64Vector(context, [bound]),
  );
  return parts.length === 1 ? (parts[0] ?? '') : onnx.op('Concat', parts, { axis: 0 });
}

/** What the node says about element `item` of begin or end. */
function boundOf(context: ConvertContext, input: 1 | 2, item: number): Bound {
  const known = context.elements(input)?.[item];
  return typeof known === 'number' ? known : { vector: vectorOf(context, input), item };
}

function endOfOne(begin: Bound): Bound {
  if (begin === -1 || begin === -1n) return TO_END;
  if (typeof begin === 'object') throw new TypeError('the end of a computed index');
  return Number(begin) + 1;
}

/**
 * A backward slice whose begin may lie before the first element: TensorFlow then takes nothing, ONNX the first
 * one. The begin is counted from the front here, and such a slice made empty.
 */
function backwardBounds(
  context: ConvertContext,
  x: Ref,
  axis: SliceAxis,
  begin: Bound,
  end: Bound,
): [Ref, Ref] {
  const { onnx } = context;
  const zero = onnx.i64([0]);
  const dim = onnx.op('Gather', [onnx.op('Shape', [x]), onnx.i64([axis.axis])], { axis: 0 });
  const given = gatherBounds(context, [begin]);
  const front = onnx.op('Where', [onnx.op('Less', [given, zero]), onnx.op('Add', [given, dim]), given]);
  const isBefore = onnx.op('Less', [front, zero]);
  return [onnx.op('Max', [front, zero]), onnx.op('Where', [isBefore, zero, gatherBounds(context, [end])])];
}

function isSafeBackward(context: ConvertContext, { axis }: SliceAxis, begin: Bound): boolean {
  if (typeof begin === 'object') return false;
  const dim = context.value(0).shape?.[axis];
  return begin >= -1 || (typeof dim === 'number' && Number(begin) >= -dim);
}

function stridedSlice(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const plan = planSlice(context);
  const ranges = plan.axes.filter((axis) => axis.kind === 'range');
  const picks = plan.axes.filter((axis) => axis.kind === 'pick');
  let x = context.ref(0);
  const isFixed = picks.every(({ item }) => typeof boundOf(context, 1, item) !== 'object');
  const sliced = isFixed && (picks.length > 1 || ranges.length > 0) ? plan.axes : ranges;
  if (sliced.length > 0) x = emitSlice(context, x, sliced);
  if (sliced === plan.axes && picks.length > 0) {
    x = onnx.op('Squeeze', [x, onnx.i64(picks.map(({ axis }) => axis))]);
  } else {
    for (const { axis, item } of [...picks].reverse()) {
      const index = gatherBounds(context, [boundOf(context, 1, item)]);
      x = onnx.op('Gather', [x, onnx.op('Squeeze', [index, onnx.i64([0])])], { axis });
    }
  }
  return [plan.newAxes.length === 0 ? x : onnx.op('Unsqueeze', [x, onnx.i64(plan.newAxes)])];
}

function emitSlice(context: ConvertContext, x: Ref, axes: readonly SliceAxis[]): Ref {
  const { onnx } = context;
  const starts: Ref[] = [];
  const ends: Ref[] = [];
  for (const axis of axes) {
    const { stride } = axis;
    const begin = axis.isBeginMasked ? (stride > 0 ? 0 : TO_END) : boundOf(context, 1, axis.item);
    let end: Bound = stride > 0 ? TO_END : TO_START;
    if (axis.kind === 'pick') end = endOfOne(begin);
    else if (!axis.isEndMasked) end = boundOf(context, 2, axis.item);
    if (stride < 0 && !axis.isBeginMasked && !isSafeBackward(context, axis, begin)) {
      const [start, stop] = backwardBounds(context, x, axis, begin, end);
      starts.push(start);
      ends.push(stop);
    } else {
      starts.push(gatherBounds(context, [begin]));
      ends.push(gatherBounds(context, [end]));
    }
  }
  const join = (parts: readonly Ref[]) =>
    parts.length === 1 ? (parts[0] ?? '') : onnx.op('Concat', parts, { axis: 0 });
  return onnx.op('Slice', [
    x,
    join(starts),
    join(ends),
    onnx.i64(axes.map(({ axis }) => axis)),
    onnx.i64(axes.map(({ stride }) => stride)),
  ]);
}

/** begin and size; a size of −1 goes to the end. */
function slice(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const begin = context.elements(1);
  const size = context.elements(2);
  const isKnown = (dims: readonly unknown[] | undefined): dims is readonly number[] =>
    dims?.every((dim) => typeof dim === 'number') ?? false;
  const counts = [begin?.length, size?.length, context.value(1).shape?.[0], context.value(0).shape?.length];
  const count = counts.find((each) => typeof each === 'number');
  if (typeof count !== 'number') throw context.refuse('TFD_SHAPE_UNKNOWN', 'the number of axes is not known');
  if (isKnown(begin) && isKnown(size)) {
    const axes = begin.map((_, axis) => axis).filter((axis) => begin[axis] !== 0 || size[axis] !== -1);
    if (axes.length === 0) return [context.ref(0)];
    const starts = axes.map((axis) => begin[axis] ?? 0);
    const ends = axes.map((axis) => (size[axis] === -1 ? TO_END : (begin[axis] ?? 0) + (size[axis] ?? 0)));
    return [onnx.op('Slice', [context.ref(0), onnx.i64(starts), int64Vector(context, ends), onnx.i64(axes)])];
  }
  const starts = vectorOf(context, 1);
  const sizes = vectorOf(context, 2);
  const isRest = onnx.op('Less', [sizes, onnx.i64([0])]);
  const ends = onnx.op('Where', [isRest, int64Vector(context, [TO_END]), onnx.op('Add', [starts, sizes])]);
  const axes = Array.from({ length: count }, (_, axis) => axis);
  return [onnx.op('Slice', [context.ref(0), starts, ends, onnx.i64(axes)])];
}

/** Backward along constant axes. */
function reverseAxes(context: ConvertContext, axes: readonly number[]): Ref {
  if (axes.length === 0) return context.ref(0);
  const every = <T>(value: T) => axes.map(() => value);
  const { onnx } = context;
  return onnx.op('Slice', [
    context.ref(0),
    onnx.i64(every(-1)),
    int64Vector(context, every(TO_START)),
    onnx.i64(axes),
    onnx.i64(every(-1)),
  ]);
}

/** Slice and its relatives. */
export const slices: OpFamily = {
  StridedSlice: { convert: stridedSlice, becomes: 'Slice, Gather, Squeeze, Unsqueeze' },
  Slice: { convert: slice, becomes: 'Slice' },
  ReverseV2: {
    convert: (context) => [reverseAxes(context, context.constInts(1))],
    becomes: 'Slice with step −1',
  },
  Reverse: {
    convert: (context) => [
      reverseAxes(
        context,
        context.constInts(1).flatMap((isReversed, axis) => (isReversed === 0 ? [] : [axis])),
      ),
    ],
    becomes: 'Slice with step −1',
  },
};
