import { makeDataFormat, readDataFormat } from '../layout/data-format.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { DENSE_2D, DEPTHWISE, emitConv } from './conv.js';
import { channelVector, emitBatchNorm } from './norm.js';

type Activation = (context: ConvertContext, x: Ref) => Ref;

/** What may stand in `fused_ops` as an activation. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Relu: ({ onnx }, x) => onnx.op('Relu', [x]),
  Relu6: ({ onnx }, x) => {
    const dtype = onnx.dtypeOf(x);
    return onnx.op('Clip', [x, onnx.scalar(dtype, 0), onnx.scalar(dtype, 6)]);
  },
  Elu: ({ onnx }, x) => onnx.op('Elu', [x]),
  LeakyRelu: ({ onnx, attrs }, x) =>
    onnx.op('LeakyRelu', [x], { alpha: { float: attrs.float('leakyrelu_alpha', 0.2) } }),
  Tanh: ({ onnx }, x) => onnx.op('Tanh', [x]),
  Sigmoid: ({ onnx }, x) => onnx.op('Sigmoid', [x]),
};

/** Applies the operations that Grappler folded into a node, in their order; extra inputs start at 2. */
function emitFused(context: ConvertContext, start: Ref, isChannelsLast: boolean, rank: number): Ref {
  const { onnx, attrs } = context;
  const format = makeDataFormat(rank, isChannelsLast);
  let next = 2;
  let x = start;
  for (const name of attrs.strings('fused_ops', [])) {
    const activate = ACTIVATIONS[name];
    if (activate !== undefined) x = activate(context, x);
    else if (name === 'BiasAdd') x = onnx.op('Add', [x, channelVector(context, next++, format)]);
    else if (name === 'Add') x = onnx.op('Add', [x, context.ref(next++)]);
    else if (name === 'FusedBatchNorm') {
      x = normalize(
        context,
        x,
        [0, 1, 2, 3].map((offset) => channelVector(context, next + offset, format)),
      );
      next += 4;
    } else throw context.refuse('TFD_ATTR_UNREAD', `fused operation "${name}" is not handled`);
  }
  return x;
}

/** (x − mean) · scale / √(variance + ε) + offset. */
function normalize(context: ConvertContext, x: Ref, [scale, offset, mean, variance]: readonly Ref[]): Ref {
  const { onnx, attrs } = context;
  const epsilon = onnx.scalar(onnx.dtypeOf(variance!), attrs.float('epsilon', 1e-4));
  const deviation = onnx.op('Sqrt', [onnx.op('Add', [variance!, epsilon])]);
  const factor = onnx.op('Div', [scale!, deviation]);
  const shift = onnx.op('Sub', [offset!, onnx.op('Mul', [mean!, factor])]);
  return onnx.op('Add', [onnx.op('Mul', [x, factor]), shift]);
}

function convertFusedConv(context: ConvertContext, rule: typeof DENSE_2D): readonly Ref[] {
  const { attrs } = context;
  if (attrs.string('filter_format', 'HWIO') !== 'HWIO') {
    throw context.refuse('TFD_ATTR_UNREAD', 'only filter_format HWIO is handled');
  }
  const format = readDataFormat(context, 4);
  return [emitFused(context, emitConv(context, rule), format.isChannelsLast, 4)];
}

function convertFusedBatchNorm(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const [y, ...rest] = emitBatchNorm(context) as [Ref, ...Ref[]];
  const sided = attrs.int('num_side_inputs', 0) > 0 ? onnx.op('Add', [y, context.ref(5)]) : y;
  const mode = attrs.string('activation_mode', 'Identity');
  if (mode === 'Identity') return [sided, ...rest];
  if (mode === 'Relu') return [onnx.op('Relu', [sided]), ...rest];
  throw context.refuse('TFD_ATTR_UNREAD', `activation_mode "${mode}" is not handled`);
}

const neutral = ['use_cudnn_on_gpu', 'num_args', 'num_host_args', 'epsilon', 'leakyrelu_alpha'];

/** Operations that TensorFlow's own graph optimizer fused. */
export const convFused: OpFamily = {
  _FusedConv2D: {
    convert: (context) => convertFusedConv(context, DENSE_2D),
    neutral,
    becomes: 'Conv and what fused_ops says',
  },
  _FusedDepthwiseConv2dNative: {
    convert: (context) => convertFusedConv(context, DEPTHWISE),
    neutral,
    becomes: 'Conv and what fused_ops says',
  },
  _FusedBatchNormEx: {
    convert: convertFusedBatchNorm,
    becomes: 'BatchNormalization, Add, Relu',
  },
};
