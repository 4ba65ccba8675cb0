import type { ConvertContext, OpFamily, Ref } from '../types.js';
import {
  type Band,
  longestDiagonal,
  matrixPlaces,
  pickPlaces,
  readAlignment,
  readBand,
  storedPlaces,
} from './matrix-diagonals.js';
import { castTo, direct, inputDim, iota, like, scalarOf, toInt64 } from './parts.js';

/** Numbers for the diagonal kernels: bool has none. */
function numbers(context: ConvertContext, index: number): Ref {
  const ref = context.ref(index);
  return context.onnx.dtypeOf(ref) === 'bool' ? castTo(context, ref, 'uint8') : ref;
}

function typed(context: ConvertContext, ref: Ref): readonly Ref[] {
  return [castTo(context, ref, context.outputDType(0))];
}

/** The last two axes as one. */
function flattened(context: ConvertContext, x: Ref, rank: number): Ref {
  return context.onnx.op('Reshape', [x, context.onnx.i64([...new Array<number>(rank - 2).fill(0), -1])]);
}

function staticDim(context: ConvertContext, index: number, axis: number): number {
  const dim = context.value(index).shape?.at(axis);
  if (typeof dim === 'number') return dim;
  throw context.refuse('TFD_SHAPE_UNKNOWN', `dimension ${axis} of input ${index} is not known`);
}

/** Everything outside of a band around the main diagonal is zero; a negative width is no limit. */
function bandPart(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const limit = (index: number, sign: 1 | -1): Ref => {
    const [known] = context.elements(index) ?? [];
    if (typeof known === 'number') return known < 0 ? '' : onnx.i64Scalar(sign * known);
    const given = toInt64(context, scalarOf(context, index));
    const isFree = onnx.op('Less', [given, onnx.i64Scalar(0)]);
    const far = onnx.i64Scalar(2 ** 40);
    const width = onnx.op('Where', [isFree, far, given]);
    return sign > 0 ? width : onnx.op('Neg', [width]);
  };
  let x = context.ref(0);
  const [below, above] = [limit(1, -1), limit(2, 1)];
  if (below !== '') x = onnx.op('Trilu', [x, below], { upper: 1 });
  if (above !== '') x = onnx.op('Trilu', [x, above], { upper: 0 });
  return [x];
}

/** The main diagonal of a square matrix, everything else zero. */
function diagonalMatrix(context: ConvertContext): Ref {
  const { onnx } = context;
  const x = numbers(context, 0);
  const counter = iota(context, inputDim(context, 0, -1));
  const isDiagonal = onnx.op('Equal', [onnx.op('Unsqueeze', [counter, onnx.i64([1])]), counter]);
  return onnx.op('Where', [isDiagonal, onnx.op('Unsqueeze', [x, onnx.i64([-1])]), like(context, x, 0)]);
}

function matrixDiag(context: ConvertContext): readonly Ref[] {
  if (context.node.op === 'MatrixDiag') return typed(context, diagonalMatrix(context));
  const { lower, upper } = readBand(context, 1);
  const [rows = -1] = context.constInts(2);
  const [columns = -1] = context.constInts(3);
  const width = staticDim(context, 0, -1);
  const leastRows = width - Math.min(upper, 0);
  const leastColumns = width + Math.max(lower, 0);
  const square = Math.max(leastRows, leastColumns);
  const band: Band = {
    ...{ lower, upper, width },
    ...readAlignment(context),
    rows: rows >= 0 ? rows : columns >= 0 ? leastRows : square,
    columns: columns >= 0 ? columns : rows >= 0 ? leastColumns : square,
  };
  const x = numbers(context, 0);
  const stored = lower === upper ? x : flattened(context, x, context.rank(0));
  const padding = numbers(context, 4);
  return typed(context, pickPlaces(context, stored, storedPlaces(band), [band.rows, band.columns], padding));
}

function matrixDiagPart(context: ConvertContext): readonly Ref[] {
  const isPlain = context.node.op === 'MatrixDiagPart';
  const { lower, upper } = isPlain ? { lower: 0, upper: 0 } : readBand(context, 1);
  const [rows, columns] = [staticDim(context, 0, -2), staticDim(context, 0, -1)];
  const width = longestDiagonal(lower, upper, rows, columns);
  const band: Band = { lower, upper, rows, columns, width, ...readAlignment(context) };
  const x = numbers(context, 0);
  const padding = isPlain ? like(context, x, 0) : numbers(context, 2);
  const shape = lower === upper ? [width] : [upper - lower + 1, width];
  return typed(
    context,
    pickPlaces(context, flattened(context, x, context.rank(0)), matrixPlaces(band), shape, padding),
  );
}

function matrixSetDiag(context: ConvertContext): readonly Ref[] {
  const isPlain = context.node.op === 'MatrixSetDiag';
  const { lower, upper } = isPlain ? { lower: 0, upper: 0 } : readBand(context, 2);
  const [rows, columns] = [staticDim(context, 0, -2), staticDim(context, 0, -1)];
  const width = longestDiagonal(lower, upper, rows, columns);
  const band: Band = { lower, upper, rows, columns, width, ...readAlignment(context) };
  const stored =
    lower === upper ? numbers(context, 1) : flattened(context, numbers(context, 1), context.rank(1));
  const matrix = numbers(context, 0);
  return typed(context, pickPlaces(context, stored, storedPlaces(band), [rows, columns], matrix));
}

/** A tensor of twice the rank with the elements on its diagonal (rank 1 only). */
function diag(context: ConvertContext): readonly Ref[] {
  if (context.rank(0) !== 1) throw context.refuse('TFD_SHAPE_UNKNOWN', 'Diag of more than one axis');
  return typed(context, diagonalMatrix(context));
}

/** Vectors of three elements: the product that stands upright on both. */
function cross(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const [a, b] = [context.ref(0), context.ref(1)];
  const turn = (ref: Ref, order: readonly number[]) =>
    onnx.op('Gather', [ref, onnx.i64(order)], { axis: -1 });
  const left = onnx.op('Mul', [turn(a, [1, 2, 0]), turn(b, [2, 0, 1])]);
  const right = onnx.op('Mul', [turn(a, [2, 0, 1]), turn(b, [1, 2, 0])]);
  return [onnx.op('Sub', [left, right])];
}

/** Half the sum of squares. */
function l2Loss(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const flat = onnx.op('Reshape', [context.ref(0), onnx.i64([-1])]);
  const sum = onnx.op('ReduceSum', [onnx.op('Mul', [flat, flat])], { keepdims: 0 });
  return [onnx.op('Mul', [sum, like(context, sum, 0.5)])];
}

const diagV = { convert: matrixDiag, becomes: 'Where on the diagonal; Gather by constant places' };
const partV = { convert: matrixDiagPart, becomes: 'Gather by constant places' };
const setV = { convert: matrixSetDiag, becomes: 'Where, Gather by constant places' };

/** Matrices as such. */
export const matrix: OpFamily = {
  MatrixBandPart: { convert: bandPart, becomes: 'Trilu twice' },
  MatrixDiag: diagV,
  MatrixDiagV2: diagV,
  MatrixDiagV3: diagV,
  MatrixDiagPart: partV,
  MatrixDiagPartV2: partV,
  MatrixDiagPartV3: partV,
  MatrixSetDiag: setV,
  MatrixSetDiagV2: setV,
  MatrixSetDiagV3: setV,
  Diag: { convert: diag, becomes: 'Where on the diagonal' },
  Cross: { convert: cross, becomes: 'Gather, Mul, Sub' },
  L2Loss: { convert: l2Loss, becomes: 'ReduceSum(Mul) / 2' },
  MatrixDeterminant: direct('Det'),
};
