import type { DType } from '../../base/dtype.js';
import { numericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { ConvertContext, OnnxAttr, OpRow, Ref } from '../types.js';

/** ONNX's spelling of "to the end" in Slice. */
export const TO_END = 9223372036854775807n;
/** ONNX's spelling of "past the first element" in a backward Slice. */
export const TO_START = -9223372036854775808n;

type Attrs = Readonly<Record<string, OnnxAttr | undefined>>;

/** A row that is one ONNX operator over all inputs. */
export function direct(type: string, attrs: Attrs = {}, neutral: readonly string[] = []): OpRow {
  return {
    convert: (context) => [context.onnx.op(type, allRefs(context), attrs)],
    neutral,
    becomes: type,
  };
}

const SHORT_FLOATS: readonly DType[] = ['float16', 'bfloat16'];

/**
 * A row computed by a formula over all inputs. For float16 and bfloat16 it is computed in float32 and rounded
 * once, as TensorFlow's kernels are more exact than a chain of rounded steps.
 */
export function formula(
  becomes: string,
  make: (context: ConvertContext, ...refs: Ref[]) => Ref,
  neutral: readonly string[] = [],
): OpRow {
  const convert = (context: ConvertContext): readonly Ref[] => {
    const refs = allRefs(context);
    const short = refs.map((ref) => context.onnx.dtypeOf(ref)).find((dtype) => SHORT_FLOATS.includes(dtype));
    if (short === undefined) return [make(context, ...refs)];
    const widened = refs.map((ref) =>
      context.onnx.dtypeOf(ref) === short ? castTo(context, ref, 'float32') : ref,
    );
    const made = make(context, ...widened);
    return [context.onnx.dtypeOf(made) === 'float32' ? castTo(context, made, short) : made];
  };
  return { convert, neutral, becomes };
}

export function allRefs(context: ConvertContext): Ref[] {
  return context.node.inputs.map((_, index) => context.ref(index));
}

/** The tensor as int64 (indices, sizes and axes in ONNX are). */
export function toInt64(context: ConvertContext, ref: Ref): Ref {
  return castTo(context, ref, 'int64');
}

export function castTo(context: ConvertContext, ref: Ref, to: DType): Ref {
  return context.onnx.cast(ref, context.onnx.dtypeOf(ref), to);
}

/** Input `index` as an int64 vector: the constant where its elements are known, else computed. */
export function vectorOf(context: ConvertContext, index: number): Ref {
  const known = context.elements(index);
  if (known?.every((dim) => typeof dim === 'number')) return context.onnx.i64(known as number[]);
  const ref = toInt64(context, context.ref(index));
  return context.value(index).shape?.length === 1
    ? ref
    : context.onnx.op('Reshape', [ref, context.onnx.i64([-1])]);
}

/** Input `index` as an int64 scalar. */
export function scalarOf(context: ConvertContext, index: number): Ref {
  const known = context.elements(index);
  if (known?.length === 1 && typeof known[0] === 'number') return context.onnx.i64Scalar(known[0]);
  const ref = toInt64(context, context.ref(index));
  return context.value(index).shape?.length === 0
    ? ref
    : context.onnx.op('Reshape', [ref, context.onnx.i64([])]);
}

/** int64 vector of numbers that may pass 2^53 (TO_END, TO_START). */
export function int64Vector(context: ConvertContext, values: readonly (number | bigint)[]): Ref {
  return context.onnx.constant(denseValue(numericTensor('int64', [values.length], values)));
}

/** A scalar of the same type as the tensor. */
export function like(context: ConvertContext, ref: Ref, value: number): Ref {
  return context.onnx.scalar(context.onnx.dtypeOf(ref), value);
}

/** The int64 shape vector of a tensor. */
export function shapeOf(context: ConvertContext, ref: Ref): Ref {
  return context.onnx.op('Shape', [ref]);
}

/** One dimension of a tensor as an int64 scalar, or as a vector of one. */
export function dimOf(
  context: ConvertContext,
  ref: Ref,
  axis: number,
  form: 'scalar' | 'vector' = 'scalar',
): Ref {
  const { onnx } = context;
  const index = form === 'scalar' ? onnx.i64Scalar(axis) : onnx.i64([axis]);
  return onnx.op('Gather', [shapeOf(context, ref), index], { axis: 0 });
}

/** Dimension `axis` of input `index`: the constant where it is known, else computed; an int64 scalar or vector of one. */
export function inputDim(
  context: ConvertContext,
  index: number,
  axis: number,
  form: 'scalar' | 'vector' = 'scalar',
): Ref {
  const dim = context.value(index).shape?.at(axis);
  if (typeof dim !== 'number') return dimOf(context, context.ref(index), axis, form);
  return form === 'scalar' ? context.onnx.i64Scalar(dim) : context.onnx.i64([dim]);
}

/** A constant axis counted from the front; TFD_SHAPE_UNKNOWN when it is not a constant or the rank is needed. */
export function axisOf(context: ConvertContext, axisInput: number, rankInput: number): number {
  return frontAxis(context, constScalar(context, axisInput), rankInput);
}

/** `axis` counted from the front of input `rankInput`. */
export function frontAxis(context: ConvertContext, axis: number, rankInput: number): number {
  if (axis >= 0) return axis;
  const front = axis + context.rank(rankInput);
  if (front >= 0) return front;
  throw context.refuse('TFD_SHAPE_UNKNOWN', `axis ${axis} is outside of the rank`);
}

/** The one number of a constant input. */
export function constScalar(context: ConvertContext, index: number): number {
  const [value, ...more] = context.constInts(index);
  if (value !== undefined && more.length === 0) return value;
  throw context.refuse('TFD_SHAPE_UNKNOWN', `input ${index} is not a single number`);
}

/** The numbers first, first+1, … below `end`. */
export function countFrom(first: number, end: number): number[] {
  return Array.from({ length: Math.max(end - first, 0) }, (_, index) => first + index);
}

/** The tensor with axes moved; nothing is emitted when none is. */
export function transpose(context: ConvertContext, ref: Ref, perm: readonly number[]): Ref {
  return perm.every((axis, index) => axis === index) ? ref : context.onnx.op('Transpose', [ref], { perm });
}

/** int64 0, 1, … `count` − 1 for a scalar `count`. */
export function iota(context: ConvertContext, count: Ref): Ref {
  const { onnx } = context;
  return onnx.op('Range', [onnx.i64Scalar(0), count, onnx.i64Scalar(1)]);
}

/** A tensor of `shape` (int64 vector) full of one number. */
export function filled(context: ConvertContext, dtype: DType, shape: Ref, value: number): Ref {
  return context.onnx.op('Expand', [context.onnx.scalar(dtype, value), shape]);
}
