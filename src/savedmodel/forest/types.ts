/** What a node of a tree asks; 0 is a leaf. */
export const CONDITIONS = {
  leaf: 0,
  /** A number is at least the threshold. */
  higher: 1,
  isTrue: 2,
  /** A category is one of a set. */
  contains: 3,
  /** Any category of a set of categories is one of a set. */
  intersects: 4,
  /** A weighted sum of numbers is at least the threshold. */
  oblique: 5,
  numberMissing: 6,
  flagMissing: 7,
  categoryMissing: 8,
  setMissing: 9,
} as const;

/** What is done with the sums over all trees. */
export type ForestLink = 'identity' | 'sigmoid' | 'softmax' | 'exp';

/**
 * A decision forest as flat arrays. A node's negative child is the next node. `operand` and `count` are a
 * range: of `dims`/`values` for a leaf (what it adds to which sum), of `sets` in bits for categories, of
 * `slots`/`weights` for an oblique split. `slot` is the column of the input group that the condition reads.
 */
export interface Forest {
  readonly outputs: number;
  readonly link: ForestLink;
  /** Starting value of each sum. */
  readonly initial: Float32Array;
  /** Multiplies each sum before the link. */
  readonly scale: number;
  /** Columns that each group of features must have: numbers, flags, categories, sets of categories. */
  readonly columns: Int32Array;
  /** How many categories each column of categories, and then each of sets, knows: any beyond is category 0. */
  readonly known: Int32Array;
  readonly roots: Int32Array;
  readonly kind: Uint8Array;
  readonly takeIfMissing: Uint8Array;
  readonly slot: Int32Array;
  readonly threshold: Float32Array;
  readonly positive: Int32Array;
  readonly operand: Int32Array;
  readonly count: Int32Array;
  readonly dims: Int32Array;
  readonly values: Float32Array;
  readonly sets: Uint8Array;
  readonly slots: Int32Array;
  readonly weights: Float32Array;
  /** Stands for a missing number of an oblique split; NaN where a missing one decides the split. */
  readonly replacements: Float32Array;
}
