import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { isNeverEmpty } from './guards.js';
import { castTo, countFrom, filled, toInt64, transpose, vectorOf } from './parts.js';

/** The batch dimensions of a gather, counted from the front of the indices. */
function batchDims(context: ConvertContext): number {
  const count = context.attrs.int('batch_dims', 0);
  return count < 0 ? count + context.rank(1) : count;
}

/**
 * Elements along an axis. With batch dimensions: the axis is moved behind them, taken by GatherND, and the
 * axes between them moved back in front of those of the indices.
 */
function gatherAxis(context: ConvertContext, axis: number): Ref {
  const { onnx } = context;
  const batch = batchDims(context);
  const indices = context.ref(1);
  const isIndex = ['int32', 'int64'].includes(onnx.dtypeOf(indices));
  if (batch === 0) {
    return onnx.op('Gather', [context.ref(0), isIndex ? indices : toInt64(context, indices)], { axis });
  }
  const front = axis < 0 ? axis + context.rank(0) : axis;
  const column = onnx.op('Unsqueeze', [toInt64(context, indices), onnx.i64([-1])]);
  if (front === batch) return onnx.op('GatherND', [context.ref(0), column], { batch_dims: batch });
  const rank = context.rank(0);
  const between = countFrom(batch, front);
  const after = countFrom(front + 1, rank);
  const moved = transpose(context, context.ref(0), [...countFrom(0, batch), front, ...between, ...after]);
  const taken = onnx.op('GatherND', [moved, column], { batch_dims: batch });
  const own = context.rank(1) - batch;
  const order = [
    ...countFrom(0, batch),
    ...countFrom(batch + own, batch + own + between.length),
    ...countFrom(batch, batch + own),
    ...countFrom(batch + own + between.length, batch + own + between.length + after.length),
  ];
  return transpose(context, taken, order);
}

function gatherV2(context: ConvertContext): readonly Ref[] {
  const axis = context.constInts(2)[0] ?? 0;
  return [gatherAxis(context, axis)];
}

function gatherNd(context: ConvertContext): readonly Ref[] {
  return [context.onnx.op('GatherND', [context.ref(0), toInt64(context, context.ref(1))])];
}

/** Updates added onto zeros. */
function scatterNd(context: ConvertContext): readonly Ref[] {
  const updates = context.ref(1);
  const zeros = filled(context, context.onnx.dtypeOf(updates), vectorOf(context, 2), 0);
  return [scatter(context, zeros, context.ref(0), updates, 'add')];
}

export type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min';

/** ScatterND with a reduction over equal indices, for which there is no kernel for short floats. */
export function scatter(
  context: ConvertContext,
  data: Ref,
  indices: Ref,
  updates: Ref,
  reduction: Reduction,
): Ref {
  const { onnx } = context;
  const dtype = onnx.dtypeOf(data);
  const wide = reduction !== 'none' && (dtype === 'float16' || dtype === 'bfloat16') ? 'float32' : dtype;
  const inputs = [castTo(context, data, wide), toInt64(context, indices), castTo(context, updates, wide)];
  const made = onnx.op('ScatterND', inputs, { reduction: reduction === 'none' ? undefined : reduction });
  return castTo(context, made, dtype);
}

function tensorScatter(reduction: Reduction) {
  return (context: ConvertContext): readonly Ref[] => [
    scatter(context, context.ref(0), context.ref(1), context.ref(2), reduction),
  ];
}

/** Subtraction adds the negated updates; unsigned integers wrap around, so they are negated as 0 − x. */
function tensorScatterSub(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const updates = context.ref(2);
  const zero = onnx.scalar(onnx.dtypeOf(updates), 0);
  return [scatter(context, context.ref(0), context.ref(1), onnx.op('Sub', [zero, updates]), 'add')];
}

/** One class per position switched on. An index outside of the classes switches none on; ONNX would wrap −1. */
function oneHot(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axis = context.attrs.int('axis', -1);
  const depth = onnx.op('Reshape', [toInt64(context, context.ref(1)), onnx.i64([])]);
  const indices = toInt64(context, context.ref(0));
  const [on, off] = [context.ref(2), context.ref(3)];
  const dtype = onnx.dtypeOf(on);
  // ONNX Runtime before 1.25 ends the process where there are no indices.
  const isFull = (context.value(0).shape?.length ?? 0) > 0 && isNeverEmpty(context, 0);
  const [classCount] = context.elements(1) ?? [];
  // It refuses a depth of 0 too.
  const isSafe = isFull && typeof classCount === 'number' && classCount > 0;
  if (isSafe && (dtype === 'float32' || dtype === 'int64')) {
    const isBelow = onnx.op('Less', [indices, onnx.i64Scalar(0)]);
    const safe = onnx.op('Where', [isBelow, depth, indices]);
    const values = onnx.op(
      'Concat',
      [off, on].map((ref) => onnx.op('Unsqueeze', [ref, onnx.i64([0])])),
      {
        axis: 0,
      },
    );
    return [onnx.op('OneHot', [safe, depth, values], { axis })];
  }
  const classes = onnx.op('Range', [onnx.i64Scalar(0), depth, onnx.i64Scalar(1)]);
  const behind = axis < 0 ? 0 : Math.max(context.rank(0) - axis, 0);
  const shaped =
    behind === 0
      ? classes
      : onnx.op('Reshape', [classes, onnx.i64([-1, ...new Array<number>(behind).fill(1)])]);
  const isOn = onnx.op('Equal', [onnx.op('Unsqueeze', [indices, onnx.i64([axis])]), shaped]);
  if (dtype === 'bool') {
    const left = onnx.op('And', [isOn, on]);
    return [onnx.op('Or', [left, onnx.op('And', [onnx.op('Not', [isOn]), off])])];
  }
  return [onnx.op('Where', [isOn, on, off])];
}

const index = ['Tindices', 'Taxis', 'validate_indices', 'bad_indices_policy'];

/** Taking and putting elements by index. */
export const gather: OpFamily = {
  Gather: { convert: (context) => [gatherAxis(context, 0)], neutral: index, becomes: 'Gather' },
  GatherV2: { convert: gatherV2, neutral: index, becomes: 'Gather; GatherND with batch dimensions' },
  GatherNd: { convert: gatherNd, neutral: index, becomes: 'GatherND' },
  ScatterNd: { convert: scatterNd, neutral: index, becomes: 'ScatterND(add) on zeros' },
  TensorScatterUpdate: { convert: tensorScatter('none'), neutral: index, becomes: 'ScatterND' },
  TensorScatterAdd: { convert: tensorScatter('add'), neutral: index, becomes: 'ScatterND(add)' },
  TensorScatterSub: { convert: tensorScatterSub, neutral: index, becomes: 'ScatterND(add) of 0 − updates' },
  TensorScatterMax: { convert: tensorScatter('max'), neutral: index, becomes: 'ScatterND(max)' },
  TensorScatterMin: { convert: tensorScatter('min'), neutral: index, becomes: 'ScatterND(min)' },
  OneHot: { convert: oneHot, becomes: 'OneHot with indices below 0 moved out; Equal and Where' },
};
