import type { Dim, Shape } from '../../base/shape.js';
import { normalizeAxis } from './array.js';
import { type ShapeContext, type ShapeFamily, sameRow } from './types.js';

function reduced(c: ShapeContext, keepDims: boolean): Shape {
  const dims = c.dims(0);
  const axes = c.constInts(1);
  if (dims === undefined) return null;
  if (axes === undefined) {
    if (keepDims) return dims.map(() => c.fresh());
    // One axis from a scalar or one-element input always removes exactly one dimension.
    const isOne = c.rank(1) === 0 || c.length(1) === 1;
    return isOne && dims.length > 0 ? Array.from({ length: dims.length - 1 }, (): Dim => c.fresh()) : null;
  }
  const set = new Set(axes.map((axis) => normalizeAxis(axis, dims.length)));
  if (set.has(undefined)) return null;
  return keepDims ? dims.map((dim, i) => (set.has(i) ? 1 : dim)) : dims.filter((_, i) => !set.has(i));
}

function argReduced(c: ShapeContext): Shape {
  const dims = c.dims(0);
  const axis = normalizeAxis(c.constInt(1), dims?.length);
  if (dims === undefined) return null;
  if (axis === undefined) return Array.from({ length: Math.max(0, dims.length - 1) }, () => c.fresh());
  return dims.filter((_, i) => i !== axis);
}

export const reduceShapes: ShapeFamily = {
  ...sameRow('Sum Mean Prod Max Min All Any EuclideanNorm', (c) => [
    reduced(c, c.attrs.bool('keep_dims', false)),
  ]),
  ...sameRow('ReduceJoin', (c) => [reduced(c, c.attrs.bool('keep_dims', false))]),
  ...sameRow('ArgMax ArgMin', (c) => [argReduced(c)]),
};
