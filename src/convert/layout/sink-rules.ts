import type { TensorValue } from '../../savedmodel/types.js';
import { reshapeConstant, transposeConstant } from '../derive.js';
import type { OnnxNode, Ref } from '../types.js';
import { addAxis, dropAxes, invertPerm, isLayoutPerm, isSamePerm, normalizeAxes, type Perm } from './perm.js';
import type { Sink, SinkRule } from './sink.js';

/** The permutation that the first turned input has. */
function permOf(node: OnnxNode, sink: Sink): Perm {
  for (const ref of node.inputs) {
    const turned = sink.turned(ref);
    if (turned !== undefined) return turned.perm;
  }
  return [];
}

/** Operators that look at each element alone; inputs after the first are scalars or vectors of settings. */
const sinkUnary: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  if (turned === undefined || node.inputs.slice(1).some((ref) => !isScalarOrAbsent(ref, sink))) return false;
  sink.push(node, [turned.source, ...node.inputs.slice(1)], turned.perm);
  return true;
};

function isScalarOrAbsent(ref: Ref, sink: Sink): boolean {
  return ref === '' || sink.constantOf(ref)?.shape.length === 0;
}

/** Operators that broadcast: every input is turned the same way, a constant, or a scalar. */
const sinkBroadcast: SinkRule = (node, sink) => {
  const perm = permOf(node, sink);
  const inputs = node.inputs.map((ref) => turnOperand(ref, perm, sink));
  if (inputs.some((ref) => ref === undefined)) return false;
  sink.push(node, inputs as Ref[], perm);
  return true;
};

function turnOperand(ref: Ref, perm: Perm, sink: Sink): Ref | undefined {
  const turned = sink.turned(ref);
  if (turned !== undefined) return isSamePerm(turned.perm, perm) ? turned.source : undefined;
  const constant = sink.constantOf(ref);
  if (constant === undefined) return sink.rankOf(ref) === 0 ? ref : undefined;
  const made = turnConstant(constant, perm);
  return made === undefined ? undefined : made === constant ? ref : sink.tools.constant(made);
}

/** The constant as it broadcasts over the source: [C] behind an NHWC tensor is [C, 1, 1] behind an NCHW one. */
export function turnConstant(constant: TensorValue, perm: Perm): TensorValue | undefined {
  const { shape } = constant;
  if (shape.length > perm.length) return undefined;
  if (shape.every((dim) => dim === 1)) return shape.length === 0 ? constant : reshapeConstant(constant, []);
  const full = [...new Array<number>(perm.length - shape.length).fill(1), ...shape];
  const inverse = invertPerm(perm);
  const result = inverse.map((axis) => full[axis]!);
  const lead = result.findIndex((dim) => dim !== 1);
  // Where no two axes of more than one element change places, no element moves.
  const moving = inverse.filter((axis) => full[axis] !== 1);
  const isMoved = moving.some((axis, index) => index > 0 && axis < moving[index - 1]!);
  const turned = isMoved
    ? transposeConstant(reshapeConstant(constant, full), inverse)
    : reshapeConstant(constant, result);
  return reshapeConstant(turned, result.slice(lead));
}

const sinkConcat: SinkRule = (node, sink) => {
  const perm = permOf(node, sink);
  const sources = node.inputs.map((ref) => {
    const turned = sink.turned(ref);
    if (turned !== undefined) return isSamePerm(turned.perm, perm) ? turned.source : undefined;
    const constant = sink.constantOf(ref);
    return constant === undefined
      ? undefined
      : sink.tools.constant(transposeConstant(constant, invertPerm(perm)));
  });
  if (sources.some((ref) => ref === undefined)) return false;
  const [axis] = normalizeAxes([node.attrs.get('axis') as number], perm.length);
  sink.push(node, sources as Ref[], perm, { axis: perm[axis!]! });
  return true;
};

const sinkSplit: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  if (turned === undefined) return false;
  const [axis] = normalizeAxes([(node.attrs.get('axis') as number | undefined) ?? 0], turned.perm.length);
  sink.push(node, [turned.source, ...node.inputs.slice(1)], turned.perm, { axis: turned.perm[axis!]! });
  return true;
};

/** Slice and Pad with constant axes; without axes Slice means the first ones and Pad all of them. */
const sinkSlice: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  const [, starts, ends, axes, steps = ''] = node.inputs;
  if (turned === undefined) return false;
  const count = sink.constantOf(starts!)?.shape[0];
  const named = sink.intsOf(axes) ?? (axes === undefined || axes === '' ? firstAxes(count) : undefined);
  if (named === undefined) return false;
  const moved = normalizeAxes(named, turned.perm.length).map((axis) => turned.perm[axis]!);
  sink.push(node, [turned.source, starts!, ends!, sink.i64(moved), steps], turned.perm);
  return true;
};

function firstAxes(count: number | undefined): number[] | undefined {
  return count === undefined ? undefined : Array.from({ length: count }, (_, axis) => axis);
}

const sinkPad: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  const [, amounts, value = '', axes] = node.inputs;
  const pads = sink.intsOf(amounts);
  if (turned === undefined || pads === undefined || (axes !== undefined && axes !== '')) return false;
  const rank = turned.perm.length;
  const inverse = invertPerm(turned.perm);
  const moved = [...inverse.map((axis) => pads[axis]!), ...inverse.map((axis) => pads[axis + rank]!)];
  sink.push(node, [turned.source, sink.i64(moved), value], turned.perm);
  return true;
};

/**
 * Reductions over the spatial axes. One over the channels stays behind the transpose, where the channels are
 * contiguous and ONNX Runtime recognises a layer normalisation.
 */
const sinkReduce: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  const axes = sink.intsOf(node.inputs[1]);
  if (turned === undefined || axes === undefined || axes.length === 0) return false;
  const { perm } = turned;
  const dropped = normalizeAxes(axes, perm.length);
  const moved = dropped.map((axis) => perm[axis]!).sort((a, b) => a - b);
  if (moved.includes(1)) return false;
  const keeps = (node.attrs.get('keepdims') as number | undefined) ?? 1;
  sink.push(node, [turned.source, sink.i64(moved)], keeps === 1 ? perm : dropAxes(perm, dropped));
  return true;
};

const sinkSqueeze: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  const axes = sink.intsOf(node.inputs[1]);
  if (turned === undefined || axes === undefined) return false;
  const dropped = normalizeAxes(axes, turned.perm.length);
  const moved = dropped.map((axis) => turned.perm[axis]!).sort((a, b) => a - b);
  sink.push(node, [turned.source, sink.i64(moved)], dropAxes(turned.perm, dropped));
  return true;
};

/**
 * One new axis, as 1-D convolutions and pools make and drop it. It goes to where the result is the layout of
 * images, so that it meets the transpose of a 2-D convolution.
 */
const sinkUnsqueeze: SinkRule = (node, sink) => {
  const turned = sink.turned(node.inputs[0]!);
  const axes = sink.intsOf(node.inputs[1]);
  if (turned === undefined || axes?.length !== 1) return false;
  const rank = turned.perm.length + 1;
  const [axis] = normalizeAxes(axes, rank);
  const places = Array.from({ length: rank }, (_, place) => ({
    place,
    perm: addAxis(turned.perm, axis!, place),
  }));
  const found = places.find(({ perm }) => isLayoutPerm(perm)) ?? places[axis!]!;
  sink.push(node, [turned.source, sink.i64([found.place])], found.perm);
  return true;
};

const UNARY =
  'Abs Neg Sign Floor Ceil Round Sqrt Reciprocal Exp Log Erf Sin Cos Tan Relu LeakyRelu Elu Selu Celu Softplus ' +
  'Softsign Sigmoid Tanh HardSigmoid HardSwish Gelu Mish ThresholdedRelu Clip Cast Identity Not IsNaN IsInf ' +
  'QuantizeLinear DequantizeLinear';
const BROADCAST =
  'Add Sub Mul Div Pow Mod Max Min Sum Mean Where And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual';
const REDUCE = 'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL2 ReduceSumSquare';

function forAll(names: string, rule: SinkRule): [string, SinkRule][] {
  return names.split(' ').map((name) => [name, rule]);
}

/** How a node moves in front of the transposes of its inputs, by ONNX operator. */
export const SINK_RULES: ReadonlyMap<string, SinkRule> = new Map([
  ...forAll(UNARY, sinkUnary),
  ...forAll(BROADCAST, sinkBroadcast),
  ...forAll(REDUCE, sinkReduce),
  ['Concat', sinkConcat],
  ['Split', sinkSplit],
  ['Slice', sinkSlice],
  ['Pad', sinkPad],
  ['Squeeze', sinkSqueeze],
  ['Unsqueeze', sinkUnsqueeze],
]);
