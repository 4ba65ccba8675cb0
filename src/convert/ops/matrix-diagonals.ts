import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, Ref } from '../types.js';

/** Diagonals `lower` … `upper` (0 is the main one) of a matrix, stored one per row, the upper one first. */
export interface Band {
  readonly lower: number;
  readonly upper: number;
  readonly rows: number;
  readonly columns: number;
  /** Length of a stored row. */
  readonly width: number;
  readonly isSuperLeft: boolean;
  readonly isSubLeft: boolean;
}

/** Where a stored diagonal's content begins and how long it is (tensorflow/core/kernels/linalg/matrix_diag_op). */
function contentOf(band: Band, diagonal: number): { length: number; offset: number } {
  const length = Math.min(band.rows + Math.min(0, diagonal), band.columns - Math.max(0, diagonal));
  const isLeft = (diagonal >= 0 && band.isSuperLeft) || (diagonal <= 0 && band.isSubLeft);
  return { length, offset: isLeft ? 0 : band.width - length };
}

/** For each place of the matrix the place in the stored diagonals, or −1. */
export function storedPlaces(band: Band): number[] {
  const places: number[] = [];
  for (let row = 0; row < band.rows; row++) {
    for (let column = 0; column < band.columns; column++) {
      const diagonal = column - row;
      if (diagonal < band.lower || diagonal > band.upper) {
        places.push(-1);
        continue;
      }
      const { offset } = contentOf(band, diagonal);
      const along = diagonal >= 0 ? row : column;
      places.push((band.upper - diagonal) * band.width + offset + along);
    }
  }
  return places;
}

/** For each stored place the place in the matrix (row-major), or −1 for padding. */
export function matrixPlaces(band: Band): number[] {
  const places: number[] = [];
  for (let diagonal = band.upper; diagonal >= band.lower; diagonal--) {
    const { length, offset } = contentOf(band, diagonal);
    for (let at = 0; at < band.width; at++) {
      const along = at - offset;
      const row = along - Math.min(0, diagonal);
      const column = along + Math.max(0, diagonal);
      places.push(along < 0 || along >= length ? -1 : row * band.columns + column);
    }
  }
  return places;
}

/** The longest of the diagonals. */
export function longestDiagonal(lower: number, upper: number, rows: number, columns: number): number {
  return Math.min(rows + Math.min(upper, 0), columns - Math.max(lower, 0));
}

/** The alignment attribute of the V3 operations; the V2 ones store everything at the left. */
export function readAlignment(context: ConvertContext): { isSuperLeft: boolean; isSubLeft: boolean } {
  if (!context.node.op.endsWith('V3')) return { isSuperLeft: true, isSubLeft: true };
  const align = context.attrs.string('align', 'RIGHT_LEFT');
  const found = /^(LEFT|RIGHT)_(LEFT|RIGHT)$/.exec(align);
  if (found === null) throw context.refuse('TFD_ATTR_UNREAD', `align is "${align}"`);
  return { isSuperLeft: found[1] === 'LEFT', isSubLeft: found[2] === 'LEFT' };
}

/** `k` of the operation: one diagonal or the lowest and the highest one. */
export function readBand(context: ConvertContext, input: number): { lower: number; upper: number } {
  const [lower = 0, upper = lower] = context.constInts(input);
  return { lower, upper };
}

/** Elements of the last axis of `x` at constant places; where a place is −1, `fallback` (broadcast) instead. */
export function pickPlaces(
  context: ConvertContext,
  x: Ref,
  places: readonly number[],
  shape: readonly number[],
  fallback: Ref,
): Ref {
  const { onnx } = context;
  const indices = onnx.constant(
    denseValue(
      numericTensor(
        'int64',
        shape,
        places.map((place) => Math.max(place, 0)),
      ),
    ),
  );
  const taken = onnx.op('Gather', [x, indices], { axis: -1 });
  if (places.every((place) => place >= 0)) return taken;
  const isThere = onnx.constant(
    denseValue(
      numericTensor(
        'bool',
        shape,
        places.map((place) => (place < 0 ? 0 : 1)),
      ),
    ),
  );
  return onnx.op('Where', [isThere, taken, fallback]);
}
