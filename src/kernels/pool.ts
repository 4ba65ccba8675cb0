import { elementCount, type NumericTensor } from '../base/tensor.js';
import { integersOf, laneOf, type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { limitOf } from './reduce.js';
import { transposeTensor } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { layoutFor, layoutOrders, type Window, windowAlong, windowAttrs } from './window.js';
import { isFloat } from './zip.js';

interface Pooling {
  readonly source: NumericTensor;
  readonly axes: readonly Window[];
  readonly channels: number;
  readonly orders: ReturnType<typeof layoutOrders>;
}

function plan(context: KernelContext, rank: number, sizes?: { ksize: number[]; strides: number[] }): Pooling {
  const input = context.numeric(0);
  if (laneOf(input.dtype) !== 'real') throw refuseDType(context, input.dtype);
  if (input.shape.length !== rank) throw context.fail(`its input is not of rank ${rank}`);
  const layout = layoutFor(context, rank);
  const orders = layoutOrders(layout, rank);
  const ksize = sizes?.ksize ?? context.attrs.ints('ksize');
  const strides = sizes?.strides ?? context.attrs.ints('strides');
  if (ksize[0] !== 1 || ksize[layout.channel] !== 1 || strides[0] !== 1 || strides[layout.channel] !== 1) {
    throw context.fail('pooling over the batch or the channels is not computed');
  }
  const attrs = windowAttrs(context);
  const axes = layout.spatial.map((axis) =>
    windowAlong(context, attrs, axis, {
      input: input.shape[axis]!,
      kernel: ksize[axis]!,
      stride: strides[axis]!,
      dilation: 1,
    }),
  );
  const source = orders === undefined ? input : (transposeTensor(input, orders.to) as NumericTensor);
  return { source, axes, channels: input.shape[layout.channel]!, orders };
}

/** Calls `visit` with the start of the channels of every input position under the window at `at`. */
function forEachInput(
  pooling: Pooling,
  batch: number,
  at: readonly number[],
  visit: (start: number) => void,
): void {
  const { axes, channels } = pooling;
  const walk = (axis: number, base: number): void => {
    if (axis === axes.length) {
      visit(base * channels);
      return;
    }
    const w = axes[axis]!;
    const first = at[axis]! * w.stride - w.before;
    for (let k = Math.max(0, -first); k < w.kernel && first + k < w.input; k++)
      walk(axis + 1, base * w.input + first + k);
  };
  walk(0, batch);
}

function outputShape({ source, axes, channels }: Pooling): number[] {
  return [source.shape[0]!, ...axes.map((axis) => axis.output), channels];
}

/** Calls `visit` for each output position in order. */
function forEachOutput(
  pooling: Pooling,
  visit: (batch: number, at: readonly number[], position: number) => void,
): void {
  const sizes = pooling.axes.map((axis) => axis.output);
  const perBatch = elementCount(sizes);
  const at = new Array<number>(sizes.length).fill(0);
  for (let b = 0; b < pooling.source.shape[0]!; b++) {
    for (let p = 0; p < perBatch; p++) {
      let rest = p;
      for (let axis = sizes.length - 1; axis >= 0; axis--) {
        at[axis] = rest % sizes[axis]!;
        rest = Math.floor(rest / sizes[axis]!);
      }
      visit(b, at, b * perBatch + p);
    }
  }
}

function finish(pooling: Pooling, out: RealArray): HostValue[] {
  const result = seal(pooling.source.dtype, outputShape(pooling), out);
  return [pooling.orders === undefined ? result : transposeTensor(result, pooling.orders.from)];
}

function maxPool(pooling: Pooling): HostValue[] {
  const { channels, source } = pooling;
  const data = realsOf(source);
  const out = workArray(source.dtype, elementCount(outputShape(pooling)));
  out.fill(isFloat(source.dtype) ? Number.NEGATIVE_INFINITY : limitOf(source.dtype, -1));
  forEachOutput(pooling, (batch, at, position) => {
    const to = position * channels;
    forEachInput(pooling, batch, at, (start) => {
      for (let c = 0; c < channels; c++) {
        const value = data[start + c]!;
        if (value > out[to + c]! || Number.isNaN(value)) out[to + c] = value;
      }
    });
  });
  return finish(pooling, out);
}

/** The mean over the elements that lie on the input: padding does not count. */
function averagePool(context: KernelContext, rank: number): HostValue[] {
  const pooling = plan(context, rank);
  const { channels, source } = pooling;
  if (!isFloat(source.dtype)) throw refuseDType(context, source.dtype);
  const data = realsOf(source);
  const out = workArray(source.dtype, elementCount(outputShape(pooling)));
  const sums = new Float64Array(channels);
  forEachOutput(pooling, (batch, at, position) => {
    sums.fill(0);
    let count = 0;
    forEachInput(pooling, batch, at, (start) => {
      count++;
      for (let c = 0; c < channels; c++) sums[c]! += data[start + c]!;
    });
    for (let c = 0; c < channels; c++) out[position * channels + c] = sums[c]! / count;
  });
  return finish(pooling, out);
}

/** Also where each maximum lies: (y·width + x)·channels + c, with the batch before when asked for. */
function maxPoolWithArgmax(context: KernelContext): HostValue[] {
  const pooling = plan(context, 4);
  const { channels, source } = pooling;
  const data = realsOf(source);
  const shape = outputShape(pooling);
  const out = workArray(source.dtype, elementCount(shape));
  const found = new Array<number>(out.length).fill(-1);
  forEachOutput(pooling, (batch, at, position) => {
    forEachInput(pooling, batch, at, (start) => {
      for (let c = 0; c < channels; c++) {
        const to = position * channels + c;
        if (found[to]! >= 0 && !(data[start + c]! > out[to]!)) continue;
        out[to] = data[start + c]!;
        found[to] = start + c;
      }
    });
  });
  const perBatch = elementCount(source.shape.slice(1));
  const withBatch = context.attrs.bool('include_batch_in_index', false);
  const positions = found.map((at) => (withBatch ? at : at % perBatch));
  const isLong = context.attrs.dtype('Targmax', 'int64') === 'int64';
  const data2 = isLong ? BigInt64Array.from(positions, BigInt) : Int32Array.from(positions);
  return [seal(source.dtype, shape, out), { dtype: isLong ? 'int64' : 'int32', shape, data: data2 }];
}

export const poolKernels: KernelFamily = {
  MaxPool: (context) => maxPool(plan(context, 4)),
  MaxPool3D: (context) => maxPool(plan(context, 5)),
  MaxPoolV2: (context) =>
    maxPool(plan(context, 4, { ksize: integersOf(context, 1), strides: integersOf(context, 2) })),
  AvgPool: (context) => averagePool(context, 4),
  AvgPool3D: (context) => averagePool(context, 5),
  MaxPoolWithArgmax: maxPoolWithArgmax,
};
