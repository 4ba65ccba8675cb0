import { DTYPES } from '../../base/dtype.js';
import type { Dim, Shape } from '../../base/shape.js';
import { addDims, canBeNegative, divideExactly, multiplyDims, productOfDims } from '../dims.js';
import { mergeShapes } from './broadcast.js';
import { type ShapeContext, type ShapeFamily, type ShapeRow, sameRow } from './types.js';

export function normalizeAxis(axis: number | undefined, rank: number | undefined): number | undefined {
  if (axis === undefined || rank === undefined || axis < -rank || axis >= rank) return undefined;
  return axis < 0 ? axis + rank : axis;
}

/** A shape given by a vector input: `sizes[i]` where known, one new name each where not. */
export function shapeFromInput(c: ShapeContext, index: number): Shape {
  const sizes = c.ints(index);
  if (sizes !== undefined) return sizes.map((size) => asDimension(c, size));
  const rank = c.length(index);
  return rank === undefined || rank > 64 ? null : Array.from({ length: rank }, () => c.fresh());
}

function asDimension(c: ShapeContext, size: Dim): Dim {
  if (typeof size === 'number') return size < 0 ? c.fresh() : size;
  return canBeNegative(size) ? c.fresh() : size;
}

/** Reshape: a −1 is what is left of the input's elements; `0` is a literal zero in TensorFlow. */
export const reshape: ShapeRow = (c) => {
  const sizes = c.ints(1);
  if (sizes === undefined) return [shapeFromInput(c, 1)];
  const dims = c.dims(0);
  const inferred = sizes.indexOf(-1);
  if (inferred < 0) return [fillOneUnknown(c, sizes, dims)];
  const others = sizes.filter((_, i) => i !== inferred);
  const known = productOfDims(others);
  const total = dims === undefined ? undefined : productOfDims(dims);
  const isSure = others.every((size) => typeof size === 'number' || !canBeNegative(size));
  const rest = isSure && known !== undefined && total !== undefined ? divideExactly(total, known) : undefined;
  return [sizes.map((size, i) => (i === inferred ? (rest ?? c.fresh()) : asDimension(c, size)))];
};

/** With all sizes but one known, the element count tells the last. */
function fillOneUnknown(c: ShapeContext, sizes: readonly Dim[], dims: readonly Dim[] | undefined): Shape {
  const unknown = sizes.flatMap((size, i) => (typeof size === 'string' && canBeNegative(size) ? [i] : []));
  const total = dims === undefined ? undefined : productOfDims(dims);
  if (unknown.length === 1 && total !== undefined) {
    const known = productOfDims(sizes.filter((_, i) => i !== unknown[0]));
    const rest = known === undefined ? undefined : divideExactly(total, known);
    if (rest !== undefined) return sizes.map((size, i) => (i === unknown[0] ? rest : size));
  }
  return sizes.map((size) => asDimension(c, size));
}

const squeeze: ShapeRow = (c) => {
  const dims = c.dims(0);
  if (dims === undefined) return [null];
  const named = c.attrs.ints('squeeze_dims', []);
  if (named.length > 0) {
    const axes = new Set(named.map((axis) => normalizeAxis(axis, dims.length)));
    return [dims.filter((_, i) => !axes.has(i))];
  }
  if (dims.some((dim) => typeof dim === 'string')) return [null];
  return [dims.filter((dim) => dim !== 1)];
};

const expandDims: ShapeRow = (c) => {
  const dims = c.dims(0);
  const axis = normalizeAxis(c.constInt(1), dims === undefined ? undefined : dims.length + 1);
  if (dims === undefined) return [null];
  if (axis === undefined) return [Array.from({ length: dims.length + 1 }, () => c.fresh())];
  return [[...dims.slice(0, axis), 1, ...dims.slice(axis)]];
};

const transpose: ShapeRow = (c) => {
  const dims = c.dims(0);
  const perm = c.constInts(1);
  if (perm !== undefined && dims !== undefined) return [perm.map((axis) => dims.at(axis) ?? c.fresh())];
  const rank = dims?.length ?? c.length(1);
  return [rank === undefined ? null : Array.from({ length: rank }, () => c.fresh())];
};

const tile: ShapeRow = (c) => {
  const dims = c.dims(0);
  if (dims === undefined) {
    const rank = c.length(1);
    return [rank === undefined ? null : Array.from({ length: rank }, () => c.fresh())];
  }
  const counts = c.ints(1);
  return [
    dims.map((dim, i) => {
      const count = counts?.[i];
      return (
        (count === undefined || canBeNegative(count) ? undefined : multiplyDims(dim, count)) ?? c.fresh()
      );
    }),
  ];
};

const pack: ShapeRow = (c) => {
  let shape = c.shape(0);
  for (let i = 1; i < c.inputCount; i++) shape = mergeShapes(shape, c.shape(i));
  const axis = normalizeAxis(c.attrs.int('axis', 0), shape === null ? undefined : shape.length + 1);
  if (shape === null || axis === undefined) return [null];
  return [[...shape.slice(0, axis), c.inputCount, ...shape.slice(axis)]];
};

const unpack: ShapeRow = (c) => {
  const dims = c.dims(0);
  const axis = normalizeAxis(c.attrs.int('axis', 0), dims?.length);
  const shape = dims === undefined || axis === undefined ? null : dims.filter((_, i) => i !== axis);
  return new Array(c.outputCount).fill(shape);
};

function concatAt(c: ShapeContext, from: number, to: number, axisInput: number): readonly Shape[] {
  let rank: number | undefined;
  for (let i = from; i < to; i++) rank ??= c.rank(i);
  const axis = normalizeAxis(c.constInt(axisInput), rank);
  if (rank === undefined) return [null];
  const result: (Dim | undefined)[] = new Array(rank).fill(undefined);
  let sum: Dim | undefined = 0;
  for (let i = from; i < to; i++) {
    const dims = c.dims(i);
    sum =
      sum === undefined || dims === undefined || axis === undefined
        ? undefined
        : addDims(sum, dims[axis] ?? 0);
    for (let d = 0; d < rank; d++) {
      const dim = dims?.[d];
      if (dim !== undefined && typeof result[d] !== 'number')
        result[d] = typeof dim === 'number' ? dim : (result[d] ?? dim);
    }
  }
  return [result.map((dim, d) => (axis === undefined ? undefined : d === axis ? sum : dim) ?? c.fresh())];
}

const split: ShapeRow = (c) => {
  const dims = c.dims(1);
  const axis = normalizeAxis(c.constInt(0), dims?.length);
  if (dims === undefined) return [];
  const parts = c.outputCount;
  const part = axis === undefined ? undefined : divideExactly(dims[axis]!, parts);
  const shape = dims.map((dim, i) =>
    axis === undefined ? c.fresh() : i === axis ? (part ?? c.fresh()) : dim,
  );
  return new Array(parts).fill(shape);
};

const splitV: ShapeRow = (c) => {
  const dims = c.dims(0);
  const axis = normalizeAxis(c.constInt(2), dims?.length);
  if (dims === undefined) return [];
  const sizes = c.constInts(1);
  return Array.from({ length: c.outputCount }, (_, k) =>
    dims.map((dim, i) => {
      if (axis === undefined) return c.fresh();
      if (i !== axis) return dim;
      const size = sizes?.[k];
      if (size !== undefined && size >= 0) return size;
      const others = sizes?.reduce((sum, each) => sum + Math.max(each, 0), 0);
      return (others === undefined || size === undefined ? undefined : addDims(dim, -others)) ?? c.fresh();
    }),
  );
};

const range: ShapeRow = (c) => {
  const [start, limit, delta] = [c.constNumber(0), c.constNumber(1), c.constNumber(2)];
  if (start !== undefined && limit !== undefined && delta !== undefined && delta !== 0) {
    return [[Math.max(0, Math.ceil((limit - start) / delta))]];
  }
  const symbolic = c.ints(1)?.[0];
  if (start === 0 && delta === 1 && symbolic !== undefined && !canBeNegative(symbolic)) return [[symbolic]];
  return [[c.fresh()]];
};

const padTo: ShapeRow = (c) => {
  const dims = c.dims(0);
  const pads = c.constMatrix(1);
  if (dims === undefined) return [null];
  return [
    dims.map((dim, i) => {
      const [before, after] = [pads?.[2 * i], pads?.[2 * i + 1]];
      if (before === undefined || after === undefined) return c.fresh();
      const sum = addDims(dim, before);
      return (sum === undefined ? undefined : addDims(sum, after)) ?? c.fresh();
    }),
  ];
};

const rankVector: ShapeRow = (c) => Array.from({ length: c.outputCount }, (_, i) => [c.rank(i) ?? c.fresh()]);

/** Wider to narrower types add a last dimension, narrower to wider take it away. */
function bitcast(c: ShapeContext): Shape {
  const dims = c.dims(0);
  const from = c.dtype(0);
  if (dims === undefined || from === undefined) return null;
  const [wide, narrow] = [DTYPES[from].bytes, DTYPES[c.attrs.dtype('type')].bytes];
  if (wide === narrow) return dims;
  return wide > narrow ? [...dims, wide / narrow] : dims.slice(0, -1);
}

export const arrayShapes: ShapeFamily = {
  Shape: rankVector,
  ShapeN: rankVector,
  ...sameRow('Size Rank', () => [[]]),
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  ...sameRow('Transpose ConjugateTranspose', transpose),
  Tile: tile,
  BroadcastTo: (c) => [shapeFromInput(c, 1)],
  Fill: (c) => [shapeFromInput(c, 0)],
  Empty: (c) => [shapeFromInput(c, 0)],
  BroadcastArgs: (c) => {
    const [a, b] = [c.length(0), c.length(1)];
    return [[a === undefined || b === undefined ? c.fresh() : Math.max(a, b)]];
  },
  Pack: pack,
  Unpack: unpack,
  Concat: (c) => concatAt(c, 1, c.inputCount, 0),
  ConcatV2: (c) => concatAt(c, 0, c.inputCount - 1, -1),
  Split: split,
  SplitV: splitV,
  Range: range,
  LinSpace: (c) => [[c.constInt(2) ?? c.fresh()]],
  ...sameRow('Pad PadV2 MirrorPad', padTo),
  EnsureShape: (c) => [mergeShapes(c.shape(0), named(c, c.attrs.shape('shape')))],
  ...sameRow('Diag', (c) => [c.dims(0) === undefined ? null : [...c.dims(0)!, ...c.dims(0)!]]),
  ...sameRow('DiagPart', (c) => [c.dims(0)?.slice(0, c.dims(0)!.length / 2) ?? null]),
  Bitcast: (c) => [bitcast(c)],
};

/** A shape from an attribute, with a new name for each unknown dimension. */
export function named(c: { fresh(): Dim }, shape: Shape): Shape {
  return shape === null ? null : shape.map((dim) => (typeof dim === 'number' ? dim : c.fresh()));
}
