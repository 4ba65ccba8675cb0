import type { Dim } from '../base/shape.js';
import { sliceBounds } from '../kernels/slice-ops.js';
import { addDims, divideExactly, floorDivideDim, multiplyDims, productOfDims, subtractDims } from './dims.js';
import { normalizeAxis } from './shapes/array.js';
import { sliceEntries } from './shapes/slice.js';
import type { ShapeContext } from './shapes/types.js';

type Elements = readonly Dim[] | undefined;
/** Known elements of output 0 (rank 0 or 1) of an op on small integer tensors. */
type ElementsRow = (c: ShapeContext) => Elements;

const first: ElementsRow = (c) => c.ints(0);

function combine(c: ShapeContext, act: (a: Dim, b: Dim) => Dim | undefined): Elements {
  const [a, b] = [c.ints(0), c.ints(1)];
  if (a === undefined || b === undefined) return undefined;
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const length = a.length === 1 ? b.length : a.length;
  const items = Array.from({ length }, (_, i) => act(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!));
  return items.every((item) => item !== undefined) ? items : undefined;
}

function compare(pick: (a: number, b: number) => number) {
  return (a: Dim, b: Dim): Dim | undefined =>
    typeof a === 'number' && typeof b === 'number' ? pick(a, b) : a === b ? a : undefined;
}

function concat(c: ShapeContext, from: number, to: number): Elements {
  const items: Dim[] = [];
  for (let i = from; i < to; i++) {
    const part = c.nameInts(i);
    if (part === undefined) return undefined;
    items.push(...part);
  }
  return items;
}

function stridedSlice(c: ShapeContext): Elements {
  const items = c.ints(0);
  const entries = sliceEntries(c);
  if (items === undefined || c.rank(0) !== 1 || entries?.length !== 1) return undefined;
  const entry = entries[0]!;
  if (entry.kind === 'ellipsis') return items;
  if (entry.kind === 'newAxis') return undefined;
  if (!entry.isBeginKnown || !entry.isEndKnown) return undefined;
  const { begin, end, stride } = entry;
  if (typeof begin === 'string' || typeof end === 'string' || typeof stride !== 'number') return undefined;
  if (entry.kind === 'shrink') {
    const at = normalizeAxis(begin, items.length);
    return at === undefined ? undefined : [items[at]!];
  }
  if (stride === 0) return undefined;
  const [from, to] = sliceBounds(items.length, begin, end, stride);
  const taken: Dim[] = [];
  for (let at = from; stride > 0 ? at < to : at > to; at += stride) taken.push(items[at]!);
  return taken;
}

function slice(c: ShapeContext): Elements {
  const items = c.ints(0);
  const [begin, size] = [c.constInt(1), c.constInt(2)];
  if (items === undefined || c.rank(0) !== 1 || begin === undefined || size === undefined) return undefined;
  return items.slice(begin, size === -1 ? undefined : begin + size);
}

function gather(c: ShapeContext): Elements {
  const items = c.ints(0);
  const indices = c.constInts(1);
  if (items === undefined || indices === undefined || c.rank(0) !== 1) return undefined;
  const taken = indices.map((index) => items[index]);
  return taken.every((item) => item !== undefined) ? taken : undefined;
}

function product(c: ShapeContext): Elements {
  const items = c.ints(0);
  const axes = c.constInts(1);
  if (items === undefined || axes === undefined) return undefined;
  if (axes.length === 0 || c.rank(0) === 0) return items;
  const value = productOfDims(items);
  return value === undefined ? undefined : [value];
}

function sum(c: ShapeContext): Elements {
  const items = c.ints(0);
  const axes = c.constInts(1);
  if (items === undefined || axes === undefined) return undefined;
  if (axes.length === 0 || c.rank(0) === 0) return items;
  let total: Dim | undefined = 0;
  for (const item of items) total = total === undefined ? undefined : addDims(total, item);
  return total === undefined ? undefined : [total];
}

const ROWS: ReadonlyMap<string, ElementsRow> = new Map(
  Object.entries<ElementsRow>({
    Shape: (c) => c.dims(0),
    Size: (c) => {
      const dims = c.dims(0);
      const size = dims === undefined ? undefined : productOfDims(dims);
      return size === undefined ? undefined : [size];
    },
    Rank: (c) => {
      const rank = c.rank(0);
      return rank === undefined ? undefined : [rank];
    },
    Cast: first,
    EnsureShape: first,
    Reshape: first,
    Squeeze: first,
    ExpandDims: first,
    Pack: (c) => (c.rank(0) === 0 ? concat(c, 0, c.inputCount) : undefined),
    ConcatV2: (c) => concat(c, 0, c.inputCount - 1),
    Concat: (c) => concat(c, 1, c.inputCount),
    StridedSlice: stridedSlice,
    Slice: slice,
    Gather: gather,
    GatherV2: gather,
    Prod: product,
    Sum: sum,
    Add: (c) => combine(c, addDims),
    AddV2: (c) => combine(c, addDims),
    Sub: (c) => combine(c, subtractDims),
    Mul: (c) => combine(c, multiplyDims),
    FloorDiv: (c) =>
      combine(c, (a, b) => (typeof b === 'number' ? floorDivideDim(a, b) : divideExactly(a, b))),
    Maximum: (c) => combine(c, compare(Math.max)),
    Minimum: (c) => combine(c, compare(Math.min)),
    BroadcastArgs: (c) =>
      c.ints(0)?.length === 0 ? c.ints(1) : c.ints(1)?.length === 0 ? c.ints(0) : undefined,
    ReverseV2: (c) => {
      const items = c.ints(0);
      const axes = c.constInts(1);
      return axes?.length === 1 ? items && [...items].reverse() : undefined;
    },
    Fill: (c) => {
      const [sizes, value] = [c.constInts(0), c.ints(1)];
      if (sizes?.length !== 1 || value === undefined || sizes[0]! > 64) return undefined;
      return new Array<Dim>(Math.max(0, sizes[0]!)).fill(value[0]!);
    },
  }),
);

/** Ops whose every output may have known elements. */
type ManyRow = (c: ShapeContext) => readonly Elements[];
const MANY: ReadonlyMap<string, ManyRow> = new Map(
  Object.entries<ManyRow>({
    ShapeN: (c) => Array.from({ length: c.outputCount }, (_, i) => c.dims(i)),
    Unpack: (c) => (c.rank(0) === 1 ? (c.ints(0) ?? []).map((item) => [item]) : []),
    SplitV: (c) => {
      const sizes = c.constInts(1);
      const items = c.ints(0);
      if (items === undefined || sizes === undefined || c.rank(0) !== 1 || sizes.some((s) => s < 0))
        return [];
      const parts: Dim[][] = [];
      let at = 0;
      for (const size of sizes) {
        parts.push(items.slice(at, at + size));
        at += size;
      }
      return parts;
    },
    Split: (c) => {
      const items = c.ints(1);
      if (items === undefined || c.rank(1) !== 1) return [];
      const size = items.length / c.outputCount;
      return Array.from({ length: c.outputCount }, (_, i) => items.slice(i * size, (i + 1) * size));
    },
  }),
);

/** Known elements of each output, as far as the inputs tell them. */
export function inferElements(c: ShapeContext): readonly Elements[] {
  const many = MANY.get(c.op);
  if (many !== undefined) return many(c);
  const one = ROWS.get(c.op);
  return one === undefined ? [] : [one(c)];
}
