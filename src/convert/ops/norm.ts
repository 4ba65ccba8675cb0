import { reshapeConstant } from '../derive.js';
import {
  type DataFormat,
  fromChannelsFirst,
  makeDataFormat,
  readDataFormat,
  toChannelsFirst,
} from '../layout/data-format.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';

/** Input `index`, one number per channel, in a shape that broadcasts over a tensor of this layout. */
export function channelVector(context: ConvertContext, index: number, format: DataFormat): Ref {
  const { onnx } = context;
  const trailing = format.isChannelsLast ? 0 : format.rank - 2;
  if (trailing === 0) return context.ref(index);
  const { constant } = context.value(index);
  if (constant === undefined) return spread(context, context.ref(index), format);
  return onnx.constant(
    reshapeConstant(constant, [...constant.shape, ...new Array<number>(trailing).fill(1)]),
  );
}

/** The same for a tensor made in the graph. */
function spread(context: ConvertContext, ref: Ref, format: DataFormat): Ref {
  const trailing = format.isChannelsLast ? 0 : format.rank - 2;
  if (trailing === 0) return ref;
  const axes = Array.from({ length: trailing }, (_, axis) => axis + 1);
  return context.onnx.op('Unsqueeze', [ref, context.onnx.i64(axes)]);
}

/** The inference form: running mean and variance are inputs, and come out again as they are. */
function normalizeByGiven(context: ConvertContext, format: DataFormat, epsilon: number): readonly Ref[] {
  const x = toChannelsFirst(context, context.ref(0), format);
  const parameters = [1, 2, 3, 4].map((index) => context.ref(index));
  const y = context.onnx.op('BatchNormalization', [x, ...parameters], { epsilon: { float: epsilon } });
  const [mean, variance] = [context.ref(3), context.ref(4)];
  return [fromChannelsFirst(context, y, format), mean, variance, mean, variance];
}

/** The training form: mean and variance are those of the batch itself. */
function normalizeByBatch(context: ConvertContext, format: DataFormat, epsilon: number): readonly Ref[] {
  const { onnx } = context;
  const dtype = context.value(0).dtype;
  const exact = context.value(1).dtype;
  const axes = onnx.i64([0, ...format.spatial]);
  const x = onnx.cast(context.ref(0), dtype, exact);
  const meanKept = onnx.op('ReduceMean', [x, axes], { keepdims: 1 });
  const centered = onnx.op('Sub', [x, meanKept]);
  const varianceKept = onnx.op('ReduceMean', [onnx.op('Mul', [centered, centered]), axes], { keepdims: 1 });
  const deviation = onnx.op('Sqrt', [onnx.op('Add', [varianceKept, onnx.scalar(exact, epsilon)])]);
  const scaled = onnx.op('Mul', [onnx.op('Div', [centered, deviation]), channelVector(context, 1, format)]);
  const y = onnx.cast(onnx.op('Add', [scaled, channelVector(context, 2, format)]), exact, dtype);
  if (context.node.outputs.length === 1) return [y];
  const mean = onnx.op('Squeeze', [meanKept, axes]);
  const variance = onnx.op('Squeeze', [varianceKept, axes]);
  const unbiased = unbias(context, x, variance, format);
  return [y, average(context, 3, mean), average(context, 4, unbiased), mean, variance];
}

/** Bessel's correction: variance · n / max(n − 1, 1) for n elements per channel. */
function unbias(context: ConvertContext, x: Ref, variance: Ref, format: DataFormat): Ref {
  const { onnx } = context;
  const exact = context.value(1).dtype;
  const all = onnx.op('Size', [x]);
  const channels = onnx.op('Gather', [onnx.op('Shape', [x]), onnx.i64Scalar(format.channel)], { axis: 0 });
  const count = onnx.cast(onnx.op('Div', [all, channels]), 'int64', exact);
  const rest = onnx.op('Max', [onnx.op('Sub', [count, onnx.scalar(exact, 1)]), onnx.scalar(exact, 1)]);
  return onnx.op('Mul', [variance, onnx.op('Div', [count, rest])]);
}

/** The running statistic after this batch: (1 − f)·old + f·new. */
function average(context: ConvertContext, oldIndex: number, fresh: Ref): Ref {
  const { onnx, attrs } = context;
  const factor = attrs.float('exponential_avg_factor', 1);
  const exact = context.value(1).dtype;
  if (factor === 1) return fresh;
  const old = onnx.op('Mul', [context.ref(oldIndex), onnx.scalar(exact, 1 - factor)]);
  return onnx.op('Add', [old, onnx.op('Mul', [fresh, onnx.scalar(exact, factor)])]);
}

/** (y, mean, variance, and what a gradient would need, which inference never looks at). */
export function emitBatchNorm(context: ConvertContext): readonly Ref[] {
  const { attrs, onnx } = context;
  const format = readDataFormat(context);
  const epsilon = attrs.float('epsilon', 1e-4);
  const isTraining = attrs.bool('is_training', true);
  attrs.float('exponential_avg_factor', 1);
  const refs = isTraining
    ? normalizeByBatch(context, format, epsilon)
    : normalizeByGiven(context, format, epsilon);
  return context.node.outputs.map((_, index) => refs[index] ?? onnx.scalar(context.outputDType(index), 0));
}

function emitLrn(context: ConvertContext): Ref {
  const { attrs, onnx } = context;
  const format = makeDataFormat(4, true);
  const size = 2 * attrs.int('depth_radius', 5) + 1;
  const x = toChannelsFirst(context, context.ref(0), format);
  const y = onnx.op('LRN', [x], {
    size,
    // ONNX divides alpha by the size of the window, TensorFlow does not.
    alpha: { float: attrs.float('alpha', 1) * size },
    beta: { float: attrs.float('beta', 0.5) },
    bias: { float: attrs.float('bias', 1) },
  });
  return fromChannelsFirst(context, y, format);
}

const batchNorm = {
  convert: emitBatchNorm,
  becomes: 'BatchNormalization; with is_training ReduceMean, Sub, Div, Mul, Add',
};

/** Normalisation. */
export const norm: OpFamily = {
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  LRN: { convert: (context) => [emitLrn(context)], becomes: 'LRN (alpha · size)' },
};
