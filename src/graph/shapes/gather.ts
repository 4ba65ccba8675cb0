import type { Dim, Shape } from '../../base/shape.js';
import { normalizeAxis, shapeFromInput } from './array.js';
import { type ShapeContext, type ShapeFamily, sameRow } from './types.js';

function gather(c: ShapeContext, axis: number | undefined, batchDims: number): Shape {
  const [params, indices] = [c.dims(0), c.dims(1)];
  if (params === undefined || indices === undefined) return null;
  const at = normalizeAxis(axis, params.length);
  const batch = batchDims < 0 ? batchDims + indices.length : batchDims;
  const rank = params.length + indices.length - 1 - batch;
  if (at === undefined) return rank < 0 ? null : Array.from({ length: rank }, () => c.fresh());
  return [...params.slice(0, at), ...indices.slice(batch), ...params.slice(at + 1)];
}

function gatherNd(c: ShapeContext, batchDims: number): Shape {
  const [params, indices] = [c.dims(0), c.dims(1)];
  const depth = indices?.[indices.length - 1];
  if (params === undefined || indices === undefined || typeof depth !== 'number') return null;
  return [...indices.slice(0, -1), ...params.slice(batchDims + depth)];
}

/** Segment ops: rows are summed into `rows`, or into as many as the data say. */
function segments(c: ShapeContext, indexRank: number | undefined, rows: Dim): Shape {
  const dims = c.dims(0);
  return dims === undefined || indexRank === undefined ? null : [rows, ...dims.slice(indexRank)];
}

export const gatherShapes: ShapeFamily = {
  Gather: (c) => [gather(c, 0, 0)],
  GatherV2: (c) => [gather(c, c.constInt(2), c.attrs.int('batch_dims', 0))],
  GatherNd: (c) => [gatherNd(c, 0)],
  ScatterNd: (c) => [shapeFromInput(c, 2)],
  ...sameRow('SegmentSum SegmentMean SegmentMin SegmentMax SegmentProd', (c) => {
    const last = c.constInts(1)?.at(-1);
    return [segments(c, 1, last === undefined ? c.fresh() : last + 1)];
  }),
  ...sameRow(
    'UnsortedSegmentSum UnsortedSegmentMin UnsortedSegmentMax UnsortedSegmentProd SegmentSumV2 SegmentMinV2 SegmentMaxV2 SegmentProdV2',
    (c) => [segments(c, c.rank(1), c.ints(2)?.[0] ?? c.fresh())],
  ),
  ...sameRow('SparseSegmentSum SparseSegmentMean SparseSegmentSqrtN', (c) => [segments(c, 1, c.fresh())]),
  ...sameRow(
    'SparseSegmentSumWithNumSegments SparseSegmentMeanWithNumSegments SparseSegmentSqrtNWithNumSegments',
    (c) => [segments(c, 1, c.ints(3)?.[0] ?? c.fresh())],
  ),
  DynamicPartition: (c) => {
    const [data, partitions] = [c.dims(0), c.dims(1)];
    return Array.from({ length: c.outputCount }, () =>
      data === undefined || partitions === undefined ? null : [c.fresh(), ...data.slice(partitions.length)],
    );
  },
  ...sameRow('DynamicStitch ParallelDynamicStitch', (c) => {
    const parts = c.inputCount / 2;
    const [data, indices] = [c.dims(parts), c.dims(0)];
    let largest: number | undefined = -1;
    for (let i = 0; i < parts; i++) {
      const values = c.constInts(i);
      largest = values === undefined || largest === undefined ? undefined : Math.max(largest, ...values);
    }
    const rows = largest === undefined ? c.fresh() : largest + 1;
    return [data === undefined || indices === undefined ? null : [rows, ...data.slice(indices.length)]];
  }),
};
