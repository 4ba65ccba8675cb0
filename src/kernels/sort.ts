import { elementCount, type NumericTensor, type Tensor } from '../base/tensor.js';
import { type BigArray, integerOf, integersOf, laneOf, realsOf } from './lanes.js';
import { takeElements } from './layout.js';
import { axisOf, transposeTensor } from './shape-ops.js';
import { tableKey } from './tables.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** The k largest of each row, largest first; of equal ones the first comes first. */
function topK(context: KernelContext, k: number): HostValue[] {
  const tensor = context.numeric(0);
  const width = tensor.shape[tensor.shape.length - 1];
  if (width === undefined || k < 0 || k > width) throw context.fail(`k = ${k} does not fit rows of ${width}`);
  const rows = width === 0 ? elementCount(tensor.shape.slice(0, -1)) : elementCount(tensor.shape) / width;
  const keys: ArrayLike<number | bigint> =
    laneOf(tensor.dtype) === 'big' ? (tensor.data as BigArray) : realsOf(tensor);
  const positions = new Int32Array(rows * k);
  const columns = new Int32Array(rows * k);
  for (let r = 0; r < rows; r++) {
    const order = Array.from({ length: width }, (_, i) => i);
    const base = r * width;
    order.sort((a, b) => {
      const [x, y] = [keys[base + a]!, keys[base + b]!];
      return x > y ? -1 : x < y ? 1 : a - b;
    });
    for (let i = 0; i < k; i++) {
      columns[r * k + i] = order[i]!;
      positions[r * k + i] = base + order[i]!;
    }
  }
  const shape = [...tensor.shape.slice(0, -1), k];
  return [takeElements(tensor, positions, shape), indexTensor(context, 'index_type', columns, shape)];
}

/** Integers in the type that an attribute names, int32 when it is absent. */
function indexTensor(
  context: KernelContext,
  attr: string,
  values: ArrayLike<number>,
  shape: readonly number[],
): NumericTensor {
  const dtype = context.attrs.dtype(attr, 'int32') === 'int64' ? 'int64' : 'int32';
  const data = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
  return { dtype, shape, data };
}

/** Index tuples of the elements that are not zero. */
function where(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const { shape } = tensor;
  if (shape.length === 0) throw context.fail('its input is a scalar');
  const found: number[] = [];
  const slots = laneOf(tensor.dtype) === 'complex' ? 2 : 1;
  const isZero =
    laneOf(tensor.dtype) === 'big'
      ? (i: number) => (tensor.data as BigArray)[i] === 0n
      : (
          (data) => (i: number) =>
            data[i * slots] === 0 && data[i * slots + slots - 1] === 0
        )(realsOf(tensor));
  for (let i = 0; i < elementCount(shape); i++) if (!isZero(i)) found.push(i);
  const out = new BigInt64Array(found.length * shape.length);
  found.forEach((position, row) => {
    let rest = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      out[row * shape.length + axis] = BigInt(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
  });
  return [{ dtype: 'int64', shape: [found.length, shape.length], data: out }];
}

/** Distinct slices along an axis in order of appearance, where each one went, and how many there are. */
function unique(context: KernelContext, axis: number): HostValue[] {
  const tensor = context.tensor(0);
  const rank = tensor.shape.length;
  const order = [axis, ...tensor.shape.map((_, i) => i).filter((i) => i !== axis)];
  const turned = rank < 2 ? tensor : transposeTensor(tensor, order);
  const count = tensor.shape[axis]!;
  const run = count === 0 ? 0 : elementCount(tensor.shape) / count;
  const seen = new Map<string, number>();
  const first: number[] = [];
  const counts: number[] = [];
  const places = Array.from({ length: count }, (_, i) => {
    const key = sliceKey(turned, i * run, run);
    const known = seen.get(key);
    if (known !== undefined) {
      counts[known]!++;
      return known;
    }
    seen.set(key, first.length);
    counts.push(1);
    first.push(i);
    return first.length - 1;
  });
  const positions = Int32Array.from(
    first.flatMap((row) => Array.from({ length: run }, (_, k) => row * run + k)),
  );
  const picked = takeElements(turned, positions, turned.shape.with(0, first.length));
  const back = order.map((_, i) => order.indexOf(i));
  return [
    rank < 2 ? picked : transposeTensor(picked, back),
    indexTensor(context, 'out_idx', places, [count]),
    indexTensor(context, 'out_idx', counts, [first.length]),
  ].slice(0, context.outputCount);
}

function sliceKey(tensor: Tensor, start: number, run: number): string {
  const slots = tensor.dtype === 'complex64' || tensor.dtype === 'complex128' ? 2 : 1;
  const cells: string[] = [];
  for (let i = start * slots; i < (start + run) * slots; i++) cells.push(tableKey(tensor.data[i]!));
  // Lengths in front keep strings that hold the separator apart.
  return cells.length === 1 ? cells[0]! : cells.map((cell) => `${cell.length}:${cell}`).join('');
}

function uniqueVector(context: KernelContext): HostValue[] {
  if (context.tensor(0).shape.length !== 1) throw context.fail('its input is not a vector');
  return unique(context, 0);
}

function uniqueAlong(context: KernelContext): HostValue[] {
  const axes = integersOf(context, 1);
  const rank = context.tensor(0).shape.length;
  if (axes.length > 1 || (axes.length === 0 && rank !== 1)) throw context.fail('wants one axis');
  return unique(context, axes.length === 0 ? 0 : axisOf(context, axes[0]!, rank));
}

/** Elements of the first list that are not in the second, and where they were. */
function listDiff(context: KernelContext): HostValue[] {
  const [x, y] = [context.tensor(0), context.tensor(1)];
  const gone = new Set(Array.from(y.data as ArrayLike<number>, tableKey));
  const kept: number[] = [];
  for (let i = 0; i < elementCount(x.shape); i++) if (!gone.has(tableKey(x.data[i]!))) kept.push(i);
  const shape = [kept.length];
  return [takeElements(x, Int32Array.from(kept), shape), indexTensor(context, 'out_idx', kept, shape)];
}

/** Number of boundaries that are not above each element. */
function bucketize(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const boundaries = context.attrs.floats('boundaries');
  const values =
    laneOf(tensor.dtype) === 'big' ? Array.from(tensor.data as BigArray, Number) : realsOf(tensor);
  const data = Int32Array.from(values as ArrayLike<number>, (value) => {
    let [low, high] = [0, boundaries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value < boundaries[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  });
  return [{ dtype: 'int32', shape: tensor.shape, data }];
}

/** Where each value would be put into its sorted row, before (lower) or behind (upper) equal ones. */
function bound(isUpper: boolean) {
  return (context: KernelContext): HostValue[] => {
    const [sorted, values] = [context.numeric(0), context.numeric(1)];
    const [width, count] = [sorted.shape[1]!, values.shape[1]!];
    if (sorted.shape.length !== 2 || values.shape.length !== 2 || sorted.shape[0] !== values.shape[0]) {
      throw context.fail('its inputs are not matrices of equally many rows');
    }
    const items = (tensor: NumericTensor): ArrayLike<number | bigint> =>
      laneOf(tensor.dtype) === 'big' ? (tensor.data as BigArray) : realsOf(tensor);
    const [row, wanted] = [items(sorted), items(values)];
    const found = Array.from({ length: elementCount(values.shape) }, (_, i) => {
      const base = Math.floor(i / count) * width;
      let [low, high] = [0, width];
      while (low < high) {
        const middle = (low + high) >> 1;
        const at = row[base + middle]!;
        if (isUpper ? at <= wanted[i]! : at < wanted[i]!) low = middle + 1;
        else high = middle;
      }
      return low;
    });
    return [indexTensor(context, 'out_type', found, values.shape)];
  };
}

export const sortKernels: KernelFamily = {
  TopK: (context) => topK(context, context.attrs.int('k')),
  TopKV2: (context) => topK(context, integerOf(context, 1)),
  Where: where,
  Unique: uniqueVector,
  UniqueWithCounts: uniqueVector,
  UniqueV2: uniqueAlong,
  UniqueWithCountsV2: uniqueAlong,
  ListDiff: listDiff,
  Bucketize: bucketize,
  LowerBound: bound(false),
  UpperBound: bound(true),
};
