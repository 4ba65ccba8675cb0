import type { NumericTensor } from '../../base/tensor.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { denseValue, mapConstant } from '../derive.js';

/**
 * Weights take 7 bits: processors with AVX2 or AVX-512 but without VNNI add two products of 8-bit numbers in 16
 * bits and saturate, which would change answers silently. 2 · 255 · 64 fits.
 */
const LIMIT = 63;
/** A channel below this counts as zero: its scale would be a denormal number, or none. */
const NEGLIGIBLE = 1e-30;

/** A weight matrix or filter as signed bytes, with one factor per channel. */
export interface Int8Weights {
  readonly values: TensorValue;
  /** float32 [channels]. */
  readonly scales: TensorValue;
  readonly scaleOf: Float32Array;
}

const KNOWN = new WeakMap<TensorValue, Map<string, Int8Weights | undefined>>();

/**
 * Symmetric quantization per channel, along axis `first` or `last`. The bytes are computed when they are
 * written. Undefined when a weight is not finite.
 */
export function quantizeWeights(value: TensorValue, axis: 'first' | 'last'): Int8Weights | undefined {
  const known = KNOWN.get(value) ?? new Map<string, Int8Weights | undefined>();
  KNOWN.set(value, known);
  if (!known.has(axis)) known.set(axis, make(value, axis));
  return known.get(axis);
}

function make(value: TensorValue, axis: 'first' | 'last'): Int8Weights | undefined {
  const scaleOf = findScales(value.read() as NumericTensor, axis);
  if (!scaleOf.every(Number.isFinite)) return undefined;
  const values = mapConstant(value, `int8 by ${axis}`, { dtype: 'int8', shape: value.shape }, (tensor) => ({
    dtype: 'int8',
    shape: tensor.shape,
    data: roundAll(tensor.data as Float32Array, scaleOf, axis),
  }));
  return {
    values,
    scaleOf,
    scales: denseValue({ dtype: 'float32', shape: [scaleOf.length], data: scaleOf }),
  };
}

function findScales({ shape, data }: NumericTensor, axis: 'first' | 'last'): Float32Array {
  const channels = (axis === 'first' ? shape[0] : shape.at(-1)) ?? 1;
  const inner = axis === 'first' ? data.length / channels : 1;
  const largest = new Float32Array(channels);
  const values = data as Float32Array;
  for (let at = 0, channel = 0, left = inner; at < values.length; at++) {
    const size = Math.abs(values[at]!);
    if (!(size <= largest[channel]!)) largest[channel] = size;
    if (--left > 0) continue;
    left = inner;
    if (++channel === channels) channel = 0;
  }
  return largest.map((size) => (size < NEGLIGIBLE ? 1 : size / LIMIT));
}

function roundAll(values: Float32Array, scales: Float32Array, axis: 'first' | 'last'): Int8Array {
  const inner = axis === 'first' ? values.length / scales.length : 1;
  const factors = Float64Array.from(scales, (scale) => 1 / scale);
  const rounded = new Int8Array(values.length);
  for (let at = 0, channel = 0, left = inner; at < values.length; at++) {
    rounded[at] = Math.round(values[at]! * factors[channel]!);
    if (--left > 0) continue;
    left = inner;
    if (++channel === scales.length) channel = 0;
  }
  return rounded;
}
