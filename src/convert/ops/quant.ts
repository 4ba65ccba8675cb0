import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { emitQuantizeAndDequantize } from './quant-dequant.js';
import { roundHalfUp } from './quant-round.js';

/** The range moved so that 0 is one of the quantised values, and the step between two of them. */
interface Nudged {
  readonly min: Ref;
  readonly max: Ref;
  readonly scale: Ref;
  readonly inverse: Ref;
}

function nudge(context: ConvertContext, min: Ref, max: Ref, lowest: number, highest: number): Nudged {
  const { onnx } = context;
  const float = (value: number): Ref => onnx.scalar('float32', value);
  const range = onnx.op('Sub', [max, min]);
  const scale = onnx.op('Div', [range, float(highest - lowest)]);
  const inverse = onnx.op('Div', [float(highest - lowest), range]);
  const zero = roundHalfUp(context, onnx.op('Sub', [float(lowest), onnx.op('Div', [min, scale])]));
  const inside = onnx.op('Clip', [zero, float(lowest), float(highest)]);
  return {
    min: onnx.op('Mul', [onnx.op('Sub', [float(lowest), inside]), scale]),
    max: onnx.op('Mul', [onnx.op('Sub', [float(highest), inside]), scale]),
    scale,
    inverse,
  };
}

/**
 * Quantises and dequantises element by element with TensorFlow's own arithmetic: QuantizeLinear rounds halves
 * to even, which would move a value that lies between two steps by a whole step.
 */
function emitFakeQuant(context: ConvertContext, min: Ref, max: Ref, divides: boolean): Ref {
  const { onnx, attrs } = context;
  const lowest = attrs.bool('narrow_range', false) ? 1 : 0;
  const nudged = nudge(context, min, max, lowest, 2 ** attrs.int('num_bits', 8) - 1);
  const x = context.ref(0);
  const clamped = onnx.op('Max', [onnx.op('Min', [x, nudged.max]), nudged.min]);
  const shifted = onnx.op('Sub', [clamped, nudged.min]);
  const steps = divides ? onnx.op('Div', [shifted, nudged.scale]) : onnx.op('Mul', [shifted, nudged.inverse]);
  const negated = onnx.op('Neg', [nudged.min]);
  const zero = roundHalfUp(context, onnx.op('Mul', [negated, nudged.inverse]));
  return onnx.op('Mul', [roundHalfUp(context, onnx.op('Sub', [steps, zero])), nudged.scale]);
}

/** A range of [0, 0] makes everything 0 instead of a division by zero. */
function emitFakeQuantVars(context: ConvertContext, divides: boolean): Ref {
  const { onnx } = context;
  const [min, max] = [context.ref(1), context.ref(2)];
  const zero = onnx.scalar('float32', 0);
  const isEmpty = onnx.op('And', [onnx.op('Equal', [min, zero]), onnx.op('Equal', [max, zero])]);
  return onnx.op('Where', [isEmpty, zero, emitFakeQuant(context, min, max, divides)]);
}

function emitFakeQuantArgs(context: ConvertContext): Ref {
  const { onnx, attrs } = context;
  const min = onnx.scalar('float32', attrs.float('min', -6));
  return emitFakeQuant(context, min, onnx.scalar('float32', attrs.float('max', 6)), false);
}

const elementwise = 'Sub, Mul, Floor … (rounds halves up)';
const dequantize = {
  convert: (context: ConvertContext) => [emitQuantizeAndDequantize(context)],
  becomes: 'Mul, Round, Mul with a scale computed from the range',
};

/** Quantisation that is simulated in floating point. */
export const quant: OpFamily = {
  FakeQuantWithMinMaxArgs: { convert: (context) => [emitFakeQuantArgs(context)], becomes: elementwise },
  FakeQuantWithMinMaxVars: {
    convert: (context) => [emitFakeQuantVars(context, true)],
    becomes: elementwise,
  },
  FakeQuantWithMinMaxVarsPerChannel: {
    convert: (context) => [emitFakeQuantVars(context, false)],
    becomes: elementwise,
  },
  QuantizeAndDequantizeV2: dequantize,
  QuantizeAndDequantizeV3: dequantize,
  QuantizeAndDequantizeV4: dequantize,
};
