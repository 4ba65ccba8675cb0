import { CONDITIONS, type Forest } from '../../savedmodel/forest/types.js';

/** The features of `rows` examples. A missing number or flag is NaN, a missing category is negative. */
export interface ForestFeatures {
  readonly rows: number;
  readonly numbers: Float32Array;
  readonly numberColumns: number;
  readonly flags: Float32Array;
  readonly flagColumns: number;
  readonly categories: Int32Array;
  readonly categoryColumns: number;
  /** Categories of all sets; `setStarts[row · setColumns + column]` is where one begins, the next where it ends. */
  readonly sets: Int32Array;
  readonly setStarts: Int32Array;
  readonly setColumns: number;
}

/** The sums over all trees, `[rows, outputs]`, scaled and linked. */
export function evaluateForest(forest: Forest, features: ForestFeatures): Float32Array {
  const { outputs, initial, dims, values, operand, count } = forest;
  const out = new Float32Array(features.rows * outputs);
  const sums = new Float64Array(outputs);
  for (let row = 0; row < features.rows; row++) {
    sums.set(initial);
    for (const root of forest.roots) {
      const leaf = findLeaf(forest, features, row, root);
      for (let i = operand[leaf]!, end = i + count[leaf]!; i < end; i++) sums[dims[i]!]! += values[i]!;
    }
    for (let d = 0; d < outputs; d++) sums[d]! *= forest.scale;
    link(forest.link, sums);
    out.set(sums, row * outputs);
  }
  return out;
}

function findLeaf(forest: Forest, features: ForestFeatures, row: number, root: number): number {
  const { kind, slot, threshold, positive, takeIfMissing } = forest;
  const numbersAt = row * features.numberColumns;
  let node = root;
  for (;;) {
    let isPositive: boolean;
    switch (kind[node]) {
      case CONDITIONS.leaf:
        return node;
      case CONDITIONS.higher: {
        const value = features.numbers[numbersAt + slot[node]!]!;
        isPositive = value >= threshold[node]! || (Number.isNaN(value) && takeIfMissing[node] === 1);
        break;
      }
      case CONDITIONS.isTrue: {
        const value = features.flags[row * features.flagColumns + slot[node]!]!;
        isPositive = value >= 0.5 || (Number.isNaN(value) && takeIfMissing[node] === 1);
        break;
      }
      case CONDITIONS.contains: {
        const value = features.categories[row * features.categoryColumns + slot[node]!]!;
        isPositive =
          value < 0 ? takeIfMissing[node] === 1 : isInSet(forest, node, value, forest.known[slot[node]!]!);
        break;
      }
      default:
        isPositive = isRareTrue(forest, features, row, node);
    }
    node = isPositive ? positive[node]! : node + 1;
  }
}

/** A category that the model does not know is category 0. */
function isInSet({ operand, count, sets }: Forest, node: number, value: number, known: number): boolean {
  const category = value < known ? value : 0;
  if (category >= count[node]!) return false;
  const bit = operand[node]! + category;
  return ((sets[bit >> 3]! >> (bit & 7)) & 1) === 1;
}

function isRareTrue(forest: Forest, features: ForestFeatures, row: number, node: number): boolean {
  const slot = forest.slot[node]!;
  switch (forest.kind[node]) {
    case CONDITIONS.oblique:
      return isObliqueTrue(forest, features, row, node);
    case CONDITIONS.numberMissing:
      return Number.isNaN(features.numbers[row * features.numberColumns + slot]);
    case CONDITIONS.flagMissing:
      return Number.isNaN(features.flags[row * features.flagColumns + slot]);
    case CONDITIONS.categoryMissing:
      return features.categories[row * features.categoryColumns + slot]! < 0;
  }
  const begin = features.setStarts[row * features.setColumns + slot]!;
  const end = features.setStarts[row * features.setColumns + slot + 1]!;
  const isMissing = end - begin === 1 && features.sets[begin]! < 0;
  if (forest.kind[node] === CONDITIONS.setMissing) return isMissing;
  if (isMissing) return forest.takeIfMissing[node] === 1;
  const known = forest.known[features.categoryColumns + slot]!;
  for (let i = begin; i < end; i++) {
    if (features.sets[i]! >= 0 && isInSet(forest, node, features.sets[i]!, known)) return true;
  }
  return false;
}

function isObliqueTrue(forest: Forest, features: ForestFeatures, row: number, node: number): boolean {
  let sum = 0;
  for (let i = forest.operand[node]!, end = i + forest.count[node]!; i < end; i++) {
    let value = features.numbers[row * features.numberColumns + forest.slots[i]!]!;
    if (Number.isNaN(value)) value = forest.replacements[i]!;
    if (Number.isNaN(value)) return forest.takeIfMissing[node] === 1;
    sum = Math.fround(sum + Math.fround(value * forest.weights[i]!));
  }
  return sum >= forest.threshold[node]!;
}

function link(kind: Forest['link'], sums: Float64Array): void {
  if (kind === 'sigmoid') for (let d = 0; d < sums.length; d++) sums[d] = 1 / (1 + Math.exp(-sums[d]!));
  else if (kind === 'exp') for (let d = 0; d < sums.length; d++) sums[d] = Math.exp(sums[d]!);
  else if (kind === 'softmax') {
    const most = sums.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let total = 0;
    for (let d = 0; d < sums.length; d++) total += sums[d] = Math.exp(sums[d]! - most);
    for (let d = 0; d < sums.length; d++) sums[d]! /= total;
  }
}
