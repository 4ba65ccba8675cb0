import { elementCount, type Tensor } from '../base/tensor.js';
import { integersOf } from './lanes.js';
import { gridPositions, stridesOf, takeElements } from './layout.js';
import { axisOf, concatTensors, splitTensor, withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** First index and exclusive end of a slice, clamped to the dimension; undefined is an open end. */
export function sliceBounds(
  dim: number,
  begin: number | undefined,
  end: number | undefined,
  stride: number,
): [number, number] {
  const [low, high] = stride > 0 ? [0, dim] : [-1, dim - 1];
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + dim : at, low), high);
  return [
    begin === undefined ? (stride > 0 ? low : high) : clamp(begin),
    end === undefined ? (stride > 0 ? high : low) : clamp(end),
  ];
}

/** Length of `begin:end:stride` over a dimension. */
export function sliceLength(
  dim: number,
  begin: number | undefined,
  end: number | undefined,
  stride: number,
): number {
  const [from, to] = sliceBounds(dim, begin, end, stride);
  return Math.max(0, Math.ceil((to - from) / stride));
}

/** The part of a tensor from `starts`, `sizes` long, every `steps`th element. */
export function takeGrid(
  tensor: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): Tensor {
  const strides = stridesOf(tensor.shape);
  const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
  const grid = steps.map((step, axis) => step * strides[axis]!);
  return takeElements(tensor, gridPositions(sizes, grid, offset), sizes);
}

/** Where a StridedSlice reads: per axis of the input the first index, the count and the step. */
export interface SlicePlan {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
  /** Shape of the result, with new axes and without shrunk ones. */
  readonly shape: readonly number[];
}

/** Reads begin, end and strides from inputs `first`… and the masks from the attributes. */
export function planSlice(context: KernelContext, dims: readonly number[], first: number): SlicePlan {
  const [begin, end, strides] = [first, first + 1, first + 2].map((i) => integersOf(context, i));
  const mask = (name: string) => BigInt(context.attrs.int(name, 0));
  const has = (bits: bigint, i: number) => ((bits >> BigInt(i)) & 1n) === 1n;
  const masks = {
    begin: mask('begin_mask'),
    end: mask('end_mask'),
    ellipsis: mask('ellipsis_mask'),
    newAxis: mask('new_axis_mask'),
    shrink: mask('shrink_axis_mask'),
  };
  const count = begin!.length;
  if (end!.length !== count || strides!.length !== count)
    throw context.fail('begin, end and strides differ in length');
  let taken = 0;
  for (let i = 0; i < count; i++) if (!has(masks.ellipsis, i) && !has(masks.newAxis, i)) taken++;
  if (taken > dims.length) throw context.fail(`${taken} indices for ${dims.length} axes`);
  const plan = {
    starts: [] as number[],
    sizes: [] as number[],
    steps: [] as number[],
    shape: [] as number[],
  };
  const keepAll = (axis: number) => {
    plan.starts.push(0);
    plan.steps.push(1);
    plan.sizes.push(dims[axis]!);
    plan.shape.push(dims[axis]!);
  };
  let axis = 0;
  let hasEllipsis = false;
  for (let i = 0; i < count; i++) {
    if (has(masks.ellipsis, i)) {
      if (hasEllipsis) throw context.fail('has two ellipses');
      hasEllipsis = true;
      for (let left = dims.length - taken; left > 0; left--) keepAll(axis++);
    } else if (has(masks.newAxis, i)) plan.shape.push(1);
    else if (has(masks.shrink, i)) {
      const dim = dims[axis]!;
      const at = begin![i]! < 0 ? begin![i]! + dim : begin![i]!;
      if (at < 0 || at >= dim)
        throw context.fail(`index ${begin![i]} is out of range for axis ${axis} of size ${dim}`);
      plan.starts.push(at);
      plan.steps.push(1);
      plan.sizes.push(1);
      axis++;
    } else {
      const stride = strides![i]!;
      if (stride === 0) throw context.fail(`stride ${i} is 0`);
      const from = has(masks.begin, i) ? undefined : begin![i]!;
      const to = has(masks.end, i) ? undefined : end![i]!;
      const size = sliceLength(dims[axis]!, from, to, stride);
      plan.starts.push(size === 0 ? 0 : sliceBounds(dims[axis]!, from, to, stride)[0]);
      plan.steps.push(stride);
      plan.sizes.push(size);
      plan.shape.push(size);
      axis++;
    }
  }
  while (axis < dims.length) keepAll(axis++);
  return plan;
}

function stridedSlice(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const plan = planSlice(context, tensor.shape, 1);
  return [withShape(takeGrid(tensor, plan.starts, plan.sizes, plan.steps), plan.shape)];
}

function slice(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const starts = integersOf(context, 1);
  const wanted = integersOf(context, 2);
  const { shape } = tensor;
  if (starts.length !== shape.length || wanted.length !== shape.length) {
    throw context.fail(`begin and size do not have ${shape.length} elements`);
  }
  const sizes = wanted.map((size, axis) => (size === -1 ? shape[axis]! - starts[axis]! : size));
  const bad = sizes.findIndex(
    (size, axis) => starts[axis]! < 0 || size < 0 || starts[axis]! + size > shape[axis]!,
  );
  if (bad >= 0)
    throw context.fail(
      `begin ${starts[bad]}, size ${wanted[bad]} do not fit axis ${bad} of size ${shape[bad]}`,
    );
  return [
    takeGrid(
      tensor,
      starts,
      sizes,
      shape.map(() => 1),
    ),
  ];
}

function reverse(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const { shape } = tensor;
  const axes = new Set(integersOf(context, 1).map((axis) => axisOf(context, axis, shape.length)));
  const starts = shape.map((dim, axis) => (axes.has(axis) ? dim - 1 : 0));
  const steps = shape.map((_, axis) => (axes.has(axis) ? -1 : 1));
  return [takeGrid(tensor, starts, shape, steps)];
}

/** Rolls each axis by its shift; shifts of one axis add up. */
function roll(context: KernelContext): HostValue[] {
  let tensor = context.tensor(0);
  const [shifts, axes] = [integersOf(context, 1), integersOf(context, 2)];
  if (shifts.length !== axes.length) throw context.fail('shift and axis differ in length');
  axes.forEach((each, i) => {
    const axis = axisOf(context, each, tensor.shape.length);
    const dim = tensor.shape[axis]!;
    if (dim === 0) return;
    const cut = (((-shifts[i]! % dim) + dim) % dim) as number;
    const [head, tail] = splitTensor(tensor, axis, [cut, dim - cut]);
    tensor = concatTensors(context, [tail!, head!], axis);
  });
  return [tensor];
}

/** Reverses the first `lengths[b]` elements along `seq_dim`, for each `b` along `batch_dim`. */
function reverseSequence(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const lengths = integersOf(context, 1);
  const { shape } = tensor;
  const sequence = axisOf(context, context.attrs.int('seq_dim'), shape.length);
  const batch = axisOf(context, context.attrs.int('batch_dim', 0), shape.length);
  if (lengths.length !== shape[batch])
    throw context.fail(`has ${lengths.length} lengths for a batch of ${shape[batch]}`);
  const bad = lengths.find((length) => length < 0 || length > shape[sequence]!);
  if (bad !== undefined) throw context.fail(`length ${bad} is out of range for ${shape[sequence]}`);
  const strides = stridesOf(shape);
  const positions = new Int32Array(elementCount(shape));
  for (let i = 0; i < positions.length; i++) {
    const at = Math.floor(i / strides[sequence]!) % shape[sequence]!;
    const length = lengths[Math.floor(i / strides[batch]!) % shape[batch]!]!;
    positions[i] = at < length ? i + (length - 1 - 2 * at) * strides[sequence]! : i;
  }
  return [takeElements(tensor, positions, shape)];
}

function invertPermutation(context: KernelContext): HostValue[] {
  const order = integersOf(context, 0);
  const inverse = new Array<number>(order.length).fill(-1);
  order.forEach((at, i) => {
    if (at < 0 || at >= order.length || inverse[at] !== -1)
      throw context.fail(`[${order.join(', ')}] is no permutation`);
    inverse[at] = i;
  });
  const { dtype, shape } = context.numeric(0);
  const data = dtype === 'int64' ? BigInt64Array.from(inverse, BigInt) : Int32Array.from(inverse);
  return [{ dtype, shape, data }];
}

export const sliceKernels: KernelFamily = {
  StridedSlice: stridedSlice,
  Slice: slice,
  ReverseV2: reverse,
  Roll: roll,
  ReverseSequence: reverseSequence,
  InvertPermutation: invertPermutation,
};
