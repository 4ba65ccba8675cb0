import { isNumericDType } from '../base/dtype.js';
import { elementCount, type NumericTensor, numericTensor, type Tensor, tensorBytes } from '../base/tensor.js';
import { integerOf, integersOf, type RealArray } from './lanes.js';
import { blankTensor, copyElements, gridPositions, normalAxis, stridesOf, takeElements } from './layout.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';

/** Elements that a host tensor may have. */
const MAX_ELEMENTS = 2 ** 31 - 1;

/** A shape input, checked. */
export function readShape(context: KernelContext, index: number): number[] {
  const shape = integersOf(context, index);
  if (shape.some((dim) => dim < 0)) throw context.fail(`the shape [${shape.join(', ')}] has a negative size`);
  if (elementCount(shape) > MAX_ELEMENTS) throw context.fail(`the shape [${shape.join(', ')}] is too large`);
  return shape;
}

export function axisOf(context: KernelContext, axis: number, rank: number): number {
  const normal = normalAxis(axis, rank);
  if (normal === undefined) throw context.fail(`axis ${axis} is out of range for rank ${rank}`);
  return normal;
}

export function withShape(tensor: Tensor, shape: readonly number[]): Tensor {
  return { ...tensor, shape };
}

function outType(context: KernelContext): 'int32' | 'int64' {
  return context.attrs.dtype('out_type', 'int32') === 'int64' ? 'int64' : 'int32';
}

const shape: Kernel = (context) =>
  context.inputs.map((_, i) => {
    const dims = context.tensor(i).shape;
    return numericTensor(outType(context), [dims.length], dims);
  });

function reshape(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const wanted = integersOf(context, 1);
  const count = elementCount(tensor.shape);
  const at = wanted.indexOf(-1);
  if (at >= 0) {
    const known = elementCount(wanted.filter((_, i) => i !== at));
    wanted[at] = known === 0 ? 0 : count / known;
  }
  const isWhole = wanted.every((dim) => Number.isInteger(dim) && dim >= 0);
  if (!isWhole || elementCount(wanted) !== count) {
    throw context.fail(`[${tensor.shape.join(', ')}] can not become [${integersOf(context, 1).join(', ')}]`);
  }
  return [withShape(tensor, wanted)];
}

function squeeze(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const rank = tensor.shape.length;
  const named = context.attrs.ints('squeeze_dims', []).map((axis) => axisOf(context, axis, rank));
  const bad = named.find((axis) => tensor.shape[axis] !== 1);
  if (bad !== undefined) throw context.fail(`axis ${bad} has size ${tensor.shape[bad]}, not 1`);
  const isGone = (dim: number, axis: number) => (named.length > 0 ? named.includes(axis) : dim === 1);
  return [
    withShape(
      tensor,
      tensor.shape.filter((dim, axis) => !isGone(dim, axis)),
    ),
  ];
}

function expandDims(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const axis = axisOf(context, integerOf(context, 1), tensor.shape.length + 1);
  return [withShape(tensor, tensor.shape.toSpliced(axis, 0, 1))];
}

/** The tensor with its axes in the order `perm`. */
export function transposeTensor(tensor: Tensor, perm: readonly number[]): Tensor {
  const strides = stridesOf(tensor.shape);
  const sizes = perm.map((axis) => tensor.shape[axis]!);
  const positions = gridPositions(
    sizes,
    perm.map((axis) => strides[axis]!),
    0,
  );
  return takeElements(tensor, positions, sizes);
}

function transpose(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const perm = integersOf(context, 1).map((axis) => axisOf(context, axis, tensor.shape.length));
  if (perm.length !== tensor.shape.length || new Set(perm).size !== perm.length) {
    throw context.fail(`[${perm.join(', ')}] is no order of ${tensor.shape.length} axes`);
  }
  return [transposeTensor(tensor, perm)];
}

/** The transpose, with the conjugates of complex numbers. */
function conjugateTranspose(context: KernelContext): HostValue[] {
  const [made] = transpose(context) as [Tensor];
  if (made.dtype !== 'complex64' && made.dtype !== 'complex128') return [made];
  const data = (made.data as RealArray).map((each, index) => (index % 2 === 1 ? -each : each)) as RealArray;
  return [{ ...made, data } as Tensor];
}

function tile(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const counts = integersOf(context, 1);
  const rank = tensor.shape.length;
  if (counts.length !== rank || counts.some((count) => count < 0)) {
    throw context.fail(`multiples [${counts.join(', ')}] do not fit rank ${rank}`);
  }
  const strides = stridesOf(tensor.shape);
  const sizes = tensor.shape.flatMap((dim, axis) => [counts[axis]!, dim]);
  const positions = gridPositions(
    sizes,
    strides.flatMap((stride) => [0, stride]),
    0,
  );
  return [
    takeElements(
      tensor,
      positions,
      tensor.shape.map((dim, axis) => dim * counts[axis]!),
    ),
  ];
}

/** The tensor repeated along axes of size 1 and new leading axes. */
export function broadcastTo(context: KernelContext, tensor: Tensor, to: readonly number[]): Tensor {
  const lead = to.length - tensor.shape.length;
  const fits = lead >= 0 && tensor.shape.every((dim, axis) => dim === 1 || dim === to[axis + lead]);
  if (!fits) throw context.fail(`[${tensor.shape.join(', ')}] can not be broadcast to [${to.join(', ')}]`);
  const strides = stridesOf(tensor.shape);
  const steps = to.map((_, axis) =>
    axis < lead || tensor.shape[axis - lead] === 1 ? 0 : strides[axis - lead]!,
  );
  return takeElements(tensor, gridPositions(to, steps, 0), to);
}

const fill: Kernel = (context) => {
  const value = context.tensor(1);
  if (elementCount(value.shape) !== 1) throw context.fail('the value to fill with is not a scalar');
  return [broadcastTo(context, withShape(value, []), readShape(context, 0))];
};

const zeros: Kernel = (context) => {
  const { dtype, shape: dims } = context.tensor(0);
  return [blankTensor(dtype, dims)];
};

const ones: Kernel = (context) => {
  const { dtype, shape: dims } = context.numeric(0);
  return [broadcastTo(context, oneOf(dtype), dims)];
};

function oneOf(dtype: NumericTensor['dtype']): NumericTensor {
  if (dtype === 'float16') return { dtype, shape: [], data: Uint16Array.of(0x3c00) };
  if (dtype === 'bfloat16') return { dtype, shape: [], data: Uint16Array.of(0x3f80) };
  if (dtype === 'complex64') return { dtype, shape: [], data: Float32Array.of(1, 0) };
  if (dtype === 'complex128') return { dtype, shape: [], data: Float64Array.of(1, 0) };
  return numericTensor(dtype, [], [1]);
}

/** Stacks tensors of one shape along a new axis. */
function pack(context: KernelContext): HostValue[] {
  const parts = context.inputs.map((_, i) => context.tensor(i));
  const first = parts[0];
  if (first === undefined) throw context.fail('has nothing to stack');
  const axis = axisOf(context, context.attrs.int('axis', 0), first.shape.length + 1);
  const expanded = parts.map((part) => {
    if (part.shape.join() !== first.shape.join()) throw context.fail('its inputs differ in shape');
    return withShape(part, part.shape.toSpliced(axis, 0, 1));
  });
  return [concatTensors(context, expanded, axis)];
}

/** Tensors one after the other along an axis. */
export function concatTensors(context: KernelContext, parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0]!;
  const fits = (part: Tensor) =>
    part.shape.length === first.shape.length &&
    part.shape.every((dim, i) => i === axis || dim === first.shape[i]) &&
    part.dtype === first.dtype;
  const bad = parts.find((part) => !fits(part));
  if (bad !== undefined) {
    throw context.fail(
      `[${bad.shape.join(', ')}] does not fit beside [${first.shape.join(', ')}] on axis ${axis}`,
    );
  }
  const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  const out = blankTensor(first.dtype, first.shape.with(axis, total));
  const inner = elementCount(first.shape.slice(axis + 1));
  const outer = elementCount(first.shape.slice(0, axis));
  let offset = 0;
  for (const part of parts) {
    const run = part.shape[axis]! * inner;
    for (let o = 0; o < outer; o++) copyElements(part, o * run, out, o * total * inner + offset, run);
    offset += run;
  }
  return out;
}

function concat(context: KernelContext, first: number, count: number, axisInput: number): HostValue[] {
  const parts = Array.from({ length: count }, (_, i) => context.tensor(first + i));
  const rank = parts[0]?.shape.length ?? 0;
  return [concatTensors(context, parts, axisOf(context, integerOf(context, axisInput), rank))];
}

/** Cuts along an axis into parts of the given sizes. */
export function splitTensor(tensor: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const outer = elementCount(tensor.shape.slice(0, axis));
  const row = tensor.shape[axis]! * inner;
  let offset = 0;
  return sizes.map((size) => {
    const part = blankTensor(tensor.dtype, tensor.shape.with(axis, size));
    const run = size * inner;
    for (let o = 0; o < outer; o++) copyElements(tensor, o * row + offset, part, o * run, run);
    offset += run;
    return part;
  });
}

function split(context: KernelContext): HostValue[] {
  const tensor = context.tensor(1);
  const axis = axisOf(context, integerOf(context, 0), tensor.shape.length);
  const parts = context.attrs.int('num_split', context.outputCount);
  const size = tensor.shape[axis]! / parts;
  if (!Number.isInteger(size)) throw context.fail(`${tensor.shape[axis]} does not divide into ${parts}`);
  return splitTensor(tensor, axis, new Array<number>(parts).fill(size));
}

function splitV(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const axis = axisOf(context, integerOf(context, 2), tensor.shape.length);
  const sizes = integersOf(context, 1);
  const open = sizes.indexOf(-1);
  const known = sizes.reduce((sum, size) => sum + (size === -1 ? 0 : size), 0);
  if (open >= 0) sizes[open] = tensor.shape[axis]! - known;
  if (sizes.some((size) => size < 0) || sizes.reduce((a, b) => a + b, 0) !== tensor.shape[axis]) {
    throw context.fail(`sizes [${sizes.join(', ')}] do not sum up to ${tensor.shape[axis]}`);
  }
  return splitTensor(tensor, axis, sizes);
}

function unpack(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const axis = axisOf(context, context.attrs.int('axis', 0), tensor.shape.length);
  const count = context.attrs.int('num', context.outputCount);
  if (tensor.shape[axis] !== count)
    throw context.fail(`axis ${axis} has size ${tensor.shape[axis]}, not ${count}`);
  const rest = tensor.shape.toSpliced(axis, 1);
  return splitTensor(tensor, axis, new Array<number>(count).fill(1)).map((part) => withShape(part, rest));
}

function bitcast(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const to = context.attrs.dtype('type');
  if (!isNumericDType(to)) throw context.fail(`can not become ${to}`);
  const bytes = tensorBytes(tensor).slice();
  const blank = blankTensor(to, [0]) as NumericTensor;
  const width = (array: NumericTensor) =>
    array.data.BYTES_PER_ELEMENT * (array.dtype.startsWith('complex') ? 2 : 1);
  const [wide, narrow] = [width(tensor), width(blank)];
  const shapeOut =
    wide === narrow
      ? tensor.shape
      : wide > narrow
        ? [...tensor.shape, wide / narrow]
        : tensor.shape.slice(0, -1);
  if (elementCount(shapeOut) * narrow !== bytes.length)
    throw context.fail('the last dimension does not fit the type');
  const Ctor = blank.data.constructor as new (buffer: ArrayBufferLike) => NumericTensor['data'];
  return [{ dtype: to, shape: shapeOut, data: new Ctor(bytes.buffer) }];
}

export const shapeKernels: KernelFamily = {
  Shape: shape,
  ShapeN: shape,
  Size: (context) => [numericTensor(outType(context), [], [elementCount(context.tensor(0).shape)])],
  Rank: (context) => [numericTensor('int32', [], [context.tensor(0).shape.length])],
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  ConjugateTranspose: conjugateTranspose,
  Tile: tile,
  BroadcastTo: (context) => [broadcastTo(context, context.tensor(0), readShape(context, 1))],
  Fill: fill,
  ZerosLike: zeros,
  OnesLike: ones,
  Pack: pack,
  Unpack: unpack,
  Concat: (context) => concat(context, 1, context.inputs.length - 1, 0),
  ConcatV2: (context) => concat(context, 0, context.inputs.length - 1, -1),
  Split: split,
  SplitV: splitV,
  Bitcast: bitcast,
};
