import { hasKernel } from '../onnx/kernels.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { direct, formula, like } from './parts.js';

/** ONNX Runtime has no Relu for every integer type. */
function relu(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  return hasKernel('Relu', onnx.dtypeOf(x)) ? onnx.op('Relu', [x]) : onnx.op('Max', [x, like(context, x, 0)]);
}

export function relu6(context: ConvertContext, x: Ref): Ref {
  return context.onnx.op('Clip', [x, like(context, x, 0), like(context, x, 6)]);
}

/** In float64, for which ONNX Runtime has no kernel, max(x, 0) + alpha · min(x, 0). */
function leakyRelu(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  const alpha = context.attrs.float('alpha', 0.2);
  const dtype = onnx.dtypeOf(x);
  if (dtype !== 'float64') return onnx.op('LeakyRelu', [x], { alpha: { float: alpha } });
  const zero = like(context, x, 0);
  const low = onnx.op('Mul', [onnx.op('Min', [x, zero]), onnx.scalar(dtype, alpha)]);
  return onnx.op('Add', [onnx.op('Max', [x, zero]), low]);
}

/** In float64 ONNX Runtime adds 1e-20 to the sum, which makes a number of what is none. */
function logSoftmax(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  if (onnx.dtypeOf(x) !== 'float64') return onnx.op('LogSoftmax', [x], { axis: -1 });
  const last = onnx.i64([-1]);
  const low = onnx.op('Sub', [x, onnx.op('ReduceMax', [x, last], { keepdims: 1 })]);
  const sum = onnx.op('ReduceSum', [onnx.op('Exp', [low]), last], { keepdims: 1 });
  return onnx.op('Sub', [low, onnx.op('Log', [sum])]);
}

/** Activation functions. */
export const activation: OpFamily = {
  Relu: formula('Relu, or Max(x, 0)', relu),
  Relu6: formula('Clip(x, 0, 6)', relu6),
  LeakyRelu: formula('LeakyRelu', leakyRelu),
  Elu: direct('Elu', { alpha: { float: 1 } }),
  Selu: direct('Selu'),
  Softplus: direct('Softplus'),
  Softsign: direct('Softsign'),
  Sigmoid: direct('Sigmoid'),
  Tanh: direct('Tanh'),
  Softmax: direct('Softmax', { axis: -1 }),
  LogSoftmax: formula('LogSoftmax', logSoftmax),
};
