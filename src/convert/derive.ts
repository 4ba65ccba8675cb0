import { DTYPES, type DType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { elementCount, type NumericTensor, numericTensor, type Tensor } from '../base/tensor.js';
import type { TensorValue } from '../savedmodel/types.js';
import { transposeTensor } from './transpose.js';

export { transposeTensor } from './transpose.js';

/** Derived values by source value and recipe, so that two signatures share one. */
const DERIVED = new WeakMap<TensorValue, Map<string, TensorValue>>();

function derive(source: TensorValue, recipe: string, make: () => TensorValue): TensorValue {
  const known = DERIVED.get(source) ?? new Map<string, TensorValue>();
  DERIVED.set(source, known);
  const found = known.get(recipe) ?? make();
  known.set(recipe, found);
  return found;
}

/** A tensor in memory as a constant. */
export function denseValue(tensor: Tensor): TensorValue {
  const byteLength =
    tensor.dtype === 'string'
      ? tensor.data.reduce((sum, bytes) => sum + bytes.byteLength, 0)
      : tensor.data.byteLength;
  return { dtype: tensor.dtype, shape: tensor.shape, byteLength, read: () => tensor };
}

function readNumeric(value: TensorValue): NumericTensor {
  const tensor = value.read();
  if (tensor.dtype === 'string')
    throw new TfdeployError('TFD_BUG', 'a string constant where numbers are needed');
  return tensor;
}

/** The same elements under another shape; raw bytes in a file stay where they are. */
export function reshapeConstant(value: TensorValue, shape: readonly number[]): TensorValue {
  if (elementCount(shape) !== elementCount(value.shape)) {
    throw new TfdeployError('TFD_BUG', `constant of shape [${value.shape}] as [${shape}]`);
  }
  return derive(value, `reshape ${shape.join()}`, () => ({
    ...(value.file === undefined ? {} : { file: value.file }),
    dtype: value.dtype,
    shape,
    byteLength: value.byteLength,
    read: () => ({ ...readNumeric(value), shape }),
  }));
}

/** Axes reordered, computed when the constant is read (that is, when it is written to the model file). */
export function transposeConstant(value: TensorValue, perm: readonly number[]): TensorValue {
  const shape = perm.map((axis) => value.shape[axis] as number);
  return derive(value, `transpose ${perm.join()}`, () => ({
    dtype: value.dtype,
    shape,
    byteLength: value.byteLength,
    read: () => transposeTensor(readNumeric(value), perm),
  }));
}

/** Any other change of a constant, computed on read. `recipe` names it: equal recipes give equal results. */
export function mapConstant(
  value: TensorValue,
  recipe: string,
  result: { dtype: DType; shape: readonly number[] },
  compute: (tensor: NumericTensor) => NumericTensor,
): TensorValue {
  const key = `${recipe} -> ${result.dtype}[${result.shape.join()}]`;
  return derive(value, key, () => ({
    dtype: result.dtype,
    shape: result.shape,
    byteLength: elementCount(result.shape) * DTYPES[result.dtype].bytes,
    read: () => compute(readNumeric(value)),
  }));
}

/** Small integer vector as an int64 constant. */
export function int64Vector(values: readonly number[]): TensorValue {
  return denseValue(numericTensor('int64', [values.length], values));
}
