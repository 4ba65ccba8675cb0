import { allocate, isFloatDType, isNumericDType } from '../../base/dtype.js';
import { elementCount, numericTensor, type Tensor } from '../../base/tensor.js';
import type { Bundle, TensorValue } from '../types.js';

/** A checkpoint whose values are stand-ins. Nothing computed from it is a result. */
export interface Outline {
  readonly bundle: Bundle;
  /** Whether an integer or a string was made up so far: those may steer shapes and tables. */
  hasInvented(): boolean;
}

const MAX_DISTINCT = 65_536;

/**
 * The checkpoint without its values, so that what can be said about a model without weights is said without
 * opening their files: floats are zeros, integers and strings count up (keys of tables stay distinct). With
 * `keeps` set to `steering`, integers and strings are the real ones.
 */
export function outlineBundle(bundle: Bundle, keeps: 'nothing' | 'steering' = 'nothing'): Outline {
  let hasInvented = false;
  const standIn = (value: TensorValue): TensorValue => ({
    dtype: value.dtype,
    shape: value.shape,
    byteLength: value.byteLength,
    read() {
      hasInvented ||= !isFloatDType(value.dtype);
      return invent(value);
    },
  });
  return {
    hasInvented: () => hasInvented,
    bundle: {
      entries: bundle.entries,
      tensor(key, slice) {
        const value = bundle.tensor(key, slice);
        return keeps === 'nothing' || isFloatDType(value.dtype) ? standIn(value) : value;
      },
    },
  };
}

function invent(value: TensorValue): Tensor {
  const { dtype, shape } = value;
  const count = elementCount(shape);
  if (dtype === 'string' && count <= MAX_DISTINCT) {
    return {
      dtype,
      shape,
      data: Array.from({ length: count }, (_, i) => new TextEncoder().encode(String(i))),
    };
  }
  if (!isNumericDType(dtype)) return value.read();
  const isCounting = /int/.test(dtype) && count <= MAX_DISTINCT;
  if (!isCounting) return { dtype, shape, data: allocate(dtype, count) };
  // A lone integer is rather a size or an axis than a key.
  const values = count === 1 ? [1] : Array.from({ length: count }, (_, i) => i);
  return numericTensor(dtype, shape, values);
}
