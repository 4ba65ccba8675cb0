import { isFloatDType } from '../../base/dtype.js';
import type { Dim } from '../../base/shape.js';
import { transposeConstant } from '../derive.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { relu6 } from './activation.js';
import { zeroWithoutTerms } from './guards.js';
import { castTo, countFrom, shapeOf, transpose } from './parts.js';

/** Input `index` with its last two axes swapped; a constant is swapped when it is written. */
function swapped(context: ConvertContext, index: number): Ref {
  const { constant } = context.value(index);
  const rank = context.rank(index);
  const perm = [...countFrom(0, rank - 2), rank - 1, rank - 2];
  if (constant !== undefined) return context.onnx.constant(transposeConstant(constant, perm));
  return transpose(context, context.ref(index), perm);
}

function operand(context: ConvertContext, index: number, isSwapped: boolean): Ref {
  return isSwapped ? swapped(context, index) : context.ref(index);
}

/** The product of two matrices. A transposed operand that is not a constant is left to Gemm. */
function matMul(context: ConvertContext): Ref {
  const { onnx, attrs } = context;
  const swapA = attrs.bool('transpose_a', false);
  const swapB = attrs.bool('transpose_b', false);
  const isPlain = !swapA && (!swapB || context.isConst(1));
  if (isPlain || !isFloatDType(context.value(0).dtype)) {
    return onnx.op('MatMul', [operand(context, 0, swapA), operand(context, 1, swapB)]);
  }
  return onnx.op('Gemm', [context.ref(0), context.ref(1)], { transA: swapA ? 1 : 0, transB: swapB ? 1 : 0 });
}

/** Floats of either width in, float32 out; that the operands are sparse is a hint alone. */
function sparseMatMul(context: ConvertContext): readonly Ref[] {
  const wide = (index: number, name: string) =>
    castTo(context, operand(context, index, context.attrs.bool(name, false)), 'float32');
  return [context.onnx.op('MatMul', [wide(0, 'transpose_a'), wide(1, 'transpose_b')])];
}

/** The axes of a batch, counted from the matrices outwards; absent ones are 1. */
function batchDims(context: ConvertContext, index: number): Dim[] {
  return (context.value(index).shape ?? []).slice(0, -2).reverse();
}

/**
 * The operands in a form that ONNX Runtime broadcasts where a batch has nothing in it: it refuses 0 beside 1.
 * Where one operand has 1 beside a dimension of the other that may be 0, it gets as few.
 */
function meet(context: ConvertContext, a: Ref, b: Ref, isTurned: boolean): [Ref, Ref] {
  if (context.value(0).shape === null || context.value(1).shape === null) return [a, b];
  const [left, right] = [batchDims(context, 0), batchDims(context, 1)];
  return [emptied(context, a, left, b, right, isTurned), emptied(context, b, right, a, left, isTurned)];
}

/** `isTurned`: a transpose is joined with the product, which then takes no plain matrix beside an empty batch. */
function emptied(
  context: ConvertContext,
  ref: Ref,
  own: readonly Dim[],
  other: Ref,
  others: readonly Dim[],
  isTurned: boolean,
): Ref {
  const { onnx } = context;
  const count = others.length;
  const axes = others.flatMap((dim, i) =>
    (own[i] ?? 1) === 1 && (typeof dim !== 'number' || dim === 0) ? [count - 1 - i] : [],
  );
  if (axes.length === 0 || own.length > count) return ref;
  if (!isTurned && own.every((dim) => dim === 1)) {
    return own.length === 0 ? ref : onnx.op('Squeeze', [ref, onnx.i64(own.map((_, i) => i))]);
  }
  const lead = count - own.length;
  const full = lead === 0 ? ref : onnx.op('Unsqueeze', [ref, onnx.i64(countFrom(0, lead))]);
  const sizes = onnx.op('Gather', [shapeOf(context, other), onnx.i64(axes)], { axis: 0 });
  const ends = onnx.op('Min', [sizes, onnx.i64([1])]);
  return onnx.op('Slice', [full, onnx.i64(axes.map(() => 0)), ends, onnx.i64(axes)]);
}

function batchMatMul(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const to = attrs.has('Tout') ? attrs.dtype('Tout') : context.value(0).dtype;
  const a = castTo(context, operand(context, 0, attrs.bool('adj_x', false)), to);
  const b = castTo(context, operand(context, 1, attrs.bool('adj_y', false)), to);
  const isTurned = attrs.bool('adj_x', false) || attrs.bool('adj_y', false);
  const product = onnx.op('MatMul', meet(context, a, b, isTurned));
  const inner = context.value(0).shape?.at(attrs.bool('adj_x', false) ? -2 : -1);
  const other = context.value(1).shape?.at(attrs.bool('adj_y', false) ? -1 : -2);
  const hasTerms = [inner, other].some((dim) => typeof dim === 'number' && dim > 0);
  return [hasTerms ? product : zeroWithoutTerms(context, product, a)];
}

/** Adds one number per channel; channels are last, or second in NCHW. */
function addBias(context: ConvertContext, x: Ref, bias: Ref): Ref {
  const { onnx } = context;
  const format = context.attrs.string('data_format', 'NHWC');
  if (format === 'NHWC') return onnx.op('Add', [x, bias]);
  if (format !== 'NCHW') throw context.refuse('TFD_ATTR_UNREAD', `data_format is "${format}"`);
  const spatial = new Array<number>(Math.max(context.rank(0) - 2, 0)).fill(1);
  return onnx.op('Add', [x, onnx.op('Reshape', [bias, onnx.i64([-1, ...spatial])])]);
}

const FUSED: Readonly<Record<string, (context: ConvertContext, x: Ref) => Ref>> = {
  Relu: ({ onnx }, x) => onnx.op('Relu', [x]),
  Relu6: relu6,
  Elu: ({ onnx }, x) => onnx.op('Elu', [x]),
  LeakyRelu: ({ onnx, attrs }, x) =>
    onnx.op('LeakyRelu', [x], { alpha: { float: attrs.float('leakyrelu_alpha', 0.2) } }),
  Tanh: ({ onnx }, x) => onnx.op('Tanh', [x]),
  Sigmoid: ({ onnx }, x) => onnx.op('Sigmoid', [x]),
  GeluExact: ({ onnx }, x) => onnx.op('Gelu', [x]),
  GeluApproximate: ({ onnx }, x) => onnx.op('Gelu', [x], { approximate: 'tanh' }),
};

/** MatMul with what Grappler fused behind it: a bias, then an activation. */
function fusedMatMul(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  let result = matMul(context);
  let next = 2;
  for (const fused of attrs.strings('fused_ops', [])) {
    if (fused === 'BiasAdd') {
      result = onnx.op('Add', [result, context.ref(next++)]);
      continue;
    }
    const emit = FUSED[fused];
    if (emit === undefined) throw context.refuse('TFD_ATTR_UNREAD', `fused_ops holds "${fused}"`);
    result = emit(context, result);
  }
  if (next !== context.inputCount)
    throw context.refuse('TFD_ATTR_UNREAD', 'an extra argument of the fusion is left');
  return [result];
}

const SPARSE_HINTS = ['a_is_sparse', 'b_is_sparse', 'grad_a', 'grad_b', 'grad_x', 'grad_y'];
const batched = { convert: batchMatMul, neutral: SPARSE_HINTS, becomes: 'MatMul (adjoints transposed)' };

/** Matrix products and the bias behind them. */
export const matmul: OpFamily = {
  MatMul: { convert: (context) => [matMul(context)], neutral: SPARSE_HINTS, becomes: 'MatMul or Gemm' },
  SparseMatMul: { convert: sparseMatMul, neutral: SPARSE_HINTS, becomes: 'MatMul' },
  BatchMatMul: batched,
  BatchMatMulV2: batched,
  BatchMatMulV3: batched,
  _FusedMatMul: {
    convert: fusedMatMul,
    neutral: [...SPARSE_HINTS, 'num_args', 'epsilon', 'leakyrelu_alpha'],
    becomes: 'MatMul, Add, the activation',
  },
  BiasAdd: {
    convert: (context) => [addBias(context, context.ref(0), context.ref(1))],
    becomes: 'Add ([C, 1, 1] in NCHW)',
  },
  BiasAddV1: {
    convert: (context) => [context.onnx.op('Add', [context.ref(0), context.ref(1)])],
    becomes: 'Add',
  },
};
