import { numericTensor, type Tensor } from '../../base/tensor.js';
import { integerOf, integersOf, laneOf, realsOf, seal, workArray } from '../lanes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { int64Matrix, int64Vector, readSplits, rowIdsOf } from './row-splits.js';

/** Values with the row of each; `rows` is undefined for one row without a batch dimension. */
interface RowValues {
  readonly values: readonly number[];
  readonly rowIds: readonly number[];
  readonly rows: number | undefined;
}

function ofDense(context: KernelContext): RowValues {
  const { shape } = context.numeric(0);
  const values = integersOf(context, 0);
  if (shape.length > 2 || shape.length === 0) throw context.fail(`values are of rank ${shape.length}`);
  const width = shape[1] ?? 1;
  if (shape.length === 1) return { values, rowIds: values.map(() => 0), rows: undefined };
  return { values, rowIds: values.map((_, i) => Math.floor(i / width)), rows: shape[0] };
}

function ofSparse(context: KernelContext): RowValues {
  const values = integersOf(context, 1);
  const shape = integersOf(context, 2);
  const indices = integersOf(context, 0);
  if (shape.length === 0 || shape.length > 2) throw context.fail(`dense_shape is of rank ${shape.length}`);
  if (indices.length !== values.length * shape.length) throw context.fail('indices do not fit the values');
  if (shape.length === 1) return { values, rowIds: values.map(() => 0), rows: undefined };
  const rowIds = values.map((_, i) => indices[2 * i]!);
  if (rowIds.some((row) => row < 0 || row >= shape[0]!))
    throw context.fail('an index is outside the dense shape');
  return { values, rowIds, rows: shape[0]! };
}

function ofRagged(context: KernelContext): RowValues {
  const values = integersOf(context, 1);
  const splits = readSplits(context, 0, values.length);
  return { values, rowIds: rowIdsOf(splits), rows: splits.length - 1 };
}

type Weights = (i: number) => number | bigint;

/** The weight of each value; empty weights count as one each. */
function weightsOf(context: KernelContext, input: number, count: number): Weights {
  const tensor = context.numeric(input);
  if (tensor.data.length === 0) return () => (laneOf(tensor.dtype) === 'big' ? 1n : 1);
  if (tensor.data.length !== count) throw context.fail('weights and values must have the same shape');
  const items: ArrayLike<number | bigint> = laneOf(tensor.dtype) === 'big' ? tensor.data : realsOf(tensor);
  return (i) => items[i]!;
}

/** Counts per row and value, as a sparse tensor in order of both. */
function countSparse(read: (context: KernelContext) => RowValues, weightsInput: number) {
  return (context: KernelContext): HostValue[] => {
    const { values, rowIds, rows } = read(context);
    const dtype = context.numeric(weightsInput).dtype;
    const isBig = laneOf(dtype) === 'big';
    const isBinary = context.attrs.bool('binary_output');
    const weightOf = isBinary ? () => (isBig ? 1n : 1) : weightsOf(context, weightsInput, values.length);
    const [low, high] = [context.attrs.int('minlength', -1), context.attrs.int('maxlength', -1)];
    const counts = Array.from({ length: rows ?? 1 }, () => new Map<number, number | bigint>());
    let largest = -1;
    const round = dtype === 'float32' ? Math.fround : (value: number) => value;
    values.forEach((value, i) => {
      if (value < 0) throw context.fail('Input values must all be non-negative');
      if (high >= 0 && value >= high) return;
      largest = Math.max(largest, value);
      const row = counts[rowIds[i]!]!;
      const [known, weight] = [row.get(value), weightOf(i)];
      if (known === undefined || isBinary) row.set(value, weight);
      else if (typeof known === 'bigint') row.set(value, known + (weight as bigint));
      else row.set(value, round(known + (weight as number)));
    });
    const cells = counts.flatMap((row, r) =>
      [...row].sort(([a], [b]) => a - b).map(([v, n]) => [r, v, n] as const),
    );
    const width = high >= 0 ? high : Math.max(largest + 1, low);
    const indices = cells.map(([row, value]) => (rows === undefined ? [value] : [row, value]));
    return [
      int64Matrix(indices, rows === undefined ? 1 : 2),
      numericTensor(
        dtype,
        [cells.length],
        cells.map(([, , n]) => n),
      ),
      int64Vector(rows === undefined ? [width] : [rows, width]),
    ];
  };
}

/** Counts per row and value, as a dense tensor of `size` columns; larger values are left out. */
function countDense(read: (context: KernelContext) => RowValues, sizeInput: number) {
  return (context: KernelContext): HostValue[] => {
    const { values, rowIds, rows } = read(context);
    const size = integerOf(context, sizeInput);
    if (size < 0) throw context.fail(`size (${size}) must be non-negative`);
    const { dtype } = context.numeric(sizeInput + 1);
    const isBinary = context.attrs.bool('binary_output', false);
    const weightOf = weightsOf(context, sizeInput + 1, values.length);
    const out = workArray(dtype, (rows ?? 1) * size) as unknown as (number | bigint)[];
    values.forEach((value, i) => {
      if (value < 0) throw context.fail('Input must be non-negative');
      if (value >= size) return;
      const at = rowIds[i]! * size + value;
      const [known, weight] = [out[at]!, weightOf(i)];
      if (isBinary) out[at] = typeof known === 'bigint' ? 1n : 1;
      else if (typeof known === 'bigint') out[at] = known + (weight as bigint);
      else out[at] = known + (weight as number);
    });
    const shape = rows === undefined ? [size] : [rows, size];
    return [seal(dtype, shape, out as unknown as Parameters<typeof seal>[2]) as Tensor];
  };
}

export const countKernels: KernelFamily = {
  DenseCountSparseOutput: countSparse(ofDense, 1),
  SparseCountSparseOutput: countSparse(ofSparse, 3),
  RaggedCountSparseOutput: countSparse(ofRagged, 2),
  SparseBincount: countDense(ofSparse, 3),
  RaggedBincount: countDense(ofRagged, 2),
};
