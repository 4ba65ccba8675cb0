import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, Ref } from '../types.js';
import { castTo, like, shapeOf } from './parts.js';

/**
 * Guards against what ends the whole process instead of a run: ONNX Runtime divides integers without a look
 * at the divisor (before 1.25 by 0, still by −1 of the smallest number), and some of its kernels divide by a
 * number of rows that is 0. A guard raises an ordinary error of the run.
 */

/** int64 scalar 0, made by an operator that fails when the condition (a bool scalar) is true. */
export function failWhen(context: ConvertContext, condition: Ref): Ref {
  const { onnx } = context;
  const only = onnx.constant(denseValue(numericTensor('int64', [1], [0])));
  return onnx.op('Gather', [only, castTo(context, condition, 'int64')], { axis: 0 });
}

/** Whether every dimension of input `index` is known and none is 0. */
export function isNeverEmpty(context: ConvertContext, index: number): boolean {
  return context.value(index).shape?.every((dim) => typeof dim === 'number' && dim > 0) ?? false;
}

/** The same tensor; the run fails when it has no elements. */
export function requireElements(context: ConvertContext, ref: Ref): Ref {
  const { onnx } = context;
  const isEmpty = onnx.op('Equal', [onnx.op('Size', [ref]), onnx.i64Scalar(0)]);
  const shape = onnx.op('Add', [shapeOf(context, ref), failWhen(context, isEmpty)]);
  return onnx.op('Reshape', [ref, shape], { allowzero: 1 });
}

/**
 * A product of more than two axes, zero where its sums have no terms: ONNX Runtime joins a MatMul with a
 * Transpose before it into an operator that then leaves its result unwritten.
 */
export function zeroWithoutTerms(context: ConvertContext, product: Ref, left: Ref): Ref {
  const { onnx } = context;
  const hasNone = onnx.op('Equal', [onnx.op('Shape', [left], { start: -1 }), onnx.i64([0])]);
  return onnx.op('Where', [hasNone, like(context, product, 0), product]);
}

const SIGNED = ['int8', 'int16', 'int32', 'int64'];

/** An integer divisor in the form that Div and Mod may be given, and where it was −1. */
export interface Divisor {
  readonly ref: Ref;
  /** undefined where it can not be −1. */
  readonly isMinusOne: Ref | undefined;
}

/** Input `index` as an integer divisor: −1 becomes 1, and the run fails when one is 0. */
export function guardDivisor(context: ConvertContext, index: number): Divisor {
  const { onnx } = context;
  const ref = context.ref(index);
  const known = context.isConst(index) ? context.constInts(index) : undefined;
  if (known?.every((value) => value !== 0 && value !== -1)) return { ref, isMinusOne: undefined };
  const dtype = onnx.dtypeOf(ref);
  const isZero = castTo(context, onnx.op('Equal', [ref, like(context, ref, 0)]), 'int64');
  const zeros = onnx.op('ReduceSum', [onnx.op('Reshape', [isZero, onnx.i64([-1])])], { keepdims: 0 });
  const checked = onnx.op('Add', [
    ref,
    castTo(context, failWhen(context, onnx.op('Greater', [zeros, onnx.i64Scalar(0)])), dtype),
  ]);
  if (!SIGNED.includes(dtype)) return { ref: checked, isMinusOne: undefined };
  const isMinusOne = onnx.op('Equal', [checked, like(context, ref, -1)]);
  return { ref: onnx.op('Where', [isMinusOne, like(context, ref, 1), checked]), isMinusOne };
}

/** The quotient of integers toward zero; −1 as divisor negates, and the smallest number stays as it is. */
export function divideIntegers(context: ConvertContext, a: Ref, divisor: Divisor): Ref {
  const { onnx } = context;
  const quotient = onnx.op('Div', [a, divisor.ref]);
  if (divisor.isMinusOne === undefined) return quotient;
  return onnx.op('Where', [divisor.isMinusOne, onnx.op('Sub', [like(context, a, 0), a]), quotient]);
}

/**
 * A matrix in the form that ONNX Runtime multiplies with the images of input 0, of which there may be none: it
 * refuses 0 beside 1, so that the matrix gets as few.
 */
export function beside(context: ConvertContext, matrix: Ref): Ref {
  const { onnx } = context;
  const batch = context.value(0).shape?.[0];
  if (typeof batch === 'number' && batch > 0) return matrix;
  const most = onnx.op('Shape', [context.ref(0)], { start: 0, end: 1 });
  const count = onnx.op('Min', [most, onnx.i64([1])]);
  const single = onnx.op('Unsqueeze', [matrix, onnx.i64([0, 1])]);
  return onnx.op('Slice', [single, onnx.i64([0]), count, onnx.i64([0])]);
}
