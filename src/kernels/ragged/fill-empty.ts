import { numericTensor } from '../../base/tensor.js';
import { integerOf, integersOf } from '../lanes.js';
import { blankTensor, copyElements } from '../layout.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { int64Vector } from './row-splits.js';

/** Gives every row without a value one of the default. */
function raggedFillEmptyRows(context: KernelContext): HostValue[] {
  const ids = integersOf(context, 0);
  const [values, fallback] = [context.tensor(1), context.tensor(3)];
  const rows = integerOf(context, 2);
  const byRow = Array.from({ length: rows }, () => [] as number[]);
  ids.forEach((row, i) => {
    const list = byRow[row];
    if (list === undefined) throw context.fail(`row ${row} is not in [0, ${rows})`);
    list.push(i);
  });
  const outIds: number[] = [];
  const sources: number[] = [];
  const reverse = new Array<number>(ids.length).fill(0);
  byRow.forEach((list, row) => {
    for (const i of list.length === 0 ? [-1] : list) {
      if (i >= 0) reverse[i] = sources.length;
      outIds.push(row);
      sources.push(i);
    }
  });
  const out = blankTensor(values.dtype, [sources.length]);
  sources.forEach((from, to) => {
    copyElements(from < 0 ? fallback : values, Math.max(0, from), out, to, 1);
  });
  const isEmpty = byRow.map((list) => (list.length === 0 ? 1 : 0));
  return [int64Vector(outIds), out, numericTensor('bool', [rows], isEmpty), int64Vector(reverse)];
}

export const raggedFillKernels: KernelFamily = { RaggedFillEmptyRows: raggedFillEmptyRows };
