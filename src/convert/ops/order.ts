import { hasKernel } from '../onnx/kernels.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import {
  castTo,
  constScalar,
  countFrom,
  filled,
  frontAxis,
  inputDim,
  int64Vector,
  scalarOf,
  shapeOf,
  TO_END,
  toInt64,
  transpose,
  vectorOf,
} from './parts.js';

/** TopK along the last axis. ONNX Runtime ends the process where there are no rows: one is added and cut off. */
function sortedTop(context: ConvertContext, count: Ref, largest: 0 | 1): [Ref, Ref] {
  const { onnx } = context;
  const leading = context.value(0).shape?.slice(0, -1);
  const attrs = { axis: -1, largest, sorted: 1 };
  const isSafe = leading?.every((dim) => typeof dim === 'number' && dim > 0) ?? false;
  if (isSafe) return onnx.ops('TopK', [context.ref(0), count], 2, attrs) as [Ref, Ref];
  const x = context.ref(0);
  const shape = shapeOf(context, x);
  const width = onnx.op('Slice', [shape, onnx.i64([-1]), int64Vector(context, [TO_END]), onnx.i64([0])]);
  const rows = onnx.op('Slice', [shape, onnx.i64([0]), onnx.i64([-1]), onnx.i64([0])]);
  const number = onnx.op('ReduceProd', [rows, onnx.i64([0])], { keepdims: 1 });
  const flat = onnx.op('Reshape', [x, onnx.op('Concat', [number, width], { axis: 0 })], { allowzero: 1 });
  const more = onnx.op('Concat', [flat, filledLike(context, x, width)], { axis: 0 });
  const target = onnx.op('Concat', [rows, count], { axis: 0 });
  const cut = (ref: Ref) => {
    const own = onnx.op('Slice', [ref, onnx.i64([0]), number, onnx.i64([0])]);
    return onnx.op('Reshape', [own, target], { allowzero: 1 });
  };
  const [values = '', indices = ''] = onnx.ops('TopK', [more, count], 2, attrs);
  return [cut(values), cut(indices)];
}

/** One row of zeros. */
function filledLike(context: ConvertContext, x: Ref, width: Ref): Ref {
  const { onnx } = context;
  return filled(context, onnx.dtypeOf(x), onnx.op('Concat', [onnx.i64([1]), width], { axis: 0 }), 0);
}

/** The largest elements along the last axis, the first of equal ones first. */
function topK(context: ConvertContext): readonly Ref[] {
  const [values, indices] = sortedTop(context, vectorOf(context, 1), 1);
  return [values, castTo(context, indices, context.outputDType(1))];
}

/** The positions of elements that are not zero, one per row. */
function where(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const x = context.ref(0);
  const isDirect = hasKernel('NonZero', onnx.dtypeOf(x));
  const positions = onnx.op('NonZero', [isDirect ? x : castTo(context, x, 'bool')]);
  return [onnx.op('Transpose', [positions], { perm: [1, 0] })];
}

/** Different elements in the order of their first appearance, where each one went, and how often it came. */
function unique(context: ConvertContext): readonly Ref[] {
  const { onnx, node } = context;
  const isOnAxis = node.op.endsWith('V2');
  const axes = isOnAxis ? context.constInts(1) : [];
  if (axes.length > 1) throw context.refuse('TFD_ATTR_UNREAD', 'more than one axis');
  const [axis] = axes;
  const attrs = axis === undefined ? { sorted: 0 } : { sorted: 0, axis: frontAxis(context, axis, 0) };
  const [values = '', , inverse = '', counts = ''] = onnx.ops('Unique', [context.ref(0)], 4, attrs);
  const made = [values, inverse, counts];
  return node.outputs.map((output, index) => castTo(context, made[index] ?? '', output.dtype));
}

/** ONNX's ReverseSequence wants batch and time to be the first two axes. */
function reverseSequence(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const [time, batch] = [attrs.int('seq_dim'), attrs.int('batch_dim', 0)];
  const lengths = toInt64(context, context.ref(1));
  if (time + batch === 1 && time >= 0 && batch >= 0) {
    return [onnx.op('ReverseSequence', [context.ref(0), lengths], { time_axis: time, batch_axis: batch })];
  }
  const rank = context.rank(0);
  const front = [frontAxis(context, batch, 0), frontAxis(context, time, 0)];
  const perm = [...front, ...countFrom(0, rank).filter((axis) => !front.includes(axis))];
  const back = countFrom(0, rank).map((axis) => perm.indexOf(axis));
  const moved = transpose(context, context.ref(0), perm);
  const reversed = onnx.op('ReverseSequence', [moved, lengths], { time_axis: 1, batch_axis: 0 });
  return [transpose(context, reversed, back)];
}

/** Elements pushed around along axes: the last `shift` ones come first. */
function roll(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axes = context.constInts(2).map((axis) => frontAxis(context, axis, 0));
  const shifts = vectorOf(context, 1);
  let x = context.ref(0);
  axes.forEach((axis, index) => {
    const dim = inputDim(context, 0, axis, 'vector');
    const safe = onnx.op('Max', [dim, onnx.i64([1])]);
    const shift = onnx.op('Mod', [onnx.op('Gather', [shifts, onnx.i64([index])], { axis: 0 }), safe]);
    const cut = onnx.op('Sub', [dim, shift]);
    const axisRef = onnx.i64([axis]);
    const tail = onnx.op('Slice', [x, cut, dim, axisRef]);
    const head = onnx.op('Slice', [x, onnx.i64([0]), cut, axisRef]);
    x = onnx.op('Concat', [tail, head], { axis });
  });
  return [x];
}

/** Running sums. */
function cumsum(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  return [
    onnx.op('CumSum', [context.ref(0), scalarOf(context, 1)], {
      exclusive: attrs.bool('exclusive', false) ? 1 : 0,
      reverse: attrs.bool('reverse', false) ? 1 : 0,
    }),
  ];
}

/** The n-th smallest (or largest) element along the last axis. */
function nthElement(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const n = constScalar(context, 1);
  const [sorted] = sortedTop(context, onnx.i64([n + 1]), attrs.bool('reverse', false) ? 1 : 0);
  return [onnx.op('Gather', [sorted, onnx.i64Scalar(n)], { axis: -1 })];
}

/** Order along an axis. */
export const order: OpFamily = {
  TopKV2: { convert: topK, neutral: ['sorted'], becomes: 'TopK' },
  NthElement: { convert: nthElement, becomes: 'TopK, Gather' },
  Where: { convert: where, becomes: 'Transpose(NonZero)' },
  Unique: { convert: unique, becomes: 'Unique' },
  UniqueV2: { convert: unique, becomes: 'Unique' },
  UniqueWithCounts: { convert: unique, becomes: 'Unique' },
  UniqueWithCountsV2: { convert: unique, becomes: 'Unique' },
  ReverseSequence: { convert: reverseSequence, becomes: 'ReverseSequence' },
  Roll: { convert: roll, becomes: 'Slice, Concat' },
  Cumsum: { convert: cumsum, becomes: 'CumSum' },
};
