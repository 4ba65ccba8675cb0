import { elementCount, type NumericTensor } from '../base/tensor.js';
import { type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';
import { layoutFor } from './window.js';
import { isFloat } from './zip.js';

/** Inner and outer sizes around the channel axis: element (o, c, i) lies at (o·channels + c)·inner + i. */
function channelSizes(context: KernelContext, tensor: NumericTensor) {
  const rank = tensor.shape.length;
  const format = context.attrs.string('data_format', 'NHWC');
  const channel = format === 'NCHW' || format === 'NCDHW' ? 1 : rank - 1;
  return {
    channels: tensor.shape[channel]!,
    outer: elementCount(tensor.shape.slice(0, channel)),
    inner: elementCount(tensor.shape.slice(channel + 1)),
  };
}

function biasAdd(context: KernelContext): HostValue[] {
  const [tensor, bias] = [context.numeric(0), context.numeric(1)];
  if (tensor.dtype !== bias.dtype) throw context.fail(`its inputs are ${tensor.dtype} and ${bias.dtype}`);
  const { channels, outer, inner } = channelSizes(context, tensor);
  if (bias.shape.length !== 1 || bias.shape[0] !== channels) {
    throw context.fail(`a bias of shape [${bias.shape.join(', ')}] does not fit ${channels} channels`);
  }
  if (tensor.dtype === 'int64' || tensor.dtype === 'uint64') throw refuseDType(context, tensor.dtype);
  const [source, shift] = [realsOf(tensor), realsOf(bias)];
  const out = workArray(tensor.dtype, source.length);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < inner; i++, at++) out[at] = source[at]! + shift[c]!;
    }
  }
  return [seal(tensor.dtype, tensor.shape, out)];
}

/** Normalises channels by given statistics, or by those of the batch when `is_training`. */
function batchNorm(context: KernelContext): HostValue[] {
  const x = context.numeric(0);
  if (!isFloat(x.dtype)) throw refuseDType(context, x.dtype);
  layoutFor(context, x.shape.length);
  const isTraining = context.attrs.bool('is_training', true);
  const epsilon = context.attrs.float('epsilon', 0.0001);
  const sizes = channelSizes(context, x);
  const { channels } = sizes;
  const [scale, offset] = [realsOf(context.numeric(1)), realsOf(context.numeric(2))];
  const source = realsOf(x);
  const rest = source.length / channels;
  const batch = isTraining ? statistics(source, sizes) : undefined;
  const mean = batch?.mean ?? realsOf(context.numeric(3));
  const variance = batch?.variance ?? realsOf(context.numeric(4));
  const out = workArray(x.dtype, source.length);
  let at = 0;
  for (let o = 0; o < sizes.outer; o++) {
    for (let c = 0; c < channels; c++) {
      const factor = scale[c]! / Math.sqrt(variance[c]! + epsilon);
      for (let i = 0; i < sizes.inner; i++, at++) out[at] = (source[at]! - mean[c]!) * factor + offset[c]!;
    }
  }
  // TensorFlow reports the unbiased variance of the batch, blended with the running one by the factor.
  const unbiased =
    batch === undefined ? variance : batch.variance.map((v) => (rest > 1 ? (v * rest) / (rest - 1) : v));
  const keep = context.attrs.float('exponential_avg_factor', 1);
  const blend = (fresh: ArrayLike<number>, index: number) => {
    const old = keep === 1 || !isTraining ? undefined : realsOf(context.numeric(index));
    return Float32Array.from(fresh, (value, c) =>
      old === undefined ? value : (1 - keep) * old[c]! + keep * value,
    );
  };
  const vector = (data: Float32Array): NumericTensor => ({ dtype: 'float32', shape: [channels], data });
  const results: NumericTensor[] = [
    seal(x.dtype, x.shape, out),
    vector(blend(mean, 3)),
    vector(blend(unbiased, 4)),
    vector(Float32Array.from(mean)),
    vector(Float32Array.from(variance)),
    { dtype: 'float32', shape: [0], data: new Float32Array(0) },
  ];
  return results.slice(0, context.outputCount);
}

/** Mean and biased variance of each channel. */
function statistics(
  source: RealArray,
  { channels, outer, inner }: { channels: number; outer: number; inner: number },
) {
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const count = source.length / channels;
  const visit = (act: (c: number, value: number) => void) => {
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < channels; c++) for (let i = 0; i < inner; i++) act(c, source[at++]!);
    }
  };
  visit((c, value) => {
    mean[c]! += value / count;
  });
  visit((c, value) => {
    variance[c]! += (value - mean[c]!) ** 2 / count;
  });
  return { mean, variance };
}

/** Softmax (or its logarithm) over the last axis, shifted by the maximum. */
function softmax(isLog: boolean): Kernel {
  return (context) => {
    const tensor = context.numeric(0);
    if (!isFloat(tensor.dtype)) throw refuseDType(context, tensor.dtype);
    const width = tensor.shape[tensor.shape.length - 1];
    if (width === undefined) throw context.fail('its input is a scalar');
    const source = realsOf(tensor);
    const out = workArray(tensor.dtype, source.length);
    for (let start = 0; start < source.length; start += width) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = start; i < start + width; i++) largest = Math.max(largest, source[i]!);
      let sum = 0;
      for (let i = start; i < start + width; i++) sum += Math.exp(source[i]! - largest);
      const shift = Math.log(sum);
      for (let i = start; i < start + width; i++) {
        const x = source[i]! - largest;
        out[i] = isLog ? x - shift : Math.exp(x) / sum;
      }
    }
    return [seal(tensor.dtype, tensor.shape, out)];
  };
}

/** Local response normalisation over the channels, the last axis. */
function lrn(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  if (!isFloat(tensor.dtype)) throw refuseDType(context, tensor.dtype);
  const { attrs } = context;
  const [radius, bias] = [attrs.int('depth_radius', 5), attrs.float('bias', 1)];
  const [alpha, beta] = [attrs.float('alpha', 1), attrs.float('beta', 0.5)];
  const source = realsOf(tensor);
  const channels = tensor.shape[tensor.shape.length - 1]!;
  const out = workArray(tensor.dtype, source.length);
  for (let start = 0; start < source.length; start += channels) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = Math.max(0, c - radius); k <= Math.min(channels - 1, c + radius); k++)
        sum += source[start + k]! ** 2;
      out[start + c] = source[start + c]! / (bias + alpha * sum) ** beta;
    }
  }
  return [seal(tensor.dtype, tensor.shape, out)];
}

export const normKernels: KernelFamily = {
  BiasAdd: biasAdd,
  BiasAddV1: biasAdd,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  LRN: lrn,
};
