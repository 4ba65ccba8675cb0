import { elementCount } from '../../base/tensor.js';
import { integersOf } from '../lanes.js';
import { takeElements } from '../layout.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { readSplits, splitsTensor } from './row-splits.js';

/** Rows of a ragged tensor by index. Indices of rank r put r − 1 even levels in front. */
function raggedGather(context: KernelContext): HostValue[] {
  const rank = context.attrs.int('PARAMS_RAGGED_RANK');
  const values = context.tensor(rank);
  const { shape } = context.numeric(rank + 1);
  const indices = integersOf(context, rank + 1);
  const dtype = context.tensor(0).dtype;
  const outSplits: number[][] = [];
  let parts = shape[0] ?? 1;
  for (const size of shape.slice(1)) {
    const count = parts;
    outSplits.push(Array.from({ length: count + 1 }, (_, i) => i * size));
    parts *= size;
  }
  const levels = Array.from({ length: rank }, (_, i) =>
    readSplits(context, i, i === rank - 1 ? values.shape[0] : undefined),
  );
  let ranges = indices.map((row): [number, number] => {
    if (row < 0 || row >= levels[0]!.length - 1) {
      throw context.fail(`index ${row} is not in [0, ${levels[0]!.length - 1})`);
    }
    return [row, row + 1];
  });
  for (const splits of levels) {
    const out = [0];
    const next: [number, number][] = [];
    for (const [from, to] of ranges) {
      for (let row = from; row < to; row++) {
        const [start, end] = [splits[row], splits[row + 1]];
        if (start === undefined || end === undefined)
          throw context.fail('row splits of one level do not fit the next');
        out.push(out[out.length - 1]! + end - start);
      }
      next.push([splits[from]!, splits[to]!]);
    }
    outSplits.push(out);
    ranges = next;
  }
  const inner = values.shape.slice(1);
  const step = elementCount(inner);
  const positions: number[] = [];
  let count = 0;
  for (const [from, to] of ranges) {
    count += to - from;
    for (let at = from * step; at < to * step; at++) positions.push(at);
  }
  const gathered = takeElements(values, Int32Array.from(positions), [count, ...inner]);
  // One row alone is no list of rows: the outermost level is gone.
  const kept = shape.length === 0 ? outSplits.slice(1) : outSplits;
  return [...kept.map((splits) => splitsTensor(dtype, splits)), gathered];
}

export const raggedGatherKernels: KernelFamily = { RaggedGather: raggedGather };
