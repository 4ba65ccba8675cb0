import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { direct, formula, like } from './parts.js';

function layerNorm(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  return [
    onnx.op('LayerNormalization', [context.ref(0), context.ref(1), context.ref(2)], {
      axis: -attrs.int('axes'),
      epsilon: { float: attrs.float('epsilon') },
    }),
  ];
}

/** See passes/sigmoid.ts. */
function sigmoidAnswer(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  const one = like(context, x, 1);
  return onnx.op('Div', [one, onnx.op('Add', [onnx.op('Exp', [onnx.op('Neg', [x])]), one])]);
}

/** What the passes over the graph make of several operations (see passes/). TensorFlow has none of these. */
export const fused: OpFamily = {
  _LayerNorm: { convert: layerNorm, becomes: 'LayerNormalization' },
  _SigmoidAnswer: formula('1/(1 + Exp(−x))', sigmoidAnswer),
  _Gelu: direct('Gelu'),
  _GeluTanh: direct('Gelu', { approximate: 'tanh' }),
  _HardSwish: direct('HardSwish'),
  _HardSigmoid: direct('HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
};
