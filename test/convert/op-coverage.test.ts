import { describe, expect, it } from 'vitest';
import { FAMILIES } from '../../src/convert/ops/families.js';
import { converterOps, findConverter } from '../../src/convert/registry.js';
import { opDef } from '../../src/savedmodel/opdefs.js';
import { readOpCases } from './op-cases.js';

/** Families whose cases are whole models of their own (see vision.test.ts). */
const CHECKED_ELSEWHERE = new Set([
  ...['conv', 'convFused', 'convTranspose', 'pool', 'norm', 'resize', 'space', 'quant', 'image'],
  ...['imageColor', 'control', 'rnn', 'rnnBlock'],
]);
/** Constants are inputs of all the other cases. */
const NEEDS_NO_CASE = new Set(['Const']);

describe('operation table', () => {
  it('every operation has a case that TensorFlow answered', () => {
    const covered = new Set([...readOpCases().values()].flat().map(({ op }) => op));
    const missing = Object.entries(FAMILIES)
      .filter(([family]) => !CHECKED_ELSEWHERE.has(family))
      .flatMap(([, rows]) => Object.keys(rows))
      .filter((op) => opDef(op) !== undefined && !covered.has(op) && !NEEDS_NO_CASE.has(op));
    expect(missing).toEqual([]);
  });

  it('every operation is one that TensorFlow has, and says what it becomes', () => {
    for (const op of converterOps().filter((name) => !name.startsWith('_'))) {
      expect(opDef(op), op).toBeDefined();
      expect(findConverter(op)?.becomes, op).not.toBe('');
    }
  });
});
