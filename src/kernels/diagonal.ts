import { elementCount, type Tensor } from '../base/tensor.js';
import { integerOf, integersOf } from './lanes.js';
import { blankTensor, copyElements } from './layout.js';
import { withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** A band of diagonals `low`…`high` (below 0: under the main one) and how short ones lie in their rows. */
interface Band {
  readonly low: number;
  readonly high: number;
  readonly align: string;
}

function readBand(context: KernelContext, hasAlign: boolean): Band {
  const k = integersOf(context, 1);
  const [low, high] = [k[0]!, k[1] ?? k[0]!];
  if (k.length < 1 || k.length > 2 || low > high) throw context.fail(`k [${k.join(', ')}] is no band`);
  // The second form of these ops had no attribute and put diagonals to the left.
  const align = hasAlign ? context.attrs.string('align', 'RIGHT_LEFT') : 'LEFT_LEFT';
  if (!/^(LEFT|RIGHT)_(LEFT|RIGHT)$/.test(align)) throw context.fail(`align "${align}" is not known`);
  return { low, high, align };
}

const lengthOf = (k: number, rows: number, columns: number) =>
  Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0));

/** Where the first element of diagonal `k` lies in a row of `width`. */
function offsetOf({ align }: Band, k: number, length: number, width: number): number {
  const side = k > 0 ? align.split('_')[0] : k < 0 ? align.split('_')[1] : undefined;
  return side === 'RIGHT' ? width - length : 0;
}

/** Visits the elements of the band: row and column of the matrix, and place in the [diagonals, width] form. */
function forEachInBand(
  band: Band,
  rows: number,
  columns: number,
  width: number,
  visit: (row: number, column: number, diagonal: number, at: number) => void,
): void {
  for (let k = band.high; k >= band.low; k--) {
    const length = lengthOf(k, rows, columns);
    const offset = offsetOf(band, k, length, width);
    for (let i = 0; i < length; i++) visit(i - Math.min(k, 0), i + Math.max(k, 0), band.high - k, offset + i);
  }
}

function bandWidth(band: Band, rows: number, columns: number): number {
  let width = 0;
  for (let k = band.low; k <= band.high; k++) width = Math.max(width, lengthOf(k, rows, columns));
  return width;
}

function fillWith(out: Tensor, value: Tensor | undefined): void {
  if (value === undefined) return;
  for (let i = 0; i < elementCount(out.shape); i++) copyElements(withShape(value, []), 0, out, i, 1);
}

function makeMatrix(
  context: KernelContext,
  band: Band,
  rowsWanted: number,
  columnsWanted: number,
  padding: Tensor | undefined,
): HostValue[] {
  const diagonals = context.tensor(0);
  const { shape } = diagonals;
  const width = shape[shape.length - 1];
  if (width === undefined) throw context.fail('its diagonals are a scalar');
  const isOne = band.low === band.high;
  const count = band.high - band.low + 1;
  const lead = shape.slice(0, isOne ? -1 : -2);
  if (!isOne && shape[shape.length - 2] !== count)
    throw context.fail(`has ${shape[shape.length - 2]} diagonals for a band of ${count}`);
  const least = [width - Math.min(band.high, 0), width + Math.max(band.low, 0)] as const;
  let rows = rowsWanted;
  let columns = columnsWanted;
  if (rows === -1 && columns === -1) rows = columns = Math.max(...least);
  else if (rows === -1) rows = least[0];
  else if (columns === -1) columns = least[1];
  if (rows < least[0] || columns < least[1])
    throw context.fail(`[${rows}, ${columns}] is too small for diagonals of ${width}`);
  const out = blankTensor(diagonals.dtype, [...lead, rows, columns]);
  fillWith(out, padding);
  for (let b = 0; b < elementCount(lead); b++) {
    forEachInBand(band, rows, columns, width, (row, column, d, at) => {
      const from = (b * (isOne ? 1 : count) + (isOne ? 0 : d)) * width + at;
      copyElements(diagonals, from, out, (b * rows + row) * columns + column, 1);
    });
  }
  return [out];
}

function takeDiagonals(context: KernelContext, band: Band, padding: Tensor | undefined): HostValue[] {
  const matrix = context.tensor(0);
  const { shape } = matrix;
  if (shape.length < 2) throw context.fail('its input is no matrix');
  const [rows, columns] = shape.slice(-2) as [number, number];
  const width = bandWidth(band, rows, columns);
  const isOne = band.low === band.high;
  const count = band.high - band.low + 1;
  const lead = shape.slice(0, -2);
  const out = blankTensor(matrix.dtype, isOne ? [...lead, width] : [...lead, count, width]);
  fillWith(out, padding);
  for (let b = 0; b < elementCount(lead); b++) {
    forEachInBand(band, rows, columns, width, (row, column, d, at) => {
      copyElements(matrix, (b * rows + row) * columns + column, out, (b * count + d) * width + at, 1);
    });
  }
  return [out];
}

function setDiagonals(context: KernelContext, band: Band): HostValue[] {
  const [matrix, diagonals] = [context.tensor(0), context.tensor(1)];
  const [rows, columns] = matrix.shape.slice(-2) as [number, number];
  const width = bandWidth(band, rows, columns);
  const count = band.high - band.low + 1;
  const out = blankTensor(matrix.dtype, matrix.shape);
  copyElements(matrix, 0, out, 0, elementCount(matrix.shape));
  const batches = elementCount(matrix.shape.slice(0, -2));
  if (elementCount(diagonals.shape) !== batches * count * width)
    throw context.fail('its diagonals do not fit');
  for (let b = 0; b < batches; b++) {
    forEachInBand(band, rows, columns, width, (row, column, d, at) => {
      copyElements(diagonals, (b * count + d) * width + at, out, (b * rows + row) * columns + column, 1);
    });
  }
  return [out];
}

const MAIN: Band = { low: 0, high: 0, align: 'LEFT_LEFT' };

function bandOfSet(context: KernelContext, hasAlign: boolean): Band {
  const k = integersOf(context, 2);
  const align = hasAlign ? context.attrs.string('align', 'RIGHT_LEFT') : 'LEFT_LEFT';
  return { low: k[0]!, high: k[1] ?? k[0]!, align };
}

export const diagonalKernels: KernelFamily = {
  MatrixDiag: (context) => makeMatrix(context, MAIN, -1, -1, undefined),
  MatrixDiagV2: (context) =>
    makeMatrix(
      context,
      readBand(context, false),
      integerOf(context, 2),
      integerOf(context, 3),
      context.tensor(4),
    ),
  MatrixDiagV3: (context) =>
    makeMatrix(
      context,
      readBand(context, true),
      integerOf(context, 2),
      integerOf(context, 3),
      context.tensor(4),
    ),
  MatrixDiagPart: (context) => takeDiagonals(context, MAIN, undefined),
  MatrixDiagPartV2: (context) => takeDiagonals(context, readBand(context, false), context.tensor(2)),
  MatrixDiagPartV3: (context) => takeDiagonals(context, readBand(context, true), context.tensor(2)),
  MatrixSetDiag: (context) => setDiagonals(context, MAIN),
  MatrixSetDiagV2: (context) => setDiagonals(context, bandOfSet(context, false)),
  MatrixSetDiagV3: (context) => setDiagonals(context, bandOfSet(context, true)),
};
