import { elementCount, type NumericTensor } from '../base/tensor.js';
import { realsOf, refuseDType, seal, workArray } from './lanes.js';
import { erf } from './special.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

function floatAt(context: KernelContext, index: number): NumericTensor {
  const tensor = context.numeric(index);
  if (!isFloat(tensor.dtype)) throw refuseDType(context, tensor.dtype);
  return tensor;
}

function map(compute: (x: number) => number): Kernel {
  return (context) => {
    const tensor = floatAt(context, 0);
    const out = workArray(tensor.dtype, elementCount(tensor.shape));
    realsOf(tensor).forEach((value, i) => {
      out[i] = compute(value);
    });
    return [seal(tensor.dtype, tensor.shape, out)];
  };
}

const hardSigmoid = (x: number) => Math.min(1, Math.max(0, x / 6 + 0.5));
const tanhInside = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

/** `(x - mean) / sqrt(variance + epsilon) · γ + β` over the last `axes` axes. */
function layerNorm(context: KernelContext): HostValue[] {
  const [x, gamma, beta] = [floatAt(context, 0), floatAt(context, 1), floatAt(context, 2)];
  const width = elementCount(x.shape.slice(x.shape.length - context.attrs.int('axes')));
  if (elementCount(gamma.shape) !== width || elementCount(beta.shape) !== width) {
    throw context.fail('scale and offset do not fit the normalised axes');
  }
  const epsilon = context.attrs.float('epsilon');
  const [source, scale, offset] = [realsOf(x), realsOf(gamma), realsOf(beta)];
  const out = workArray(x.dtype, source.length);
  for (let at = 0; at < source.length; at += width) {
    let mean = 0;
    for (let i = 0; i < width; i++) mean += source[at + i]! / width;
    let variance = 0;
    for (let i = 0; i < width; i++) variance += (source[at + i]! - mean) ** 2 / width;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < width; i++) out[at + i] = (source[at + i]! - mean) * factor * scale[i]! + offset[i]!;
  }
  return [seal(x.dtype, x.shape, out)];
}

/** Ops that the converter makes of several: the host runs them where they stand in a loop of its own. */
export const fusedKernels: KernelFamily = {
  _Gelu: map((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  _GeluTanh: map((x) => 0.5 * x * (1 + Math.tanh(tanhInside(x)))),
  _HardSigmoid: map(hardSigmoid),
  _HardSwish: map((x) => x * hardSigmoid(x)),
  _LayerNorm: layerNorm,
  _SigmoidAnswer: map((x) => 1 / (1 + Math.exp(-x))),
};
