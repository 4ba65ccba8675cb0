import { describe, expect, it } from 'vitest';
import { TF_TEXT_FAMILIES } from '../../../src/kernels/tf-text/index.js';
import { caseName, type RecordedCase, readCases, runCase } from '../recorded-cases.js';

/** Made by `test/oracle/tf_text_kernels.py`. */
const cases = readCases('tf-text-kernels.json.gz') as (RecordedCase & { readonly vocabulary?: string[] })[];

function tableOf(words: readonly string[]) {
  const latin1 = (word: string) => Buffer.from(word).toString('latin1');
  const map = new Map(words.map((word, index) => [latin1(word), BigInt(index)]));
  return { dtype: 'resource', table: { keyDType: 'string', valueDType: 'int64', map } } as const;
}

describe('operations of TensorFlow Text answer like it', () => {
  it.each(cases.map((recorded, index) => [caseName(recorded, index), recorded] as const))(
    '%s',
    (_, recorded) => {
      const handles = recorded.vocabulary === undefined ? [] : [tableOf(recorded.vocabulary)];
      const { actual, expected } = runCase(recorded, handles);
      expect(actual).toEqual(expected);
    },
  );

  it('has a case for every kernel', () => {
    const tried = new Set(cases.map(({ op }) => op));
    expect(TF_TEXT_FAMILIES.flatMap((family) => Object.keys(family)).filter((op) => !tried.has(op))).toEqual(
      [],
    );
  });
});
