import type { ConvertContext, Ref } from '../types.js';
import { roundHalfUp } from './quant-round.js';

/** Largest number of each type that QuantizeAndDequantize takes. */
const LARGEST: Readonly<Record<string, number>> = {
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
};

interface QuantRange {
  readonly min: Ref;
  readonly max: Ref;
  readonly scale: Ref;
  readonly inverse: Ref;
}

/** The widest scale at which neither end of the range leaves the quantised integers; 0 stays 0. */
function computeRange(context: ConvertContext, min: Ref, max: Ref, bits: number): QuantRange {
  const { onnx, attrs } = context;
  const dtype = onnx.dtypeOf(min);
  const scalar = (value: number): Ref => onnx.scalar(dtype, value);
  const isSigned = attrs.bool('signed_input', true);
  const isNarrow = attrs.bool('narrow_range', false);
  const highest = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const lowest = isSigned ? -(2 ** (bits - 1)) + (isNarrow ? 1 : 0) : 0;
  const largest = scalar(LARGEST[dtype] ?? Number.MAX_VALUE);
  const side = (bound: number, edge: Ref): Ref => {
    const isPositive = onnx.op('Greater', [onnx.op('Mul', [scalar(bound), edge]), scalar(0)]);
    return onnx.op('Where', [isPositive, onnx.op('Div', [scalar(bound), edge]), largest]);
  };
  const fromMax = side(highest, max);
  const inverseMax = onnx.op('Div', [max, scalar(highest)]);
  if (lowest === 0) {
    const low = onnx.op('Mul', [scalar(0), inverseMax]);
    return { min: low, max, scale: fromMax, inverse: inverseMax };
  }
  const fromMin = side(lowest, min);
  const isMinSide = onnx.op('Less', [fromMin, fromMax]);
  const inverse = onnx.op('Where', [isMinSide, onnx.op('Div', [min, scalar(lowest)]), inverseMax]);
  return {
    min: onnx.op('Where', [isMinSide, min, onnx.op('Mul', [scalar(lowest), inverse])]),
    max: onnx.op('Where', [isMinSide, onnx.op('Mul', [scalar(highest), inverse]), max]),
    scale: onnx.op('Where', [isMinSide, fromMin, fromMax]),
    inverse,
  };
}

/** The ends of the range, in a shape that broadcasts over the input: given, or those of the data. */
function readEnds(context: ConvertContext, isGiven: boolean): [Ref, Ref] {
  const { onnx, attrs } = context;
  const x = context.ref(0);
  const axis = attrs.int('axis', -1);
  if (!isGiven) {
    const others = axis < 0 ? undefined : otherAxes(context.rank(0), axis);
    const inputs = others === undefined ? [x] : [x, onnx.i64(others)];
    const keepdims = others === undefined ? 0 : 1;
    return [onnx.op('ReduceMin', inputs, { keepdims }), onnx.op('ReduceMax', inputs, { keepdims })];
  }
  const trailing = axis < 0 ? 0 : context.rank(0) - 1 - axis;
  const axes = onnx.i64(Array.from({ length: trailing }, (_, index) => index + 1));
  const spread = (ref: Ref): Ref => (trailing === 0 ? ref : onnx.op('Unsqueeze', [ref, axes]));
  return [spread(context.ref(1)), spread(context.ref(2))];
}

const otherAxes = (rank: number, axis: number): number[] =>
  Array.from({ length: rank }, (_, index) => index).filter((index) => index !== axis);

/** QuantizeAndDequantizeV2, V3 (bits as an input) and V4. */
export function emitQuantizeAndDequantize(context: ConvertContext): Ref {
  const { onnx, attrs, node } = context;
  const isV3 = node.op === 'QuantizeAndDequantizeV3';
  const bits = isV3 ? context.constInts(3)[0]! : attrs.int('num_bits', 8);
  const isGiven = attrs.bool('range_given', isV3);
  const mode = isV3 ? 'HALF_TO_EVEN' : attrs.string('round_mode', 'HALF_TO_EVEN');
  if (mode !== 'HALF_TO_EVEN' && mode !== 'HALF_UP') {
    throw context.refuse('TFD_ATTR_UNREAD', `round_mode "${mode}" is not handled`);
  }
  const [min, max] = readEnds(context, isGiven);
  const range = computeRange(context, min, max, bits);
  // Without a given range nothing lies outside of it.
  const x = isGiven
    ? onnx.op('Max', [onnx.op('Min', [context.ref(0), range.max]), range.min])
    : context.ref(0);
  const steps = onnx.op('Mul', [x, range.scale]);
  const rounded = mode === 'HALF_UP' ? roundHalfUp(context, steps) : onnx.op('Round', [steps]);
  return onnx.op('Mul', [rounded, range.inverse]);
}
