import { elementCount, type Tensor } from '../base/tensor.js';
import { integerOf, integersOf } from './lanes.js';
import { blankTensor, copyElements } from './layout.js';
import { axisOf } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Rows along `axis` of the table by index; the first `batchDims` axes of both go together. */
export function gatherTensor(
  context: KernelContext,
  params: Tensor,
  indices: readonly number[],
  indexShape: readonly number[],
  axis: number,
  batchDims: number,
): Tensor {
  const { shape } = params;
  const batch = elementCount(shape.slice(0, batchDims));
  const outer = elementCount(shape.slice(batchDims, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const dim = shape[axis]!;
  const perBatch = elementCount(indexShape.slice(batchDims));
  const out = blankTensor(params.dtype, [
    ...shape.slice(0, axis),
    ...indexShape.slice(batchDims),
    ...shape.slice(axis + 1),
  ]);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      const base = (b * outer + o) * dim;
      for (let k = 0; k < perBatch; k++) {
        const index = indices[b * perBatch + k]!;
        if (!(index >= 0 && index < dim)) throw context.fail(`index ${index} is not in [0, ${dim})`);
        copyElements(params, (base + index) * inner, out, at, inner);
        at += inner;
      }
    }
  }
  return out;
}

function gather(context: KernelContext, axis: number, batchDims: number): HostValue[] {
  const params = context.tensor(0);
  const indexShape = context.numeric(1).shape;
  const normal = axisOf(context, axis, params.shape.length);
  const batch = batchDims < 0 ? batchDims + indexShape.length : batchDims;
  const fits = params.shape.slice(0, batch).join() === indexShape.slice(0, batch).join();
  if (batch < 0 || batch > Math.min(normal, indexShape.length) || !fits) {
    throw context.fail(`batch_dims ${batchDims} does not fit`);
  }
  return [gatherTensor(context, params, integersOf(context, 1), indexShape, normal, batch)];
}

/** Slices by index tuples, the last axis of the indices. */
function gatherNd(context: KernelContext): HostValue[] {
  const params = context.tensor(0);
  const indexShape = context.numeric(1).shape;
  const { positions, inner, outer } = tuplePositions(
    context,
    integersOf(context, 1),
    indexShape,
    params.shape,
  );
  const out = blankTensor(params.dtype, [...outer, ...inner]);
  const run = elementCount(inner);
  positions.forEach((position, i) => {
    copyElements(params, position * run, out, i * run, run);
  });
  return [out];
}

/** Row numbers that index tuples name in a tensor of shape `shape`, whose rows have shape `inner`. */
export function tuplePositions(
  context: KernelContext,
  indices: readonly number[],
  indexShape: readonly number[],
  shape: readonly number[],
): { positions: number[]; inner: readonly number[]; outer: readonly number[] } {
  const depth = indexShape[indexShape.length - 1];
  if (depth === undefined || depth > shape.length) {
    throw context.fail(`indices of shape [${indexShape.join(', ')}] do not fit rank ${shape.length}`);
  }
  const outer = indexShape.slice(0, -1);
  const positions = Array.from({ length: elementCount(outer) }, (_, i) => {
    let position = 0;
    for (let d = 0; d < depth; d++) {
      const index = indices[i * depth + d]!;
      if (index < 0 || index >= shape[d]!) {
        throw context.fail(`index ${index} is not in [0, ${shape[d]}) on axis ${d}`);
      }
      position = position * shape[d]! + index;
    }
    return position;
  });
  return { positions, inner: shape.slice(depth), outer };
}

export const gatherKernels: KernelFamily = {
  Gather: (context) => gather(context, 0, 0),
  GatherV2: (context) => gather(context, integerOf(context, 2), context.attrs.int('batch_dims', 0)),
  GatherNd: gatherNd,
};
