import { elementCount, type NumericTensor, numericTensor } from '../base/tensor.js';
import { integersOf, laneOf, type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Taps of one output coordinate: input indices with their weights. */
interface Tap {
  readonly at: readonly number[];
  readonly weights: readonly number[];
}

interface Mode {
  readonly alignCorners: boolean;
  readonly halfPixel: boolean;
}

function scaleOf(input: number, output: number, { alignCorners }: Mode): number {
  return alignCorners && output > 1 ? Math.fround((input - 1) / (output - 1)) : Math.fround(input / output);
}

const clamp = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);

/** TensorFlow computes coordinates in float32, so they are rounded at each step here too. */
function sourceOf(out: number, scale: number, halfPixel: boolean): number {
  if (!halfPixel) return Math.fround(out * scale);
  return Math.fround(Math.fround(Math.fround(out + 0.5) * scale) - 0.5);
}

function linearTaps(input: number, output: number, mode: Mode): Tap[] {
  const scale = scaleOf(input, output, mode);
  return Array.from({ length: output }, (_, i) => {
    const at = sourceOf(i, scale, mode.halfPixel);
    const floor = Math.floor(at);
    const lower = Math.max(floor, 0);
    const upper = Math.min(Math.ceil(at), input - 1);
    const part = Math.fround(at - floor);
    return { at: [lower, upper], weights: [1 - part, part] };
  });
}

function nearestTaps(input: number, output: number, mode: Mode): Tap[] {
  const scale = scaleOf(input, output, mode);
  return Array.from({ length: output }, (_, i) => {
    const at = mode.halfPixel ? Math.fround(Math.fround(i + 0.5) * scale) : Math.fround(i * scale);
    const index = mode.alignCorners ? Math.sign(at) * Math.round(Math.abs(at)) : Math.floor(at);
    return { at: [clamp(index, input)], weights: [1] };
  });
}

/** Entries of the table of cubic weights that TensorFlow looks up instead of computing them. */
const CUBIC_STEPS = 1024;

function cubicWeights(a: number, step: number): readonly [number, number] {
  const x = step / CUBIC_STEPS;
  const near = ((a + 2) * x - (a + 3)) * x * x + 1;
  const y = x + 1;
  return [near, ((a * y - 5 * a) * y + 8 * a) * y - 4 * a];
}

/** Half-pixel centres use a = −0.5 and leave out taps beyond the border; the older form a = −0.75. */
function cubicTaps(input: number, output: number, mode: Mode): Tap[] {
  const scale = scaleOf(input, output, mode);
  const a = mode.halfPixel ? -0.5 : -0.75;
  return Array.from({ length: output }, (_, i) => {
    const at = sourceOf(i, scale, mode.halfPixel);
    const floor = Math.floor(at);
    const step = Math.round(Math.fround((at - floor) * CUBIC_STEPS));
    const [w1, w0] = cubicWeights(a, step);
    const [w2, w3] = cubicWeights(a, CUBIC_STEPS - step);
    const raw = [w0, w1, w2, w3];
    const places = [-1, 0, 1, 2].map((shift) => floor + shift);
    if (!mode.halfPixel) return { at: places.map((place) => clamp(place, input)), weights: raw };
    const inside = raw.map((weight, k) => (places[k]! >= 0 && places[k]! < input ? weight : 0));
    const sum = inside.reduce((total, weight) => total + weight, 0);
    const weights = Math.abs(sum) >= 1000 * 1.17549435e-38 ? inside.map((weight) => weight / sum) : inside;
    return { at: places.map((place) => clamp(place, input)), weights };
  });
}

/** Each output element is the mean over the area that it covers. */
function areaTaps(input: number, output: number, mode: Mode): Tap[] {
  const scale = scaleOf(input, output, mode);
  return Array.from({ length: output }, (_, i) => {
    const [from, to] = [i * scale, (i + 1) * scale];
    const at: number[] = [];
    const weights: number[] = [];
    for (let k = Math.floor(from); k < Math.ceil(to); k++) {
      at.push(clamp(k, input));
      weights.push((Math.min(k + 1, to) - Math.max(k, from)) / scale);
    }
    return { at, weights };
  });
}

type Taps = (input: number, output: number, mode: Mode) => Tap[];

function resize(context: KernelContext, taps: Taps, keepsType: boolean): HostValue[] {
  const image = context.numeric(0);
  const [height, width] = integersOf(context, 1);
  if (image.shape.length !== 4 || height === undefined || width === undefined || height <= 0 || width <= 0) {
    throw context.fail('wants images of rank 4 and a height and width above 0');
  }
  const [batch, rows, columns, channels] = image.shape as [number, number, number, number];
  if (rows === 0 || columns === 0) throw context.fail('its images are empty');
  const mode = {
    alignCorners: context.attrs.bool('align_corners', false),
    halfPixel: context.attrs.bool('half_pixel_centers', false),
  };
  const shape = [batch, height, width, channels];
  if (laneOf(image.dtype) !== 'real')
    return [resizeLong(image, shape, taps(rows, height, mode), taps(columns, width, mode), context)];
  const dtype = keepsType ? image.dtype : 'float32';
  const out = workArray(dtype, elementCount(shape));
  sample(realsOf(image), image.shape, taps(rows, height, mode), taps(columns, width, mode), out);
  return [seal(dtype, shape, out)];
}

function sample(
  source: RealArray,
  dims: readonly number[],
  down: readonly Tap[],
  across: readonly Tap[],
  out: RealArray,
): void {
  const [batch, rows, columns, channels] = dims as [number, number, number, number];
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of down) {
      for (const x of across) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let j = 0; j < y.at.length; j++) {
            const row = (b * rows + y.at[j]!) * columns;
            for (let i = 0; i < x.at.length; i++) {
              sum += y.weights[j]! * x.weights[i]! * source[(row + x.at[i]!) * channels + c]!;
            }
          }
          out[at++] = sum;
        }
      }
    }
  }
}

/** Nearest neighbours of int64 images are copies; other ways give float32. */
function resizeLong(
  image: NumericTensor,
  shape: readonly number[],
  down: readonly Tap[],
  across: readonly Tap[],
  context: KernelContext,
): NumericTensor {
  if (image.dtype !== 'int64' && image.dtype !== 'uint64') throw refuseDType(context, image.dtype);
  const wide = Float64Array.from(image.data as BigInt64Array, Number);
  const out = new Float64Array(elementCount(shape));
  sample(wide, image.shape, down, across, out);
  return context.op === 'ResizeNearestNeighbor'
    ? numericTensor(image.dtype, shape, Array.from(out, BigInt))
    : { dtype: 'float32', shape, data: Float32Array.from(out) };
}

export const resizeKernels: KernelFamily = {
  ResizeBilinear: (context) => resize(context, linearTaps, false),
  ResizeNearestNeighbor: (context) => resize(context, nearestTaps, true),
  ResizeBicubic: (context) => resize(context, cubicTaps, false),
  ResizeArea: (context) => resize(context, areaTaps, false),
};
