import { elementCount, type NumericTensor } from '../../base/tensor.js';
import { integersOf, laneOf, realsOf, refuseDType, seal, workArray } from '../lanes.js';
import { normalAxis, stridesOf } from '../layout.js';
import { int64Matrix, int64Vector } from '../ragged/row-splits.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { compareRows, denseAtRows, readSparse, type Sparse } from './order.js';

type Combine = (a: number, b: number) => number;

function requireReal(context: KernelContext, tensor: NumericTensor): ArrayLike<number> {
  if (laneOf(tensor.dtype) === 'complex') throw refuseDType(context, tensor.dtype);
  if (laneOf(tensor.dtype) === 'real') return realsOf(tensor);
  return Array.from(tensor.data as BigInt64Array, (value) => {
    if (!Number.isSafeInteger(Number(value))) throw refuseDType(context, tensor.dtype);
    return Number(value);
  });
}

function store(
  dtype: NumericTensor['dtype'],
  shape: readonly number[],
  values: ArrayLike<number>,
): NumericTensor {
  if (laneOf(dtype) === 'big') {
    const data = BigInt64Array.from(values, BigInt);
    return { dtype: 'int64', shape, data };
  }
  const out = workArray(dtype, values.length);
  out.set(values);
  return seal(dtype, shape, out);
}

/** Sparse elements combined with the dense elements at their places. */
function withDense(combine: Combine) {
  return (context: KernelContext): HostValue[] => {
    const sparse = readSparse(context, 0);
    const values = context.numeric(1);
    const dense = denseAtRows(context, sparse, context.numeric(3));
    const [a, b] = [requireReal(context, values), requireReal(context, dense)];
    return [
      store(
        values.dtype,
        [a.length],
        Array.from(a, (value, i) => combine(value, b[i]!)),
      ),
    ];
  };
}

/** Sums or maxima over axes; elements that are not there count as nothing. */
function reduceDense(combine: Combine) {
  return (context: KernelContext): HostValue[] => {
    const { rows, shape } = readSparse(context, 0);
    const values = context.numeric(1);
    const { length: rank } = shape;
    const axes = integersOf(context, 3).map((axis) => {
      const known = normalAxis(axis, rank);
      if (known === undefined) throw context.fail(`Invalid reduction dimension ${axis}`);
      return known;
    });
    const isGone = (axis: number) => axes.includes(axis);
    const full = shape.map((dim, axis) => (isGone(axis) ? 1 : dim));
    const steps = stridesOf(full).map((step, axis) => (isGone(axis) ? 0 : step));
    const items = requireReal(context, values);
    const sums = new Array<number | undefined>(elementCount(full)).fill(undefined);
    const round = values.dtype === 'float32' ? Math.fround : (value: number) => value;
    rows.forEach((row, i) => {
      const at = row.reduce((sum, index, axis) => sum + index * steps[axis]!, 0);
      const known = sums[at];
      sums[at] = known === undefined ? items[i]! : round(combine(known, items[i]!));
    });
    const isKept = context.attrs.bool('keep_dims', false);
    return [
      store(
        values.dtype,
        isKept ? full : full.filter((_, axis) => !isGone(axis)),
        sums.map((value) => value ?? 0),
      ),
    ];
  };
}

/** The sum of two sparse tensors; where both have an element, its sum is left out when below the threshold. */
function add(context: KernelContext): HostValue[] {
  const [a, b] = [readSparse(context, 0), readSparse(context, 3)];
  if (a.shape.join() !== b.shape.join()) throw context.fail('operands have different shapes');
  const [first, second] = [
    requireReal(context, context.numeric(1)),
    requireReal(context, context.numeric(4)),
  ];
  const threshold = Number(context.numeric(6).data[0]);
  const { dtype } = context.numeric(1);
  const round = dtype === 'float32' ? Math.fround : (value: number) => value;
  const rows: (readonly number[])[] = [];
  const values: number[] = [];
  const push = (row: readonly number[], value: number) => {
    rows.push(row);
    values.push(value);
  };
  let [i, j] = [0, 0];
  while (i < a.rows.length || j < b.rows.length) {
    const order = i >= a.rows.length ? 1 : j >= b.rows.length ? -1 : compareRows(a.rows[i]!, b.rows[j]!);
    if (order === 0) {
      const sum = round(first[i]! + second[j++]!);
      if (threshold <= Math.abs(sum)) push(a.rows[i]!, sum);
      i++;
    } else if (order < 0) push(a.rows[i]!, first[i++]!);
    else push(b.rows[j]!, second[j++]!);
  }
  return [int64Matrix(rows, a.shape.length), store(dtype, [values.length], values), int64Vector(a.shape)];
}

/** Softmax of each innermost row, over the elements that are there. */
function softmax(context: KernelContext): HostValue[] {
  const sparse: Sparse = readSparse(context, 0);
  const values = context.numeric(1);
  if (laneOf(values.dtype) !== 'real') throw refuseDType(context, values.dtype);
  const items = realsOf(values);
  const groups = new Map<string, number[]>();
  sparse.rows.forEach((row, i) => {
    const key = row.slice(0, -1).join();
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const out = workArray(values.dtype, items.length);
  for (const members of groups.values()) {
    const largest = members.reduce((most, i) => Math.max(most, items[i]!), Number.NEGATIVE_INFINITY);
    const total = members.reduce((sum, i) => sum + Math.exp(items[i]! - largest), 0);
    for (const i of members) out[i] = Math.exp(items[i]! - largest) / total;
  }
  return [seal(values.dtype, [items.length], out)];
}

export const sparseArithmeticKernels: KernelFamily = {
  SparseDenseCwiseAdd: withDense((a, b) => a + b),
  SparseDenseCwiseMul: withDense((a, b) => a * b),
  SparseDenseCwiseDiv: withDense((a, b) => a / b),
  SparseReduceSum: reduceDense((a, b) => a + b),
  SparseReduceMax: reduceDense(Math.max),
  SparseAdd: add,
  SparseSoftmax: softmax,
};
