import { elementCount, type NumericTensor, type Tensor } from '../base/tensor.js';
import { tuplePositions } from './gather.js';
import {
  type BigArray,
  bigMax,
  bigMin,
  integersOf,
  laneOf,
  type RealArray,
  realsOf,
  refuseDType,
  seal,
} from './lanes.js';
import { blankTensor, copyElements } from './layout.js';
import { readShape, withShape } from './shape-ops.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';

/** How an update meets what is there. */
interface Merge {
  readonly real: (old: number, update: number) => number;
  readonly big: (old: bigint, update: bigint) => bigint;
}

export const MERGES = {
  add: { real: (a: number, b: number) => a + b, big: (a: bigint, b: bigint) => a + b },
  sub: { real: (a: number, b: number) => a - b, big: (a: bigint, b: bigint) => a - b },
  max: { real: (a: number, b: number) => Math.max(a, b), big: bigMax },
  min: { real: (a: number, b: number) => Math.min(a, b), big: bigMin },
} satisfies Record<string, Merge>;

/** Copies or merges rows of updates into a copy of `base`. */
function scatterInto(
  context: KernelContext,
  base: Tensor,
  indices: number,
  updates: Tensor,
  merge: Merge | undefined,
): Tensor {
  const indexShape = context.numeric(indices).shape;
  const { positions, inner, outer } = tuplePositions(
    context,
    integersOf(context, indices),
    indexShape,
    base.shape,
  );
  const wanted = [...outer, ...inner].join();
  if (updates.shape.join() !== wanted && elementCount(updates.shape) !== 1) {
    throw context.fail(`updates of shape [${updates.shape.join(', ')}] are not [${wanted}]`);
  }
  const run = elementCount(inner);
  const out = blankTensor(base.dtype, base.shape);
  copyElements(base, 0, out, 0, elementCount(base.shape));
  const isOne = updates.shape.join() !== wanted;
  if (merge === undefined) {
    positions.forEach((position, i) => {
      for (let k = 0; k < (isOne ? run : 1); k++) {
        copyElements(updates, isOne ? 0 : i * run, out, position * run + k, isOne ? 1 : run);
      }
    });
    return out;
  }
  if (out.dtype === 'string' || updates.dtype === 'string') throw refuseDType(context, 'string');
  return mergeRows(out, updates, positions, run, merge, isOne);
}

function mergeRows(
  out: NumericTensor,
  updates: NumericTensor,
  positions: readonly number[],
  run: number,
  merge: Merge,
  isOne: boolean,
): NumericTensor {
  const slots = laneOf(out.dtype) === 'complex' ? 2 : 1;
  if (laneOf(out.dtype) === 'big') {
    const [data, source] = [out.data as BigArray, updates.data as BigArray];
    positions.forEach((position, i) => {
      for (let k = 0; k < run; k++) {
        const at = position * run + k;
        data[at] = merge.big(data[at]!, source[isOne ? 0 : i * run + k]!);
      }
    });
    return out;
  }
  const [data, source] = [realsOf(out).slice() as RealArray, realsOf(updates)];
  const width = run * slots;
  positions.forEach((position, i) => {
    for (let k = 0; k < width; k++) {
      const at = position * width + k;
      data[at] = merge.real(data[at]!, source[isOne ? k % slots : i * width + k]!);
    }
  });
  return seal(out.dtype, out.shape, data);
}

const tensorScatter =
  (merge: Merge | undefined): Kernel =>
  (context) => [scatterInto(context, context.tensor(0), 1, context.tensor(2), merge)];

/** Updates that name one place are added up. */
function scatterNd(context: KernelContext): HostValue[] {
  const updates = context.tensor(1);
  const base = blankTensor(updates.dtype, readShape(context, 2));
  return [scatterInto(context, base, 0, updates, updates.dtype === 'string' ? undefined : MERGES.add)];
}

/** Rows of several tensors put where their indices say; later ones win. */
function dynamicStitch(context: KernelContext): HostValue[] {
  const parts = context.inputs.length / 2;
  const indices = Array.from({ length: parts }, (_, i) => integersOf(context, i));
  const first = context.tensor(parts);
  const inner = first.shape.slice(context.numeric(0).shape.length);
  const run = elementCount(inner);
  const rows = 1 + indices.reduce((largest, list) => list.reduce((a, b) => Math.max(a, b), largest), -1);
  const out = blankTensor(first.dtype, [rows, ...inner]);
  indices.forEach((list, part) => {
    const data = context.tensor(parts + part);
    if (elementCount(data.shape) !== list.length * run)
      throw context.fail(`data ${part} does not fit its indices`);
    list.forEach((row, i) => {
      if (row < 0) throw context.fail(`index ${row} is negative`);
      copyElements(data, i * run, out, row * run, run);
    });
  });
  return [out];
}

/** Rows that go to each of `num_partitions` outputs, in order. */
function dynamicPartition(context: KernelContext): HostValue[] {
  const data = context.tensor(0);
  const partitions = integersOf(context, 1);
  const rank = context.numeric(1).shape.length;
  const count = context.attrs.int('num_partitions', context.outputCount);
  const inner = data.shape.slice(rank);
  const run = elementCount(inner);
  const flat = withShape(data, [partitions.length, ...inner]);
  const bad = partitions.find((partition) => partition < 0 || partition >= count);
  if (bad !== undefined) throw context.fail(`partition ${bad} is not in [0, ${count})`);
  return Array.from({ length: count }, (_, partition) => {
    const rows = partitions.flatMap((each, i) => (each === partition ? [i] : []));
    const out = blankTensor(data.dtype, [rows.length, ...inner]);
    rows.forEach((row, i) => {
      copyElements(flat, row * run, out, i * run, run);
    });
    return out;
  });
}

export const scatterKernels: KernelFamily = {
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatter(undefined),
  TensorScatterAdd: tensorScatter(MERGES.add),
  TensorScatterSub: tensorScatter(MERGES.sub),
  TensorScatterMax: tensorScatter(MERGES.max),
  TensorScatterMin: tensorScatter(MERGES.min),
  DynamicStitch: dynamicStitch,
  ParallelDynamicStitch: dynamicStitch,
  DynamicPartition: dynamicPartition,
};
