import type { DType } from '../../base/dtype.js';
import type { Dim, Shape } from '../../base/shape.js';
import type { AttrReader } from '../../savedmodel/attr-reader.js';

/** What a shape function sees of one node. Everything unknown is `undefined` (or a null shape). */
export interface ShapeContext {
  readonly op: string;
  readonly attrs: AttrReader;
  readonly inputCount: number;
  readonly outputCount: number;
  /** Shape of an input; null also when there is no such input. Negative counts from the end. */
  shape(index: number): Shape;
  dims(index: number): readonly Dim[] | undefined;
  rank(index: number): number | undefined;
  dtype(index: number): DType | undefined;
  /** Elements of a small integer input, as far as they are known: numbers and symbols. */
  ints(index: number): readonly Dim[] | undefined;
  /** The same, but elements of an integer vector of known length that are not known get names. */
  nameInts(index: number): readonly Dim[] | undefined;
  /** All elements of a small integer input, when all are known. */
  constInts(index: number): readonly number[] | undefined;
  constInt(index: number): number | undefined;
  /** All elements of a small constant integer matrix (paddings, crops), row-major. */
  constMatrix(index: number): readonly number[] | undefined;
  /** A constant scalar of any real type. */
  constNumber(index: number): number | undefined;
  /** Number of elements of a vector input. */
  length(index: number): number | undefined;
  /** A new name for a dimension about which nothing is known. */
  fresh(): Dim;
}

/** Shapes of the outputs in order; a missing or null one is unknown. */
export type ShapeRow = (context: ShapeContext) => readonly Shape[];

/** Shape functions of one family: TensorFlow op name → function. */
export type ShapeFamily = Readonly<Record<string, ShapeRow>>;

/** The family in which every op of `ops` has the same function. */
export function sameRow(ops: string, row: ShapeRow): ShapeFamily {
  return Object.fromEntries(
    ops
      .trim()
      .split(/\s+/)
      .map((op) => [op, row]),
  );
}
