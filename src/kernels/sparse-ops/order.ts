import { elementCount, type NumericTensor, type Tensor } from '../../base/tensor.js';
import { integerOf, integersOf } from '../lanes.js';
import { copyElements, normalAxis, stridesOf, takeElements } from '../layout.js';
import { int64Matrix, int64Vector } from '../ragged/row-splits.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';

/** Index tuples, values and sizes of one sparse tensor. */
export interface Sparse {
  readonly rows: readonly (readonly number[])[];
  readonly values: Tensor;
  readonly shape: readonly number[];
}

/** Reads (indices, values, shape) that start at an input; an index outside the shape is refused. */
export function readSparse(context: KernelContext, first: number): Sparse {
  const shape = integersOf(context, first + 2);
  const flat = integersOf(context, first);
  const values = context.tensor(first + 1);
  const count = elementCount(values.shape);
  if (flat.length !== count * shape.length) throw context.fail('indices do not fit the values');
  const rows = Array.from({ length: count }, (_, i) => flat.slice(i * shape.length, (i + 1) * shape.length));
  const bad = rows.find((row) => row.some((at, axis) => at < 0 || at >= shape[axis]!));
  if (bad !== undefined) throw context.fail(`index [${bad}] is not in [${shape}]`);
  return { rows, values, shape };
}

export function compareRows(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((each, axis) => each !== b[axis]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function reorder(context: KernelContext): HostValue[] {
  const { rows, values, shape } = readSparse(context, 0);
  const order = rows.map((_, i) => i).sort((a, b) => compareRows(rows[a]!, rows[b]!) || a - b);
  const sorted = order.map((i) => rows[i]!);
  return [int64Matrix(sorted, shape.length), takeElements(values, Int32Array.from(order), [order.length])];
}

/** Parts along an axis; the first ones are one longer when it does not divide. */
function split(context: KernelContext): HostValue[] {
  const parts = context.attrs.int('num_split');
  const { rows, values, shape } = readSparse(context, 1);
  const axis = normalAxis(integerOf(context, 0), shape.length);
  if (axis === undefined) throw context.fail('split_dim is out of range');
  const size = shape[axis]!;
  if (parts < 1 || parts > size) throw context.fail(`can not split ${size} in ${parts}`);
  const [short, long] = [Math.floor(size / parts), size % parts];
  const startOf = (part: number) => part * short + Math.min(part, long);
  const cuts = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [startOf(part), startOf(part + 1)];
    const kept = rows.flatMap((row, i) => (row[axis]! >= from && row[axis]! < to ? [i] : []));
    return {
      indices: int64Matrix(
        kept.map((i) => rows[i]!.map((at, d) => (d === axis ? at - from : at))),
        shape.length,
      ),
      values: takeElements(values, Int32Array.from(kept), [kept.length]),
      shape: int64Vector(shape.map((dim, d) => (d === axis ? to - from : dim))),
    };
  });
  return [
    ...cuts.map((cut) => cut.indices),
    ...cuts.map((cut) => cut.values),
    ...cuts.map((cut) => cut.shape),
  ];
}

/** Values of a dense tensor where a sparse one has elements, broadcast from the dense one's shape. */
export function denseAtRows(context: KernelContext, sparse: Sparse, dense: NumericTensor): NumericTensor {
  const lead = sparse.shape.length - dense.shape.length;
  const isFitting = dense.shape.every((dim, axis) => dim === 1 || dim === sparse.shape[axis + lead]);
  if (lead < 0 || !isFitting) throw context.fail(`[${dense.shape}] does not broadcast to [${sparse.shape}]`);
  const steps = stridesOf(dense.shape).map((step, axis) => (dense.shape[axis] === 1 ? 0 : step));
  const positions = sparse.rows.map((row) =>
    steps.reduce((sum, step, axis) => sum + step * row[axis + lead]!, 0),
  );
  return takeElements(dense, Int32Array.from(positions), [positions.length]) as NumericTensor;
}

/** The sparse tensor's elements in a dense tensor of zeros. */
export function scatter(sparse: Sparse, into: Tensor): Tensor {
  const steps = stridesOf(sparse.shape);
  sparse.rows.forEach((row, i) => {
    const to = row.reduce((sum, at, axis) => sum + at * steps[axis]!, 0);
    copyElements(sparse.values, i, into, to, 1);
  });
  return into;
}

export const sparseOrderKernels: KernelFamily = { SparseReorder: reorder, SparseSplit: split };
