import type { ConvertContext, Ref } from '../types.js';

/** Rounding to the nearest, halves up, as TensorFlow's fake quantisation does. */
export function roundHalfUp({ onnx }: ConvertContext, x: Ref): Ref {
  return onnx.op('Floor', [onnx.op('Add', [x, onnx.scalar(onnx.dtypeOf(x), 0.5)])]);
}
