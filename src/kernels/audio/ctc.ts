import { integersOf, realsOf, refuseDType } from '../lanes.js';
import { int64Matrix, int64Vector } from '../ragged/row-splits.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';

/** The best class of each step, without blanks and (if wanted) repeats, as a sparse tensor. */
function greedyDecoder(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const { dtype } = tensor;
  if (dtype !== 'float32' && dtype !== 'float64') throw refuseDType(context, dtype);
  const [steps = 0, batch = 0, classes = 0] = tensor.shape;
  if (tensor.shape.length !== 3) throw context.fail('inputs is not a 3-Tensor');
  const lengths = integersOf(context, 1);
  if (lengths.length !== batch || lengths.some((length) => length < 0 || length > steps)) {
    throw context.fail('sequence_length does not fit the inputs');
  }
  const isMerged = context.attrs.bool('merge_repeated', false);
  const index = context.attrs.int('blank_index', -1);
  const blank = index < 0 ? index + classes : index;
  if (blank < 0 || blank >= classes) throw context.fail('blank_index is out of range');
  const data = realsOf(tensor);
  const cells: { readonly at: readonly number[]; readonly value: number }[] = [];
  const scores = dtype === 'float32' ? new Float32Array(batch) : new Float64Array(batch);
  let widest = 0;
  for (let row = 0; row < batch; row++) {
    let [before, count] = [-1, 0];
    for (let step = 0; step < lengths[row]!; step++) {
      const from = (step * batch + row) * classes;
      let best = 0;
      for (let k = 1; k < classes; k++) if (data[from + k]! > data[from + best]!) best = k;
      scores[row]! -= data[from + best]!;
      if (best !== blank && !(isMerged && best === before)) cells.push({ at: [row, count++], value: best });
      before = best;
    }
    widest = Math.max(widest, count);
  }
  const indices = cells.map(({ at }) => at);
  const shape = [batch, 1];
  return [
    int64Matrix(indices, 2),
    int64Vector(cells.map(({ value }) => value)),
    int64Vector([batch, widest]),
    scores instanceof Float32Array
      ? { dtype: 'float32', shape, data: scores }
      : { dtype: 'float64', shape, data: scores },
  ];
}

export const ctcKernels: KernelFamily = { CTCGreedyDecoder: greedyDecoder };
