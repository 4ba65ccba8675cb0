import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTfdeployError } from '../../../src/base/error.js';
import { evaluateForest, type ForestFeatures } from '../../../src/kernels/forest/evaluate.js';
import { packForest, unpackForest } from '../../../src/kernels/forest/pack.js';
import { readForest } from '../../../src/savedmodel/forest/read-forest.js';
import { forestFiles, leaf, memoryFiles, type NodeJson, split } from './forest-files.js';

type Parts = Parameters<typeof forestFiles>[0];
const read = (parts: Parts) =>
  unpackForest(packForest(readForest(memoryFiles(forestFiles(parts)), 'model/assets/', '')));

interface Row {
  readonly a?: number;
  readonly b?: number;
  readonly flag?: number;
  readonly colour?: number;
  readonly words?: readonly number[];
}

const featuresOf = ({ a = 0, b = 0, flag = 0, colour = 1, words = [] }: Row): ForestFeatures => ({
  rows: 1,
  numbers: Float32Array.of(a, b),
  numberColumns: 2,
  flags: Float32Array.of(flag),
  flagColumns: 1,
  categories: Int32Array.of(colour),
  categoryColumns: 1,
  sets: Int32Array.from(words),
  setStarts: Int32Array.of(0, words.length),
  setColumns: 1,
});

/** One tree with one split: 1 for a row that passes it, 0 for another. */
function decide(condition: NodeJson, attribute: number, row: Row, isTakenIfMissing = false) {
  const forest = read({
    model: { task: 2 },
    boosted: { num_trees: 1, initial_predictions: Float32Array.of(0) },
    nodes: [split(attribute, condition, isTakenIfMissing), leaf(0), leaf(1)],
  });
  return evaluateForest(forest, featuresOf(row))[0];
}

const higher = { higher_condition: { threshold: 2 } };
const discretized = { discretized_higher_condition: { threshold: 2 } };
const among = (...elements: number[]) => ({ contains_condition: { elements: Int32Array.from(elements) } });
const bits = (byte: number) => ({ contains_bitmap_condition: { elements_bitmap: Uint8Array.of(byte) } });
const oblique = (attributes: number[], weights: number[], threshold: number) => ({
  oblique_condition: {
    attributes: Int32Array.from(attributes),
    weights: Float32Array.from(weights),
    threshold,
  },
});

const SPLITS: readonly (readonly [string, NodeJson, number, Row, number])[] = [
  ['a number at the threshold', higher, 1, { a: 2 }, 1],
  ['a number below it', higher, 1, { a: 1.99 }, 0],
  ['a discretized number', discretized, 2, { b: 2.5 }, 1],
  ['a discretized number below', discretized, 2, { b: 2.4 }, 0],
  ['a flag', { true_value_condition: {} }, 3, { flag: 1 }, 1],
  ['a category of a list', among(2, 8), 4, { colour: 8 }, 1],
  ['a category that is not in it', among(2, 8), 4, { colour: 3 }, 0],
  ['a category of bits', bits(0b100), 4, { colour: 2 }, 1],
  ['a category beyond the bits', bits(255), 4, { colour: 8 }, 0],
  ['an unknown category, which is category 0', bits(1), 4, { colour: 77 }, 1],
  ['one word of a set', among(5), 5, { words: [1, 5] }, 1],
  ['an empty set', among(5), 5, { words: [] }, 0],
  ['a weighted sum', oblique([1, 2], [2, -1], 3), 1, { a: 2, b: 1 }, 1],
  ['a missing number', { na_condition: {} }, 1, { a: Number.NaN }, 1],
  ['a number that is there', { na_condition: {} }, 1, { a: 0 }, 0],
  ['a missing category', { na_condition: {} }, 4, { colour: -1 }, 1],
];

const MISSING: readonly (readonly [string, number, NodeJson, Row])[] = [
  ['number', 1, higher, { a: Number.NaN }],
  ['flag', 3, { true_value_condition: {} }, { flag: Number.NaN }],
  ['category', 4, among(1), { colour: -1 }],
  ['set', 5, among(1), { words: [-1] }],
  ['part of a sum', 1, oblique([1], [1], 0), { a: Number.NaN }],
];

describe('a decision forest', () => {
  it.each(SPLITS)('splits by %s', (_, condition, attribute, row, expected) => {
    expect(decide(condition, attribute, row)).toBe(expected);
  });

  it.each(MISSING)('sends a missing %s where the split says', (_, attribute, condition, row) => {
    expect(decide(condition, attribute, row, true)).toBe(1);
    expect(decide(condition, attribute, row, false)).toBe(0);
  });

  it('adds boosted trees round by round, and turns the sums into probabilities', () => {
    const forest = read({
      boosted: { num_trees: 4, num_trees_per_iter: 2, loss: 3, initial_predictions: Float32Array.of(0, 1) },
      nodes: [leaf(1), leaf(2), leaf(0.5), leaf(0)],
    });
    const [first, second] = evaluateForest(forest, featuresOf({}));
    const total = Math.exp(1.5) + Math.exp(3);
    expect(first).toBeCloseTo(Math.exp(1.5) / total, 6);
    expect(second).toBeCloseTo(Math.exp(3) / total, 6);
  });

  it('counts the votes of a random forest, or averages its shares', () => {
    const vote = (top: number, ...counts: number[]): NodeJson => ({
      classifier: { top_value: top, distribution: { counts: Float64Array.of(0, ...counts), sum: 4 } },
    });
    const nodes = [vote(1, 4, 0), vote(2, 1, 3), vote(2, 1, 3), vote(2, 2, 2)];
    const votes = read({ forest: { num_trees: 4, winner_take_all_inference: true }, nodes });
    expect([...evaluateForest(votes, featuresOf({}))]).toEqual([0.25, 0.75]);
    const shares = read({ forest: { num_trees: 4, winner_take_all_inference: false }, nodes });
    expect([...evaluateForest(shares, featuresOf({}))]).toEqual([0.5, 0.5]);
  });

  const one = { num_trees: 1 };
  it.each<[string, Parts]>([
    ['UNSUPPORTED', { boosted: { ...one, loss: 77 }, nodes: [leaf(0)] }],
    ['UNSUPPORTED', { boosted: { ...one, node_format: 'X' }, nodes: [leaf(0)] }],
    ['UNSUPPORTED', { boosted: one, nodes: [split(1, {}), leaf(0), leaf(1)] }],
    ['UNSUPPORTED', { boosted: one, nodes: [split(0, { na_condition: {} }), leaf(0), leaf(1)] }],
    ['UNSUPPORTED', { model: { task: 4 }, boosted: one, nodes: [leaf(0)] }],
    ['CORRUPT', { boosted: one, nodes: [split(1, higher), leaf(0)] }],
    ['CORRUPT', { boosted: one, nodes: [leaf(0), leaf(0)] }],
  ])('refuses as %s what it does not know', (code, parts) => {
    expect(() => read(parts)).toThrow(expect.objectContaining({ code: `TFD_MODEL_${code}` }));
  });

  it('gives coded errors for damaged files, and nothing else', () => {
    const files = forestFiles({
      model: { task: 2 },
      boosted: { num_trees: 2 },
      nodes: [split(1, higher), leaf(1), split(4, among(2)), leaf(2), leaf(3), leaf(4)],
    });
    const damage = fc.record({
      name: fc.constantFrom(...files.keys()),
      position: fc.nat(),
      value: fc.integer({ min: 0, max: 255 }),
      isCut: fc.boolean(),
    });
    fc.assert(
      fc.property(damage, ({ name, position, value, isCut }) => {
        const bytes = new Uint8Array(files.get(name)!);
        const at = position % bytes.length;
        if (!isCut) bytes[at] = value;
        const damaged = new Map(files).set(name, isCut ? bytes.subarray(0, at) : bytes);
        try {
          const forest = readForest(memoryFiles(damaged), 'model/assets', '');
          evaluateForest(unpackForest(packForest(forest)), featuresOf({ a: 1 }));
        } catch (error) {
          if (!isTfdeployError(error)) throw error;
          expect(error.code).toMatch(/^TFD_MODEL_/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
