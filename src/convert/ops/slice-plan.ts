import type { ConvertContext } from '../types.js';

/** What a StridedSlice does along one axis of its input. `item` is its place in begin, end and strides. */
export interface SliceAxis {
  readonly kind: 'range' | 'pick';
  readonly axis: number;
  readonly item: number;
  readonly stride: number;
  readonly isBeginMasked: boolean;
  readonly isEndMasked: boolean;
}

export interface SlicePlan {
  /** Axes that change, in order. */
  readonly axes: readonly SliceAxis[];
  /** Places of the new axes in the result. */
  readonly newAxes: readonly number[];
}

const hasBit = (mask: number, bit: number): boolean => Math.floor(mask / 2 ** bit) % 2 === 1;

/** Number of entries of the slice: the length of begin, end or strides. */
function entryCount(context: ConvertContext): number {
  for (const index of [3, 1, 2]) {
    const length = context.elements(index)?.length ?? context.value(index).shape?.[0];
    if (typeof length === 'number') return length;
  }
  throw context.refuse('TFD_SHAPE_UNKNOWN', 'the number of its entries is not known');
}

/**
 * Reads the masks of a StridedSlice, in the order of tensorflow/core/util/strided_slice_op.cc: an ellipsis
 * stands for all axes that no other entry takes; without one it stands at the end; a new axis wins over a
 * pick, and a pick takes no notice of the begin and end masks.
 */
export function planSlice(context: ConvertContext): SlicePlan {
  const { attrs } = context;
  const [beginMask, endMask] = [attrs.int('begin_mask', 0), attrs.int('end_mask', 0)];
  const ellipsisMask = attrs.int('ellipsis_mask', 0);
  const [newAxisMask, shrinkMask] = [attrs.int('new_axis_mask', 0), attrs.int('shrink_axis_mask', 0)];
  const count = entryCount(context);
  const strides = context.constInts(3);
  const entries = Array.from({ length: count }, (_, item) => item);
  const ellipses = entries.filter((item) => hasBit(ellipsisMask, item));
  if (ellipses.length > 1) throw context.refuse('TFD_ATTR_UNREAD', 'it has more than one ellipsis');
  const [ellipsis] = ellipses;
  const isNew = (item: number) => item !== ellipsis && hasBit(newAxisMask, item);
  const taking = entries.filter((item) => item !== ellipsis && !isNew(item));
  const axes: SliceAxis[] = [];
  const newAxes: number[] = [];
  let axis = 0;
  let place = 0;
  for (const item of entries) {
    if (item === ellipsis) {
      const isLast = entries.slice(item + 1).length === 0;
      const skipped = isLast ? 0 : context.rank(0) - taking.length;
      axis += skipped;
      place += skipped;
    } else if (isNew(item)) {
      newAxes.push(place++);
    } else {
      const stride = strides[item] ?? 1;
      if (stride === 0) throw context.refuse('TFD_ATTR_UNREAD', `stride ${item} is 0`);
      const kind = hasBit(shrinkMask, item) ? 'pick' : 'range';
      const masks = { isBeginMasked: hasBit(beginMask, item), isEndMasked: hasBit(endMask, item) };
      const isAll = kind === 'range' && stride === 1 && masks.isBeginMasked && masks.isEndMasked;
      const noMasks = { isBeginMasked: false, isEndMasked: false };
      if (!isAll) axes.push({ kind, axis, item, stride, ...(kind === 'pick' ? noMasks : masks) });
      if (kind === 'range') place++;
      axis++;
    }
  }
  return { axes, newAxes };
}
