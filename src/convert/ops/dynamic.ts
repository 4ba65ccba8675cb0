import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { filled, shapeOf, toInt64 } from './parts.js';
import { mergeLeading } from './segment.js';

/** Rows sorted into as many tensors as there are partitions. */
function dynamicPartition(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const count = context.attrs.int('num_partitions');
  const rank = context.rank(1);
  const flat = onnx.op('Reshape', [context.ref(1), onnx.i64([-1])]);
  const data =
    rank === 0
      ? onnx.op('Unsqueeze', [context.ref(0), onnx.i64([0])])
      : mergeLeading(context, context.ref(0), rank);
  return Array.from({ length: count }, (_, index) =>
    onnx.op('Compress', [data, onnx.op('Equal', [flat, onnx.scalar('int32', index)])], { axis: 0 }),
  );
}

/** Rows of several tensors put where their indices say; the last one of equal indices stays. */
function dynamicStitch(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const count = context.attrs.int('N');
  const parts = Array.from({ length: count }, (_, part) => {
    const rank = context.rank(part);
    const data = context.ref(count + part);
    const rows = rank === 0 ? onnx.op('Unsqueeze', [data, onnx.i64([0])]) : mergeLeading(context, data, rank);
    return { ids: onnx.op('Reshape', [toInt64(context, context.ref(part)), onnx.i64([-1])]), rows };
  });
  const join = (refs: readonly Ref[]) =>
    refs.length === 1 ? (refs[0] ?? '') : onnx.op('Concat', refs, { axis: 0 });
  const ids = join(parts.map((part) => part.ids));
  const rows = join(parts.map((part) => part.rows));
  const withNone = onnx.op('Concat', [onnx.i64([-1]), ids], { axis: 0 });
  const height = onnx.op('Add', [
    onnx.op('ReduceMax', [withNone, onnx.i64([0])], { keepdims: 1 }),
    onnx.i64([1]),
  ]);
  const rowShape = onnx.op('Slice', [
    shapeOf(context, rows),
    onnx.i64([1]),
    onnx.i64([2 ** 31]),
    onnx.i64([0]),
  ]);
  const shape = onnx.op('Concat', [height, rowShape], { axis: 0 });
  const zeros = filled(context, onnx.dtypeOf(rows), shape, 0);
  return [onnx.op('ScatterND', [zeros, onnx.op('Unsqueeze', [ids, onnx.i64([-1])]), rows])];
}

const stitch = { convert: dynamicStitch, becomes: 'Concat, ScatterND' };

/** Rows taken apart and put together by computed numbers. */
export const dynamic: OpFamily = {
  DynamicPartition: { convert: dynamicPartition, becomes: 'Compress for each partition' },
  DynamicStitch: stitch,
  ParallelDynamicStitch: stitch,
};
