import { describe, expect, it } from 'vitest';
import { sequenceFamily } from '../../../src/kernels/parse/sequence.js';
import { RAGGED_FAMILIES } from '../../../src/kernels/ragged/index.js';
import { SPARSE_FAMILIES } from '../../../src/kernels/sparse-ops/index.js';
import { caseName, readCases, runCase } from '../recorded-cases.js';

const cases = readCases('ragged-sparse-kernels.json');

describe('ragged, sparse and sequence ops answer like TensorFlow', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { actual, expected } = runCase(recorded);
      expect(actual).toEqual(expected);
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    const ops = [...RAGGED_FAMILIES, ...SPARSE_FAMILIES, sequenceFamily].flatMap((family) =>
      Object.keys(family),
    );
    expect(ops.filter((op) => !tried.has(op))).toEqual([]);
  });
});
