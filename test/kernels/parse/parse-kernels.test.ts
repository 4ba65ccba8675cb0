import { describe, expect, it } from 'vitest';
import { parseFamily } from '../../../src/kernels/parse/ops.js';
import { caseName, readCases, runCase } from '../recorded-cases.js';

const cases = readCases('parse-kernels.json');

describe('tf.Example parsers answer like TensorFlow', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const { actual, expected } = runCase(recorded);
      expect(actual).toEqual(expected);
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    expect(Object.keys(parseFamily).filter((op) => !tried.has(op))).toEqual([]);
  });
});
