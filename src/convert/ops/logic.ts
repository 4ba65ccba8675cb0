import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { direct, formula } from './parts.js';

/**
 * Equality. With `incompatible_shape_error = false` TensorFlow answers false for shapes that do not
 * broadcast, where ONNX Runtime fails the run: never a wrong number, so both forms are taken.
 */
function equal(context: ConvertContext, a: Ref, b: Ref): Ref {
  return context.onnx.op('Equal', [a, b]);
}

const SHAPE_ERROR = ['incompatible_shape_error'];

/** One of two values by condition. ONNX Runtime's Where has no bool kernel: bool is picked by logic. */
export function pick(context: ConvertContext, condition: Ref, then: Ref, other: Ref): Ref {
  const { onnx } = context;
  if (onnx.dtypeOf(then) !== 'bool') return onnx.op('Where', [condition, then, other]);
  const left = onnx.op('And', [condition, then]);
  const right = onnx.op('And', [onnx.op('Not', [condition]), other]);
  return onnx.op('Or', [left, right]);
}

/** The old Select: a condition of rank 1 picks whole rows. */
function selectRows(context: ConvertContext, condition: Ref, then: Ref, other: Ref): Ref {
  const { onnx } = context;
  const conditionShape = context.value(0).shape;
  const valueShape = context.value(1).shape ?? context.value(2).shape;
  if (conditionShape !== null && conditionShape.length === 0) return pick(context, condition, then, other);
  if (conditionShape === null || valueShape === null) {
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'the ranks of the condition and of the values are not known');
  }
  if (conditionShape.length === valueShape.length) return pick(context, condition, then, other);
  const rows = [-1, ...new Array<number>(valueShape.length - 1).fill(1)];
  return pick(context, onnx.op('Reshape', [condition, onnx.i64(rows)]), then, other);
}

/** Comparisons, logic and choice. */
export const logic: OpFamily = {
  Greater: direct('Greater'),
  GreaterEqual: direct('GreaterOrEqual'),
  Less: direct('Less'),
  LessEqual: direct('LessOrEqual'),
  Equal: formula('Equal', equal, SHAPE_ERROR),
  NotEqual: formula(
    'Not(Equal)',
    (context, a = '', b = '') => context.onnx.op('Not', [equal(context, a, b)]),
    SHAPE_ERROR,
  ),
  LogicalAnd: direct('And'),
  LogicalOr: direct('Or'),
  Select: formula('Where (a condition of rank 1 reshaped)', selectRows),
  SelectV2: formula('Where; bool by And, Or, Not', pick),
};
