import { elementCount, type NumericTensor } from '../base/tensor.js';
import { integersOf, laneOf, type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { transposeTensor } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { layoutFor, layoutOrders, type Window, windowAlong, windowAttrs } from './window.js';

/** A convolution over three spatial axes; two-dimensional ones have a depth of 1. Channels are last. */
interface Plan {
  readonly batch: number;
  readonly axes: readonly [Window, Window, Window];
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
}

const POINT: Window = { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, output: 1 };

function toChannelsLast(tensor: NumericTensor, to: readonly number[] | undefined): NumericTensor {
  return to === undefined ? tensor : (transposeTensor(tensor, to) as NumericTensor);
}

function planOf(
  context: KernelContext,
  input: readonly number[],
  filter: readonly number[],
  isDepthwise: boolean,
): Plan {
  const rank = input.length;
  const layout = layoutFor(context, rank);
  const strides = context.attrs.ints('strides');
  const dilations = context.attrs.has('dilations')
    ? context.attrs.ints('dilations')
    : new Array<number>(rank).fill(1);
  const attrs = windowAttrs(context);
  const windows = layout.spatial.map((axis, i) =>
    windowAlong(context, attrs, axis, {
      input: input[axis]!,
      kernel: filter[i]!,
      stride: strides[axis]!,
      dilation: dilations[axis]!,
    }),
  );
  const inputChannels = input[layout.channel]!;
  const perGroup = filter[rank - 2]!;
  const last = filter[rank - 1]!;
  if (isDepthwise ? perGroup !== inputChannels : perGroup === 0 || inputChannels % perGroup !== 0) {
    throw context.fail(`${inputChannels} channels do not fit the filter [${filter.join(', ')}]`);
  }
  const axes = windows.length === 2 ? [POINT, ...windows] : windows;
  return {
    batch: input[0]!,
    axes: axes as unknown as Plan['axes'],
    inputChannels,
    outputChannels: isDepthwise ? inputChannels * last : last,
    groups: isDepthwise ? inputChannels : inputChannels / perGroup,
  };
}

/** Calls `visit` for every window position that lies on the input, with the start of its channels. */
function forEachTap(
  plan: Plan,
  batch: number,
  at: readonly [number, number, number],
  visit: (inputStart: number, tap: number) => void,
): void {
  const [d, h, w] = plan.axes;
  for (let kd = 0; kd < d.kernel; kd++) {
    const z = at[0] * d.stride - d.before + kd * d.dilation;
    if (z < 0 || z >= d.input) continue;
    for (let kh = 0; kh < h.kernel; kh++) {
      const y = at[1] * h.stride - h.before + kh * h.dilation;
      if (y < 0 || y >= h.input) continue;
      for (let kw = 0; kw < w.kernel; kw++) {
        const x = at[2] * w.stride - w.before + kw * w.dilation;
        if (x < 0 || x >= w.input) continue;
        const start = (((batch * d.input + z) * h.input + y) * w.input + x) * plan.inputChannels;
        visit(start, (kd * h.kernel + kh) * w.kernel + kw);
      }
    }
  }
}

/** The filter with the values of one output channel together: [outputs, taps, inputs of a group]. */
function byOutput(plan: Plan, filter: RealArray): Float64Array {
  const { outputChannels } = plan;
  const length = filter.length / outputChannels;
  const turned = new Float64Array(filter.length);
  for (let o = 0; o < outputChannels; o++) {
    for (let k = 0; k < length; k++) turned[o * length + k] = filter[k * outputChannels + o]!;
  }
  return turned;
}

/** Four sums side by side, which the processor can add up at the same time. */
function dot(a: Float64Array, b: Float64Array, start: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += a[k]! * b[start + k]!;
    s1 += a[k + 1]! * b[start + k + 1]!;
    s2 += a[k + 2]! * b[start + k + 2]!;
    s3 += a[k + 3]! * b[start + k + 3]!;
  }
  for (; k < length; k++) s0 += a[k]! * b[start + k]!;
  return s0 + s1 + (s2 + s3);
}

type At = [number, number, number];

/** Calls `visit` for every output position in order. */
function forEachOutput(plan: Plan, visit: (batch: number, at: At) => void): void {
  const [d, h, w] = plan.axes;
  const at: At = [0, 0, 0];
  for (let b = 0; b < plan.batch; b++) {
    for (at[0] = 0; at[0] < d.output; at[0]++) {
      for (at[1] = 0; at[1] < h.output; at[1]++) for (at[2] = 0; at[2] < w.output; at[2]++) visit(b, at);
    }
  }
}

/** Gathers the window of every position, then multiplies it with each output channel's filter. */
function convolve(plan: Plan, input: RealArray, filter: RealArray, out: RealArray): void {
  const { inputChannels, outputChannels, groups } = plan;
  const [perIn, perOut] = [inputChannels / groups, outputChannels / groups];
  const turned = byOutput(plan, filter);
  const length = turned.length / outputChannels;
  const windows = Array.from({ length: groups }, () => new Float64Array(length));
  const gather = (start: number, tap: number) => {
    for (let group = 0; group < groups; group++) {
      const from = start + group * perIn;
      const window = windows[group]!;
      for (let i = 0; i < perIn; i++) window[tap * perIn + i] = input[from + i]!;
    }
  };
  let to = 0;
  forEachOutput(plan, (batch, at) => {
    for (const window of windows) window.fill(0);
    forEachTap(plan, batch, at, gather);
    for (let o = 0; o < outputChannels; o++) {
      out[to++] = dot(windows[Math.floor(o / perOut)]!, turned, o * length, length);
    }
  });
}

/** Every input channel has filters of its own. The sums are kept in double precision and rounded once. */
function convolveDepthwise(plan: Plan, input: RealArray, filter: RealArray, out: RealArray): void {
  const { inputChannels, outputChannels } = plan;
  const multiplier = outputChannels / inputChannels;
  const sums = new Float64Array(outputChannels);
  const addTap = (start: number, tap: number) => {
    for (let c = 0; c < inputChannels; c++) {
      const value = input[start + c]!;
      const from = (tap * inputChannels + c) * multiplier;
      for (let o = 0; o < multiplier; o++) sums[c * multiplier + o]! += value * filter[from + o]!;
    }
  };
  let to = 0;
  forEachOutput(plan, (batch, at) => {
    sums.fill(0);
    forEachTap(plan, batch, at, addTap);
    for (let o = 0; o < outputChannels; o++) out[to++] = sums[o]!;
  });
}

function convolution(context: KernelContext, rank: 4 | 5, isDepthwise: boolean): HostValue[] {
  const [input, filter] = [context.numeric(0), context.numeric(1)];
  if (laneOf(input.dtype) !== 'real' || input.dtype !== filter.dtype) throw refuseDType(context, input.dtype);
  if (input.shape.length !== rank || filter.shape.length !== rank)
    throw context.fail(`its inputs are not of rank ${rank}`);
  const orders = layoutOrders(layoutFor(context, rank), rank);
  const plan = planOf(context, input.shape, filter.shape, isDepthwise);
  const source = toChannelsLast(input, orders?.to);
  const spatial = plan.axes.slice(5 - rank).map((axis) => axis.output);
  const shape = [plan.batch, ...spatial, plan.outputChannels];
  const out = workArray(input.dtype, elementCount(shape));
  (isDepthwise ? convolveDepthwise : convolve)(plan, realsOf(source), realsOf(filter), out);
  return [toChannelsLast(seal(input.dtype, shape, out), orders?.from)];
}

/** The transpose of a convolution: every input element spreads over a window of the output. */
function backpropInput(context: KernelContext, rank: 4 | 5): HostValue[] {
  const [filter, gradient] = [context.numeric(1), context.numeric(2)];
  const sizes = integersOf(context, 0);
  if (laneOf(gradient.dtype) !== 'real') throw refuseDType(context, gradient.dtype);
  const layout = layoutFor(context, rank);
  const orders = layoutOrders(layout, rank);
  const channels = filter.shape[rank - 2]!;
  const dims = sizes.length === rank - 2 ? spread(layout, rank, gradient.shape[0]!, sizes, channels) : sizes;
  if (dims.length !== rank || dims[layout.channel] !== channels)
    throw context.fail('input_sizes do not fit the filter');
  const plan = planOf(context, dims, filter.shape, false);
  const source = toChannelsLast(gradient, orders?.to);
  const expected = [plan.batch, ...plan.axes.slice(5 - rank).map((axis) => axis.output), plan.outputChannels];
  if (source.shape.join() !== expected.join()) {
    throw context.fail(
      `[${gradient.shape.join(', ')}] does not come from a convolution of [${dims.join(', ')}]`,
    );
  }
  const shape = [plan.batch, ...layout.spatial.map((axis) => dims[axis]!), channels];
  const sums = new Float64Array(elementCount(shape));
  spreadGradient(plan, realsOf(source), realsOf(filter), sums);
  const out = workArray(gradient.dtype, sums.length);
  out.set(sums);
  return [toChannelsLast(seal(gradient.dtype, shape, out), orders?.from)];
}

function spread(
  layout: ReturnType<typeof layoutFor>,
  rank: number,
  batch: number,
  spatial: readonly number[],
  channels: number,
): number[] {
  const dims = new Array<number>(rank).fill(batch);
  layout.spatial.forEach((axis, i) => {
    dims[axis] = spatial[i]!;
  });
  dims[layout.channel] = channels;
  return dims;
}

function spreadGradient(plan: Plan, gradient: RealArray, filter: RealArray, sums: Float64Array): void {
  const { inputChannels, outputChannels } = plan;
  const [d, h, w] = plan.axes;
  let from = 0;
  const addTap = (start: number, tap: number) => {
    for (let c = 0; c < inputChannels; c++) {
      const row = (tap * inputChannels + c) * outputChannels;
      let sum = 0;
      for (let o = 0; o < outputChannels; o++) sum += gradient[from + o]! * filter[row + o]!;
      sums[start + c]! += sum;
    }
  };
  for (let b = 0; b < plan.batch; b++) {
    for (let z = 0; z < d.output; z++) {
      for (let y = 0; y < h.output; y++) {
        for (let x = 0; x < w.output; x++) {
          forEachTap(plan, b, [z, y, x], addTap);
          from += outputChannels;
        }
      }
    }
  }
}

export const convKernels: KernelFamily = {
  Conv2D: (context) => convolution(context, 4, false),
  Conv3D: (context) => convolution(context, 5, false),
  DepthwiseConv2dNative: (context) => convolution(context, 4, true),
  Conv2DBackpropInput: (context) => backpropInput(context, 4),
  Conv3DBackpropInputV2: (context) => backpropInput(context, 5),
};
