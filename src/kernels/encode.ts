import { allocate, DTYPES } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import {
  type BigArray,
  bigMax,
  bigMin,
  integerOf,
  integersOf,
  laneOf,
  type RealArray,
  realsOf,
  refuseDType,
  seal,
  workArray,
} from './lanes.js';
import { blankTensor, copyElements, stridesOf } from './layout.js';
import { axisOf, withShape } from './shape-ops.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

/** An index outside of [0, depth) gives a row of `off` values. */
function oneHot(context: KernelContext): HostValue[] {
  const indices = integersOf(context, 0);
  const { shape } = context.numeric(0);
  const depth = integerOf(context, 1);
  const [on, off] = [context.tensor(2), context.tensor(3)];
  if (depth < 0) throw context.fail(`depth ${depth} is negative`);
  const axis = context.attrs.int('axis', -1);
  const at = axis === -1 ? shape.length : axisOf(context, axis, shape.length + 1);
  const outer = elementCount(shape.slice(0, at));
  const inner = elementCount(shape.slice(at));
  const out = blankTensor(on.dtype, shape.toSpliced(at, 0, depth));
  const [one, zero] = [withShape(on, []), withShape(off, [])];
  for (let o = 0; o < outer; o++) {
    for (let d = 0; d < depth; d++) {
      for (let i = 0; i < inner; i++) {
        const isOn = indices[o * inner + i] === d;
        copyElements(isOn ? one : zero, 0, out, (o * depth + d) * inner + i, 1);
      }
    }
  }
  return [out];
}

/** Running sums or products along an axis. */
function cumulative(
  act: (a: number, b: number) => number,
  big: (a: bigint, b: bigint) => bigint,
  start: number,
): Kernel {
  return (context) => {
    const tensor = context.numeric(0);
    const { shape, dtype } = tensor;
    const axis = axisOf(context, integerOf(context, 1), shape.length);
    const isExclusive = context.attrs.bool('exclusive', false);
    const isReverse = context.attrs.bool('reverse', false);
    const step = stridesOf(shape)[axis]!;
    const length = shape[axis]!;
    const lane = laneOf(dtype);
    if (lane === 'complex') throw refuseDType(context, dtype);
    const lines = length === 0 ? 0 : elementCount(shape) / length;
    const lineStart = (line: number) => Math.floor(line / step) * step * length + (line % step);
    const index = (base: number, k: number) => base + (isReverse ? length - 1 - k : k) * step;
    if (lane === 'big') {
      const source = tensor.data as BigArray;
      const out = new (DTYPES[dtype].array as typeof BigInt64Array)(source.length);
      for (let line = 0; line < lines; line++) {
        let sum = BigInt(start);
        for (let k = 0, base = lineStart(line); k < length; k++) {
          const at = index(base, k);
          const next = BigInt.asIntN(64, big(sum, source[at]!));
          out[at] = isExclusive ? sum : next;
          sum = next;
        }
      }
      return [{ dtype, shape, data: out }];
    }
    const source = realsOf(tensor);
    const out = workArray(dtype, source.length);
    for (let line = 0; line < lines; line++) {
      let sum = start;
      for (let k = 0, base = lineStart(line); k < length; k++) {
        const at = index(base, k);
        const next = isFloat(dtype)
          ? act(sum, source[at]!)
          : start === 1
            ? Math.imul(sum, source[at]!)
            : (sum + source[at]!) | 0;
        out[at] = isExclusive ? sum : next;
        sum = next;
      }
    }
    return [seal(dtype, shape, out)];
  };
}

/** Counts (or sums of weights) of the integers below `size`. */
function countInto(
  values: readonly number[],
  weights: RealArray | undefined,
  out: RealArray,
  base: number,
  size: number,
  isBinary: boolean,
): void {
  values.forEach((value, i) => {
    if (value >= size) return;
    const at = base + value;
    out[at] = isBinary ? 1 : out[at]! + (weights?.[i] ?? 1);
  });
}

/** Rows are counted apart only by DenseBincount; Bincount takes all elements together. */
function bincount(context: KernelContext, hasRows: boolean): HostValue[] {
  const values = integersOf(context, 0);
  const size = integerOf(context, 1);
  const weights = context.numeric(2);
  const dtype = weights.dtype;
  if (size < 0 || values.some((value) => value < 0)) throw context.fail('a value or the size is negative');
  const isBinary = context.attrs.bool('binary_output', false);
  const dims = context.numeric(0).shape;
  const isByRow = hasRows && dims.length === 2;
  const rows = isByRow ? dims[0]! : 1;
  const width = values.length / Math.max(1, rows);
  const isLong = laneOf(dtype) === 'big';
  const out = isLong ? new Float64Array(rows * size) : workArray(dtype, rows * size);
  const all =
    elementCount(weights.shape) === 0
      ? undefined
      : isLong
        ? Float64Array.from(weights.data as BigArray, Number)
        : realsOf(weights);
  for (let r = 0; r < rows; r++) {
    const part = all?.slice(r * width, (r + 1) * width);
    countInto(values.slice(r * width, (r + 1) * width), part, out, r * size, size, isBinary);
  }
  const shape = isByRow ? [rows, size] : [size];
  if (!isLong) return [seal(dtype, shape, out)];
  const data = allocate(dtype, out.length) as BigArray;
  out.forEach((count, i) => {
    data[i] = BigInt(count);
  });
  return [{ dtype, shape, data }];
}

/** Keeps `lower` diagonals below the main one and `upper` above; negative keeps all. */
function matrixBandPart(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const [lower, upper] = [integerOf(context, 1), integerOf(context, 2)];
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  if (tensor.shape.length < 2) throw context.fail('its input is no matrix');
  const out = blankTensor(tensor.dtype, tensor.shape);
  for (let i = 0; i < elementCount(tensor.shape); i++) {
    const column = i % columns;
    const row = Math.floor(i / columns) % rows;
    const isInside = (lower < 0 || row - column <= lower) && (upper < 0 || column - row <= upper);
    if (isInside) copyElements(tensor, i, out, i, 1);
  }
  return [out];
}

function addN(context: KernelContext): HostValue[] {
  const parts = context.inputs.map((_, i) => context.numeric(i));
  const first = parts[0];
  if (first === undefined) throw context.fail('has nothing to add');
  if (parts.some((part) => part.dtype !== first.dtype || part.shape.join() !== first.shape.join())) {
    throw context.fail('its inputs differ in type or shape');
  }
  if (laneOf(first.dtype) === 'big') {
    const out = allocate(first.dtype, elementCount(first.shape)) as BigArray;
    for (const part of parts)
      for (let i = 0; i < out.length; i++) out[i] = out[i]! + (part.data as BigArray)[i]!;
    return [{ dtype: first.dtype, shape: first.shape, data: out }];
  }
  const out = workArray(first.dtype, elementCount(first.shape));
  out.set(realsOf(first));
  for (const part of parts.slice(1)) {
    const source = realsOf(part);
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + source[i]!;
  }
  return [seal(first.dtype, first.shape, out)];
}

/** min(max(x, low), high); the bounds are scalars or of the shape of x. */
function clipByValue(context: KernelContext): HostValue[] {
  const [x, low, high] = [context.numeric(0), context.numeric(1), context.numeric(2)];
  const at = (bound: NumericTensor, i: number) => (elementCount(bound.shape) === 1 ? 0 : i);
  if (laneOf(x.dtype) === 'big') {
    const out = allocate(x.dtype, elementCount(x.shape)) as BigArray;
    const items = [x, low, high].map((tensor) => tensor.data as BigArray) as [BigArray, BigArray, BigArray];
    for (let i = 0; i < out.length; i++) {
      const [floor, ceiling] = [items[1][at(low, i)]!, items[2][at(high, i)]!];
      out[i] = bigMin(bigMax(items[0][i]!, floor), ceiling);
    }
    return [{ dtype: x.dtype, shape: x.shape, data: out }];
  }
  const [source, lows, highs] = [realsOf(x), realsOf(low), realsOf(high)];
  const out = workArray(x.dtype, source.length);
  for (let i = 0; i < out.length; i++)
    out[i] = Math.min(Math.max(source[i]!, lows[at(low, i)]!), highs[at(high, i)]!);
  return [seal(x.dtype, x.shape, out)];
}

export const encodeKernels: KernelFamily = {
  OneHot: oneHot,
  Cumsum: cumulative(
    (a, b) => a + b,
    (a, b) => a + b,
    0,
  ),
  Cumprod: cumulative(
    (a, b) => a * b,
    (a, b) => a * b,
    1,
  ),
  Bincount: (context) => bincount(context, false),
  DenseBincount: (context) => bincount(context, true),
  MatrixBandPart: matrixBandPart,
  AddN: addN,
  AccumulateNV2: addN,
  ClipByValue: clipByValue,
};
