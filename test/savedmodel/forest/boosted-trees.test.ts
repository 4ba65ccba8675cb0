import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTfdeployError } from '../../../src/base/error.js';
import { evaluateForest } from '../../../src/kernels/forest/evaluate.js';
import { BOOSTED_TREES_SCHEMA, readBoostedTrees } from '../../../src/savedmodel/forest/boosted-trees.js';
import { encodeMessage } from '../../../src/savedmodel/wire/encode.js';

const split = (feature: number, threshold: number, left: number, right: number) => ({
  feature_id: feature,
  threshold,
  left_id: left,
  right_id: right,
});
const scalar = (value: number) => ({ leaf: { scalar: value } });

function encode(trees: readonly (readonly object[])[], weights: readonly number[]): Uint8Array {
  const ensemble = { trees: trees.map((nodes) => ({ nodes })), tree_weights: Float32Array.from(weights) };
  return encodeMessage(BOOSTED_TREES_SCHEMA, 'TreeEnsemble', ensemble as never);
}

function predict(bytes: Uint8Array, ...buckets: number[]): number[] {
  const categories = Int32Array.from(buckets);
  const features = {
    rows: 1,
    numbers: Float32Array.from(buckets),
    numberColumns: buckets.length,
    flags: new Float32Array(),
    flagColumns: 0,
    categories,
    categoryColumns: buckets.length,
    sets: new Int32Array(),
    setStarts: new Int32Array(),
    setColumns: 0,
  };
  return [...evaluateForest(readBoostedTrees(bytes, 'trees'), features)];
}

describe('boosted trees of an estimator', () => {
  const trees = encode(
    [
      [
        { bucketized_split: split(0, 2, 2, 1) },
        scalar(10),
        { categorical_split: split(1, 7, 4, 3) },
        scalar(1),
        scalar(2),
      ],
      [scalar(100)],
    ],
    [0.5, 1],
  );

  it.each([
    [3, 0, 105],
    [2, 7, 101],
    [2, 8, 100.5],
  ])('buckets %i and %i give %d', (first, second, expected) => {
    expect(predict(trees, first, second)).toEqual([expected]);
  });

  it('adds vectors of logits', () => {
    const vector = (...value: number[]) => ({ leaf: { vector: { value: Float32Array.from(value) } } });
    expect(predict(encode([[vector(1, 2)], [vector(3, 4)]], [1, 2]), 0)).toEqual([7, 10]);
  });

  it.each([
    ['a loop', [[{ bucketized_split: split(0, 1, 0, 0) }]]],
    ['a child that is not there', [[{ bucketized_split: split(0, 1, 1, 9) }, scalar(1)]]],
    ['an unknown split', [[{ dense_split: split(0, 1, 1, 2) }, scalar(1), scalar(2)]]],
    [
      'another dimension',
      [[{ bucketized_split: { ...split(0, 1, 1, 2), dimension_id: 1 } }, scalar(1), scalar(2)]],
    ],
  ])('refuses %s', (_, nodes) => {
    expect(() => readBoostedTrees(encode(nodes, [1]), 'trees')).toThrow(
      expect.objectContaining({ code: 'TFD_MODEL_UNSUPPORTED' }),
    );
  });

  it('gives coded errors for damaged bytes, and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(trees.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bytes = new Uint8Array(trees);
        bytes[at] = value;
        try {
          predict(bytes, 1, 1);
        } catch (error) {
          if (!isTfdeployError(error)) throw error;
          expect(error.code).toMatch(/^TFD_MODEL_/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
