import { roundHalfToEven } from './half.js';
import { integerOf, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { stridesOf } from './layout.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

/** Range and step of a fake quantisation after zero has been moved onto a step. */
export interface Nudged {
  readonly low: number;
  readonly high: number;
  readonly scale: number;
}

/** In float32, as TensorFlow's `Nudge` computes it. */
export function nudgeRange(min: number, max: number, bits: number, isNarrow: boolean): Nudged {
  const [first, last] = [isNarrow ? 1 : 0, 2 ** bits - 1];
  const scale = Math.fround(Math.fround(max - min) / (last - first));
  const zero = Math.fround(first - Math.fround(min / scale));
  const nudged = zero < first ? first : zero > last ? last : Math.floor(zero + 0.5);
  return { low: Math.fround((first - nudged) * scale), high: Math.fround((last - nudged) * scale), scale };
}

/**
 * Multiplications and the additions after them are rounded once, as the processor's fused ones are. One of
 * the three ops divides by the step; the others multiply by its inverse.
 */
function fakeQuantize(x: number, { low, high, scale }: Nudged, divides: boolean): number {
  const shifted = Math.fround(Math.min(Math.max(x, low), high) - low);
  const steps = divides
    ? Math.fround(Math.fround(shifted / scale) + 0.5)
    : Math.fround(shifted * Math.fround(1 / scale) + 0.5);
  return Math.fround(Math.floor(steps) * scale + low);
}

function fakeQuant(context: KernelContext, min: ArrayLike<number>, max: ArrayLike<number>): HostValue[] {
  const tensor = context.numeric(0);
  if (tensor.dtype !== 'float32') throw refuseDType(context, tensor.dtype);
  const bits = context.attrs.int('num_bits', 8);
  const isNarrow = context.attrs.bool('narrow_range', false);
  const source = tensor.data as Float32Array;
  const out = new Float32Array(source.length);
  const ranges = Array.from({ length: min.length }, (_, c) =>
    min[c] === 0 && max[c] === 0 ? undefined : nudgeRange(min[c]!, max[c]!, bits, isNarrow),
  );
  for (let i = 0; i < out.length; i++) {
    const range = ranges[i % ranges.length];
    out[i] =
      range === undefined ? 0 : fakeQuantize(source[i]!, range, context.op === 'FakeQuantWithMinMaxVars');
  }
  return [{ dtype: 'float32', shape: tensor.shape, data: out }];
}

const vars = (context: KernelContext) =>
  fakeQuant(context, realsOf(context.numeric(1)), realsOf(context.numeric(2)));

/** Rounds to the steps of a signed or unsigned integer range and back. */
function quantizeAndDequantize(context: KernelContext, bits: number): HostValue[] {
  const tensor = context.numeric(0);
  if (!isFloat(tensor.dtype)) throw refuseDType(context, tensor.dtype);
  const { attrs } = context;
  const isSigned = attrs.bool('signed_input', true);
  const isNarrow = attrs.bool('narrow_range', false);
  const mode =
    context.op === 'QuantizeAndDequantizeV3' ? 'HALF_TO_EVEN' : attrs.string('round_mode', 'HALF_TO_EVEN');
  const round = mode === 'HALF_TO_EVEN' ? roundHalfToEven : (x: number) => Math.floor(x + 0.5);
  const isGiven = attrs.bool(
    'range_given',
    context.op !== 'QuantizeAndDequantizeV2' && context.op !== 'QuantizeAndDequantizeV4',
  );
  const axis = attrs.int('axis', -1);
  const channels = axis < 0 ? 1 : tensor.shape[axis]!;
  const step = axis < 0 ? 1 : stridesOf(tensor.shape)[axis]!;
  const source = realsOf(tensor);
  const channelOf = (i: number) => (axis < 0 ? 0 : Math.floor(i / step) % channels);
  if (isGiven && axis >= 0)
    throw context.fail('a range per channel is given, which TensorFlow does not take');
  const [low, high] = isGiven
    ? [Array.from(realsOf(context.numeric(1))), Array.from(realsOf(context.numeric(2)))]
    : extremes(source, channels, channelOf);
  const least = isSigned ? -(2 ** (bits - 1)) + (isNarrow ? 1 : 0) : 0;
  const most = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const scales = low.map((min, c) => scaleFor(min, high[c]!, least, most));
  const out = workArray(tensor.dtype, source.length);
  for (let i = 0; i < out.length; i++) {
    const c = channelOf(i);
    const { scale, inverse, min, max } = scales[c]!;
    const clamped = isGiven ? Math.min(Math.max(source[i]!, min), max) : source[i]!;
    out[i] = Math.fround(round(Math.fround(clamped * scale)) * inverse);
  }
  return [seal(tensor.dtype, tensor.shape, out)];
}

function extremes(
  source: ArrayLike<number>,
  channels: number,
  channelOf: (i: number) => number,
): [number[], number[]] {
  const low = new Array<number>(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(channels).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < source.length; i++) {
    const c = channelOf(i);
    low[c] = Math.min(low[c]!, source[i]!);
    high[c] = Math.max(high[c]!, source[i]!);
  }
  return [low, high];
}

/** The scale of the side that needs the coarser steps; the other end of the range moves with it. */
function scaleFor(min: number, max: number, least: number, most: number) {
  const fromMin = least * min > 0 ? Math.fround(least / min) : Number.MAX_VALUE;
  const fromMax = most * max > 0 ? Math.fround(most / max) : Number.MAX_VALUE;
  if (fromMin < fromMax) {
    const inverse = Math.fround(min / least);
    return { scale: fromMin, inverse, min, max: Math.fround(most * inverse) };
  }
  const inverse = Math.fround(max / most);
  return { scale: fromMax, inverse, min: Math.fround(least * inverse), max };
}

export const quantizeKernels: KernelFamily = {
  FakeQuantWithMinMaxArgs: (context) =>
    fakeQuant(context, [context.attrs.float('min', -6)], [context.attrs.float('max', 6)]),
  FakeQuantWithMinMaxVars: vars,
  FakeQuantWithMinMaxVarsPerChannel: vars,
  QuantizeAndDequantizeV2: (context) => quantizeAndDequantize(context, context.attrs.int('num_bits', 8)),
  QuantizeAndDequantizeV3: (context) => quantizeAndDequantize(context, integerOf(context, 3)),
  QuantizeAndDequantizeV4: (context) => quantizeAndDequantize(context, context.attrs.int('num_bits', 8)),
};
