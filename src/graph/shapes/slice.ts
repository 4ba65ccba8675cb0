import type { Dim } from '../../base/shape.js';
import { sliceLength } from '../../kernels/slice-ops.js';
import { addDims, asSize, ceilDivideDim, subtractDims } from '../dims.js';
import { shapeFromInput } from './array.js';
import type { ShapeContext, ShapeFamily, ShapeRow } from './types.js';

/** One entry of a StridedSlice specification, in the order of the `begin` vector. */
export type SliceEntry =
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'newAxis' }
  | {
      readonly kind: 'range' | 'shrink';
      /** undefined: from the end where the stride starts (mask set). */
      readonly begin: Dim | undefined;
      readonly end: Dim | undefined;
      readonly stride: Dim | undefined;
      /** False where `begin` is not masked but not known either; the same for the end. */
      readonly isBeginKnown: boolean;
      readonly isEndKnown: boolean;
    };

/** The entries of a StridedSlice node; undefined when even their number is unknown. */
export function sliceEntries(c: ShapeContext): SliceEntry[] | undefined {
  const [begin, end, strides] = [c.ints(1), c.ints(2), c.ints(3)];
  const count = c.length(1) ?? c.length(2) ?? c.length(3);
  if (count === undefined || count > 64) return undefined;
  const mask = (name: string) => BigInt(c.attrs.int(name, 0));
  const masks = {
    begin: mask('begin_mask'),
    end: mask('end_mask'),
    ellipsis: mask('ellipsis_mask'),
    newAxis: mask('new_axis_mask'),
    shrink: mask('shrink_axis_mask'),
  };
  const has = (bits: bigint, i: number) => ((bits >> BigInt(i)) & 1n) === 1n;
  return Array.from({ length: count }, (_, i): SliceEntry => {
    if (has(masks.ellipsis, i)) return { kind: 'ellipsis' };
    if (has(masks.newAxis, i)) return { kind: 'newAxis' };
    const isShrink = has(masks.shrink, i);
    const isBeginMasked = has(masks.begin, i) && !isShrink;
    const isEndMasked = has(masks.end, i) && !isShrink;
    return {
      kind: isShrink ? 'shrink' : 'range',
      begin: isBeginMasked ? undefined : begin?.[i],
      end: isEndMasked ? undefined : end?.[i],
      stride: strides?.[i],
      isBeginKnown: isBeginMasked || begin?.[i] !== undefined,
      isEndKnown: isEndMasked || end?.[i] !== undefined,
    };
  });
}

type RangeEntry = Extract<SliceEntry, { kind: 'range' | 'shrink' }>;

function rangeDim(dim: Dim, entry: RangeEntry): Dim | undefined {
  const { begin, end, stride } = entry;
  if (typeof stride !== 'number' || !entry.isBeginKnown || !entry.isEndKnown) return undefined;
  if (stride === 0) return undefined;
  if (typeof dim === 'number' && typeof begin !== 'string' && typeof end !== 'string') {
    return sliceLength(dim, begin, end, stride);
  }
  if (begin === undefined && end === undefined) return ceilDivideDim(dim, Math.abs(stride));
  const length = stride === 1 ? unitLength(dim, begin ?? 0, end) : undefined;
  return length === undefined ? undefined : asSize(length);
}

/** Length of `begin:end` over a symbolic dimension, where no clamping can change it unnoticed. */
function unitLength(dim: Dim, begin: Dim, end: Dim | undefined): Dim | undefined {
  if (end === undefined || end === dim) {
    if (typeof begin !== 'number') return undefined;
    return begin >= 0 ? subtractDims(dim, begin) : minimum(dim, -begin);
  }
  if (typeof end !== 'number' || begin !== 0) return undefined;
  return end < 0 ? addDims(dim, end) : minimum(dim, end);
}

function minimum(dim: Dim, limit: number): Dim {
  return typeof dim === 'number' ? Math.min(dim, limit) : `min(${dim},${limit})`;
}

const stridedSlice: ShapeRow = (c) => {
  const dims = c.dims(0);
  const entries = sliceEntries(c);
  if (dims === undefined || entries === undefined) return [null];
  const taken = entries.filter((e) => e.kind === 'range' || e.kind === 'shrink').length;
  if (taken > dims.length) return [null];
  const result: Dim[] = [];
  let at = 0;
  let hasEllipsis = false;
  for (const entry of entries) {
    if (entry.kind === 'newAxis') result.push(1);
    else if (entry.kind === 'ellipsis') {
      if (hasEllipsis) return [null];
      hasEllipsis = true;
      for (let left = dims.length - taken; left > 0; left--) result.push(dims[at++]!);
    } else {
      const dim = dims[at++]!;
      if (entry.kind === 'range') result.push(rangeDim(dim, entry) ?? c.fresh());
    }
  }
  result.push(...dims.slice(at));
  return [result];
};

const slice: ShapeRow = (c) => {
  const dims = c.dims(0);
  const [begin, size] = [c.ints(1), c.ints(2)];
  if (dims === undefined || size === undefined) {
    const rank = dims?.length ?? c.length(1) ?? c.length(2);
    return [rank === undefined ? null : Array.from({ length: rank }, () => c.fresh())];
  }
  const explicit = shapeFromInput(c, 2)!;
  return [
    dims.map((dim, i): Dim => {
      if (size[i] !== -1) return explicit[i] ?? c.fresh();
      const from = begin?.[i];
      const rest = from === undefined ? undefined : subtractDims(dim, from);
      return rest === undefined ? c.fresh() : asSize(rest);
    }),
  ];
};

export const sliceShapes: ShapeFamily = { StridedSlice: stridedSlice, Slice: slice };
