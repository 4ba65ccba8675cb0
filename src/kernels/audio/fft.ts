import { elementCount, type NumericTensor } from '../../base/tensor.js';
import { integersOf, refuseDType } from '../lanes.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import { blankComplexes, type Complexes, transformAxis } from './transform.js';

/** The inner sizes of a tensor set to `lengths`, by cutting or with zeros. `slots` is 2 for complex input. */
function readPadded(
  tensor: NumericTensor,
  lengths: readonly number[],
  slots: 1 | 2,
): Complexes & { shape: number[] } {
  const { shape } = tensor;
  const outer = shape.slice(0, shape.length - lengths.length);
  const to = [...outer, ...lengths];
  const out = blankComplexes(elementCount(to));
  const data = tensor.data as Float32Array;
  const count = elementCount(shape);
  for (let i = 0; i < count; i++) {
    let [rest, at, step, isInside] = [i, 0, 1, true];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (index >= to[axis]!) isInside = false;
      at += index * step;
      step *= to[axis]!;
    }
    if (!isInside) continue;
    out.re[at] = data[i * slots]!;
    if (slots === 2) out.im[at] = data[2 * i + 1]!;
  }
  return { ...out, shape: to };
}

function complexTensor(isDouble: boolean, shape: readonly number[], { re, im }: Complexes): NumericTensor {
  const data = isDouble ? new Float64Array(2 * re.length) : new Float32Array(2 * re.length);
  for (let i = 0; i < re.length; i++) {
    data[2 * i] = re[i]!;
    data[2 * i + 1] = im[i]!;
  }
  return isDouble
    ? { dtype: 'complex128', shape, data: data as Float64Array }
    : { dtype: 'complex64', shape, data: data as Float32Array };
}

/** TensorFlow cuts what is too long, and leaves padding to the caller. */
function requireLengths(context: KernelContext, { shape }: NumericTensor, lengths: readonly number[]): void {
  lengths.forEach((length, i) => {
    const size = shape[shape.length - lengths.length + i]!;
    if (size < length && size !== 0)
      throw context.fail(`Input dimension must have length of at least ${length} but got: ${size}`);
  });
}

function requireComplex(context: KernelContext): NumericTensor {
  const tensor = context.numeric(0);
  if (tensor.dtype !== 'complex64' && tensor.dtype !== 'complex128') throw refuseDType(context, tensor.dtype);
  return tensor;
}

function requireRank(context: KernelContext, tensor: NumericTensor, rank: number): void {
  if (tensor.shape.length < rank) throw context.fail(`Input must have rank of at least ${rank}`);
}

const axesOf = (shape: readonly number[], rank: number) =>
  Array.from({ length: rank }, (_, i) => shape.length - rank + i);

function complexToComplex(rank: number, isInverse: boolean): Kernel {
  return (context): HostValue[] => {
    const tensor = requireComplex(context);
    requireRank(context, tensor, rank);
    const grid = readPadded(tensor, tensor.shape.slice(tensor.shape.length - rank), 2);
    for (const axis of axesOf(grid.shape, rank)) transformAxis(grid, grid.shape, axis, isInverse);
    return [complexTensor(tensor.dtype === 'complex128', grid.shape, grid)];
  };
}

function readLengths(context: KernelContext, rank: number): number[] {
  const lengths = integersOf(context, 1);
  if (lengths.length !== rank) throw context.fail(`fft_length must have shape [${rank}]`);
  if (lengths.some((length) => length < 0)) throw context.fail('fft_length must be >= 0');
  return lengths;
}

/** The innermost axis keeps n/2 + 1 numbers. */
function realToComplex(rank: number): Kernel {
  return (context): HostValue[] => {
    const tensor = context.numeric(0);
    if (tensor.dtype !== 'float32' && tensor.dtype !== 'float64') throw refuseDType(context, tensor.dtype);
    requireRank(context, tensor, rank);
    const lengths = readLengths(context, rank);
    requireLengths(context, tensor, lengths);
    const grid = readPadded(tensor, lengths, 1);
    for (const axis of axesOf(grid.shape, rank)) transformAxis(grid, grid.shape, axis, false);
    const full = grid.shape[grid.shape.length - 1]!;
    const kept = full === 0 ? 0 : Math.floor(full / 2) + 1;
    const shape = [...grid.shape.slice(0, -1), kept];
    const out = blankComplexes(elementCount(shape));
    for (let i = 0; i < out.re.length; i++) {
      const from = Math.floor(i / kept) * full + (i % kept);
      out.re[i] = grid.re[from]!;
      out.im[i] = grid.im[from]!;
    }
    return [complexTensor(tensor.dtype === 'float64', shape, out)];
  };
}

function complexToReal(rank: number): Kernel {
  return (context): HostValue[] => {
    const tensor = requireComplex(context);
    requireRank(context, tensor, rank);
    const lengths = readLengths(context, rank);
    const full = lengths[rank - 1]!;
    const half = full === 0 ? 0 : Math.floor(full / 2) + 1;
    requireLengths(context, tensor, [...lengths.slice(0, -1), half]);
    const grid = readPadded(tensor, [...lengths.slice(0, -1), half], 2);
    for (const axis of axesOf(grid.shape, rank).slice(0, -1)) transformAxis(grid, grid.shape, axis, true);
    const shape = [...grid.shape.slice(0, -1), full];
    const lines = blankComplexes(elementCount(shape));
    for (let i = 0; i < lines.re.length; i++) {
      const [row, k] = [Math.floor(i / full), i % full];
      const isMirrored = k >= half;
      const from = row * half + (isMirrored ? full - k : k);
      lines.re[i] = grid.re[from]!;
      lines.im[i] = isMirrored ? -grid.im[from]! : grid.im[from]!;
    }
    if (full > 0) transformAxis(lines, shape, shape.length - 1, true);
    if (tensor.dtype === 'complex128') return [{ dtype: 'float64', shape, data: lines.re }];
    return [{ dtype: 'float32', shape, data: Float32Array.from(lines.re) }];
  };
}

/** Fourier transforms over the innermost one, two or three axes. */
export const fftKernels: KernelFamily = {
  FFT: complexToComplex(1, false),
  IFFT: complexToComplex(1, true),
  FFT2D: complexToComplex(2, false),
  IFFT2D: complexToComplex(2, true),
  FFT3D: complexToComplex(3, false),
  IFFT3D: complexToComplex(3, true),
  RFFT: realToComplex(1),
  RFFT2D: realToComplex(2),
  RFFT3D: realToComplex(3),
  IRFFT: complexToReal(1),
  IRFFT2D: complexToReal(2),
  IRFFT3D: complexToReal(3),
};
