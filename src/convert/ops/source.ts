import type { ConvertContext, OpFamily, OpRow } from '../types.js';

/** The value passes through unchanged, and no ONNX node is made. */
const alias: OpRow = {
  convert: (context) => context.node.outputs.map((_, index) => context.ref(index)),
  neutral: ['message', 'shape', 'debug_name', 'data_format'],
  becomes: 'nothing (its input)',
};

function convertConst(context: ConvertContext): readonly string[] {
  return [context.onnx.constant(context.attrs.tensor('value'))];
}

export const sourceOps: OpFamily = {
  Const: { convert: convertConst, becomes: 'an initializer' },
  Identity: alias,
  IdentityN: alias,
  Snapshot: alias,
  StopGradient: alias,
  PreventGradient: alias,
  CheckNumerics: alias,
  EnsureShape: alias,
  PlaceholderWithDefault: alias,
};
