import { describe, expect, it } from 'vitest';
import { TEXT_FAMILIES } from '../../../src/kernels/text/index.js';
import { caseName, readCases, runCase } from '../recorded-cases.js';

const cases = readCases('text-kernels.json');

/** Checked in test/kernels/hash, or printed for people only. */
const ELSEWHERE = [
  'StringToHashBucket',
  'StringToHashBucketFast',
  'StringToHashBucketStrong',
  'StringFormat',
];

describe('string ops answer like TensorFlow', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { actual, expected } = runCase(recorded);
      expect(actual).toEqual(expected);
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set([...cases.map(({ op }) => op), ...ELSEWHERE]);
    expect(TEXT_FAMILIES.flatMap((family) => Object.keys(family)).filter((op) => !tried.has(op))).toEqual([]);
  });
});
