import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { scatter } from './gather.js';
import { filled, iota, shapeOf, toInt64, vectorOf } from './parts.js';

/** Values put at their places into a tensor full of the default. Indices may be a scalar, a vector or rows. */
function sparseToDense(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const rank = context.rank(0);
  const given = toInt64(context, context.ref(0));
  const indices = rank === 2 ? given : onnx.op('Reshape', [given, onnx.i64([-1, 1])]);
  const count = onnx.op('Gather', [shapeOf(context, indices), onnx.i64([0])], { axis: 0 });
  const values = onnx.op('Expand', [context.ref(2), count]);
  const start = onnx.op('Expand', [context.ref(3), vectorOf(context, 1)]);
  return [scatter(context, start, indices, values, 'none')];
}

function staticLength(context: ConvertContext, index: number, axis: number): number {
  const dim = context.value(index).shape?.at(axis);
  if (typeof dim === 'number') return dim;
  throw context.refuse('TFD_SHAPE_UNKNOWN', 'the rank of the sparse tensor is not known');
}

/** Element `at` of a vector, as a vector of one. */
function element(context: ConvertContext, vector: Ref, at: number): Ref {
  return context.onnx.op('Gather', [vector, context.onnx.i64([at])], { axis: 0 });
}

/** Row-major strides of a shape vector of known length. */
function stridesOf(context: ConvertContext, shape: Ref, length: number): Ref[] {
  const strides: Ref[] = [];
  let product = context.onnx.i64([1]);
  for (let axis = length - 1; axis >= 0; axis--) {
    strides.unshift(product);
    product = context.onnx.op('Mul', [product, element(context, shape, axis)]);
  }
  return strides;
}

/** The same elements under another shape, of which one size may be −1. */
function sparseReshape(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const from = context.value(1).shape?.[0];
  const before = typeof from === 'number' ? from : staticLength(context, 0, 1);
  const after = staticLength(context, 2, 0);
  const [indices, oldShape, wanted] = [context.ref(0), context.ref(1), context.ref(2)];
  const total = onnx.op('ReduceProd', [oldShape, onnx.i64([0])], { keepdims: 1 });
  const isRest = onnx.op('Less', [wanted, onnx.i64([0])]);
  const known = onnx.op('ReduceProd', [onnx.op('Where', [isRest, onnx.i64([1]), wanted]), onnx.i64([0])], {
    keepdims: 1,
  });
  const rest = onnx.op('Div', [total, onnx.op('Max', [known, onnx.i64([1])])]);
  const newShape = onnx.op('Where', [isRest, rest, wanted]);
  const oldStrides = onnx.op('Concat', stridesOf(context, oldShape, before), { axis: 0 });
  const flat = onnx.op('ReduceSum', [onnx.op('Mul', [indices, oldStrides]), onnx.i64([1])], { keepdims: 1 });
  // A size of 0 leaves no element, but its divisions are still checked.
  const atLeastOne = (ref: Ref) => onnx.op('Max', [ref, onnx.i64([1])]);
  const columns = stridesOf(context, newShape, after).map((stride, axis) =>
    onnx.op('Mod', [
      onnx.op('Div', [flat, atLeastOne(stride)]),
      atLeastOne(element(context, newShape, axis)),
    ]),
  );
  return [onnx.op('Concat', columns, { axis: 1 }), newShape];
}

/** Rows without an element get one of the default at column 0. */
function sparseFillEmptyRows(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const rank = staticLength(context, 0, 1);
  const [indices, values, shape, fallback] = [context.ref(0), context.ref(1), context.ref(2), context.ref(3)];
  const count = onnx.op('Gather', [shapeOf(context, indices), onnx.i64([0])], { axis: 0 });
  const rows = onnx.op('Gather', [indices, onnx.i64Scalar(0)], { axis: 1 });
  const height = element(context, shape, 0);
  const ones = filled(context, 'int64', count, 1);
  const column = onnx.op('Unsqueeze', [rows, onnx.i64([-1])]);
  const sizes = scatter(context, filled(context, 'int64', height, 0), column, ones, 'add');
  const isEmpty = onnx.op('Equal', [sizes, onnx.i64Scalar(0)]);
  const emptyRows = onnx.op('Compress', [iota(context, onnx.op('Squeeze', [height])), isEmpty], { axis: 0 });
  const added = onnx.op('Pad', [
    onnx.op('Unsqueeze', [emptyRows, onnx.i64([-1])]),
    onnx.i64([0, 0, 0, rank - 1]),
  ]);
  const allRows = onnx.op('Concat', [rows, emptyRows], { axis: 0 });
  const total = onnx.op('Shape', [allRows]);
  // Sorted by row, and within a row by where they were: keys are different, so any sort is stable.
  const place = iota(context, onnx.op('Squeeze', [total]));
  const keys = onnx.op('Add', [onnx.op('Mul', [allRows, total]), place]);
  const [, order = ''] = onnx.ops('TopK', [keys, total], 2, { axis: 0, largest: 0, sorted: 1 });
  const pickRows = (a: Ref, b: Ref) =>
    onnx.op('Gather', [onnx.op('Concat', [a, b], { axis: 0 }), order], { axis: 0 });
  const extra = onnx.op('Expand', [fallback, onnx.op('Shape', [emptyRows])]);
  const backward = onnx.op('ScatterElements', [order, order, place], { axis: 0 });
  return [
    pickRows(indices, added),
    pickRows(values, extra),
    isEmpty,
    onnx.op('Slice', [backward, onnx.i64([0]), count, onnx.i64([0])]),
  ];
}

/** A sparse matrix times a dense one: rows of the dense one, scaled and summed. */
function sparseTimesDense(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const isTurned = attrs.bool('adjoint_a', false);
  const indices = toInt64(context, context.ref(0));
  const column = (at: number) => onnx.op('Gather', [indices, onnx.i64Scalar(at)], { axis: 1 });
  const dense = attrs.bool('adjoint_b', false)
    ? onnx.op('Transpose', [context.ref(3)], { perm: [1, 0] })
    : context.ref(3);
  const taken = onnx.op('Gather', [dense, column(isTurned ? 0 : 1)], { axis: 0 });
  const scaled = onnx.op('Mul', [taken, onnx.op('Unsqueeze', [context.ref(1), onnx.i64([-1])])]);
  const height = element(context, vectorOf(context, 2), isTurned ? 1 : 0);
  const width = onnx.op('Gather', [shapeOf(context, dense), onnx.i64([1])], { axis: 0 });
  const shape = onnx.op('Concat', [height, width], { axis: 0 });
  const start = filled(context, onnx.dtypeOf(scaled), shape, 0);
  const rows = onnx.op('Unsqueeze', [column(isTurned ? 1 : 0), onnx.i64([-1])]);
  return [scatter(context, start, rows, scaled, 'add')];
}

/** Sparse tensors as indices, values and shape. */
export const sparse: OpFamily = {
  SparseToDense: {
    convert: sparseToDense,
    neutral: ['validate_indices'],
    becomes: 'ScatterND on the default',
  },
  SparseReshape: { convert: sparseReshape, becomes: 'index arithmetic by strides' },
  SparseFillEmptyRows: { convert: sparseFillEmptyRows, becomes: 'Compress, Concat, TopK, Gather' },
  SparseTensorDenseMatMul: { convert: sparseTimesDense, becomes: 'Gather, Mul, ScatterND(add)' },
};
