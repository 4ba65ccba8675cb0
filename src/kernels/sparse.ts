import { elementCount, type NumericTensor, numericTensor, type Tensor } from '../base/tensor.js';
import { integersOf, laneOf, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { blankTensor, copyElements, stridesOf, takeElements } from './layout.js';
import { readShape, withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Index tuples of a sparse tensor as rows. */
function indexRows(context: KernelContext, input: number): number[][] {
  const { shape } = context.numeric(input);
  const flat = integersOf(context, input);
  const width = shape[shape.length - 1] ?? 1;
  return Array.from({ length: width === 0 ? 0 : flat.length / width }, (_, i) =>
    flat.slice(i * width, (i + 1) * width),
  );
}

/** Indices may be a scalar, a vector (for a vector) or a matrix. */
function sparseToDense(context: KernelContext): HostValue[] {
  const shape = readShape(context, 1);
  const values = context.tensor(2);
  const indices =
    context.numeric(0).shape.length < 2 ? integersOf(context, 0).map((at) => [at]) : indexRows(context, 0);
  const out = blankTensor(values.dtype, shape);
  const fallback = withShape(context.tensor(3), []);
  for (let i = 0; i < elementCount(shape); i++) copyElements(fallback, 0, out, i, 1);
  const strides = stridesOf(shape);
  const isOne = values.shape.length === 0;
  indices.forEach((tuple, i) => {
    const bad = tuple.length !== shape.length || tuple.some((at, axis) => at < 0 || at >= shape[axis]!);
    if (bad) throw context.fail(`index [${tuple.join(', ')}] is not in [${shape.join(', ')}]`);
    const to = tuple.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    copyElements(values, isOne ? 0 : i, out, to, 1);
  });
  return [out];
}

function sparseReshape(context: KernelContext): HostValue[] {
  const rows = indexRows(context, 0);
  const [from, to] = [integersOf(context, 1), integersOf(context, 2)];
  const total = elementCount(from);
  const open = to.indexOf(-1);
  if (open >= 0) to[open] = total / elementCount(to.filter((_, i) => i !== open));
  if (elementCount(to) !== total || to.some((dim) => !Number.isInteger(dim) || dim < 0)) {
    throw context.fail(`[${from.join(', ')}] can not become [${integersOf(context, 2).join(', ')}]`);
  }
  const [stepsFrom, stepsTo] = [stridesOf(from), stridesOf(to)];
  const moved = rows.flatMap((tuple) => {
    const position = tuple.reduce((sum, at, axis) => sum + at * stepsFrom[axis]!, 0);
    return to.map((dim, axis) => Math.floor(position / stepsTo[axis]!) % dim);
  });
  return [numericTensor('int64', [rows.length, to.length], moved), numericTensor('int64', [to.length], to)];
}

/** Gives every empty row one element of the default value; rows come out in order. */
function sparseFillEmptyRows(context: KernelContext): HostValue[] {
  const rows = indexRows(context, 0);
  const values = context.tensor(1);
  const shape = integersOf(context, 2);
  const [fallback, count] = [withShape(context.tensor(3), []), shape[0] ?? 0];
  const byRow = Array.from({ length: count }, () => [] as number[]);
  rows.forEach((tuple, i) => {
    const list = byRow[tuple[0]!];
    if (list === undefined) throw context.fail(`row ${tuple[0]} is not in [0, ${count})`);
    list.push(i);
  });
  const rank = shape.length;
  const total = byRow.reduce((sum, list) => sum + Math.max(1, list.length), 0);
  const out = blankTensor(values.dtype, [total]);
  const reverse = new Array<number>(rows.length).fill(0);
  const indices: number[] = [];
  let at = 0;
  byRow.forEach((list, row) => {
    if (list.length === 0) {
      copyElements(fallback, 0, out, at++, 1);
      indices.push(row, ...new Array<number>(rank - 1).fill(0));
    }
    for (const i of list) {
      copyElements(values, i, out, at, 1);
      reverse[i] = at++;
      indices.push(...rows[i]!);
    }
  });
  return [
    numericTensor('int64', [total, rank], indices),
    out,
    numericTensor(
      'bool',
      [count],
      byRow.map((list) => (list.length === 0 ? 1 : 0)),
    ),
    numericTensor('int64', [rows.length], reverse),
  ];
}

/** Rows, columns and values of a sparse matrix times a dense one. */
function sparseDenseMatMul(context: KernelContext): HostValue[] {
  const rows = indexRows(context, 0);
  const [values, dense] = [context.numeric(1), context.numeric(3)];
  if (laneOf(values.dtype) !== 'real') throw refuseDType(context, values.dtype);
  const isTurnedA = context.attrs.bool('adjoint_a', false);
  const isTurnedB = context.attrs.bool('adjoint_b', false);
  const [height, width] = integersOf(context, 2) as [number, number];
  const outRows = isTurnedA ? width : height;
  const inner = isTurnedA ? height : width;
  const [denseRows, denseColumns] = dense.shape as [number, number];
  const columns = isTurnedB ? denseRows : denseColumns;
  if ((isTurnedB ? denseColumns : denseRows) !== inner)
    throw context.fail('its inputs can not be multiplied');
  const [a, b] = [realsOf(values), realsOf(dense)];
  const sums = new Float64Array(outRows * columns);
  rows.forEach(([i, j], n) => {
    const [row, k] = isTurnedA ? [j!, i!] : [i!, j!];
    if (row < 0 || row >= outRows || k < 0 || k >= inner)
      throw context.fail(`index [${i}, ${j}] is out of range`);
    for (let c = 0; c < columns; c++) {
      sums[row * columns + c]! += a[n]! * b[isTurnedB ? c * denseColumns + k : k * denseColumns + c]!;
    }
  });
  const out = workArray(values.dtype, sums.length);
  out.set(sums);
  return [seal(values.dtype, [outRows, columns], out)];
}

/** The elements of a sparse tensor inside a box, with indices counted from its start. */
function sparseSlice(context: KernelContext): HostValue[] {
  const rows = indexRows(context, 0);
  const values = context.tensor(1);
  const [shape, start, size] = [integersOf(context, 2), integersOf(context, 3), integersOf(context, 4)];
  const sizes = shape.map((dim, axis) => Math.max(0, Math.min(dim - start[axis]!, size[axis]!)));
  const kept = rows.flatMap((tuple, i) =>
    tuple.every((at, axis) => at >= start[axis]! && at < start[axis]! + sizes[axis]!) ? [i] : [],
  );
  const moved = kept.flatMap((i) => rows[i]!.map((at, axis) => at - start[axis]!));
  return [
    numericTensor('int64', [kept.length, shape.length], moved),
    takeElements(values, Int32Array.from(kept), [kept.length]) as Tensor as NumericTensor,
    numericTensor('int64', [shape.length], sizes),
  ];
}

/** Sparse tensors one after the other along an axis, in row-major order. */
function sparseConcat(context: KernelContext): HostValue[] {
  const n = context.inputs.length / 3;
  const shapes = Array.from({ length: n }, (_, i) => integersOf(context, 2 * n + i));
  const rank = shapes[0]!.length;
  const axis = (context.attrs.int('concat_dim') + rank) % rank;
  let offset = 0;
  const all = shapes.flatMap((shape, part) => {
    const rows = indexRows(context, part).map((tuple, i) => ({
      tuple: tuple.with(axis, tuple[axis]! + offset),
      part,
      i,
    }));
    offset += shape[axis]!;
    return rows;
  });
  all.sort((a, b) => {
    const at = a.tuple.findIndex((each, d) => each !== b.tuple[d]);
    return at < 0 ? 0 : a.tuple[at]! - b.tuple[at]!;
  });
  const out = blankTensor(context.tensor(n).dtype, [all.length]);
  all.forEach(({ part, i }, to) => {
    copyElements(context.tensor(n + part), i, out, to, 1);
  });
  return [
    numericTensor(
      'int64',
      [all.length, rank],
      all.flatMap(({ tuple }) => tuple),
    ),
    out,
    numericTensor('int64', [rank], shapes[0]!.with(axis, offset)),
  ];
}

export const sparseKernels: KernelFamily = {
  SparseToDense: sparseToDense,
  SparseReshape: sparseReshape,
  SparseFillEmptyRows: sparseFillEmptyRows,
  SparseTensorDenseMatMul: sparseDenseMatMul,
  SparseSlice: sparseSlice,
  SparseConcat: sparseConcat,
};
