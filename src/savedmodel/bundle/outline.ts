import { allocate, isFloatDType, isNumericDType } from '../../base/dtype.js';
import { elementCount } from '../../base/tensor.js';
import type { Bundle, TensorValue } from '../types.js';

/**
 * The checkpoint with every floating-point value read as zeros: what can be said about a model without its
 * weights is said without opening their files. Integers and strings, which steer shapes and tables, are
 * read. Nothing computed from it is a result.
 */
export function outlineBundle(bundle: Bundle): Bundle {
  return {
    entries: bundle.entries,
    tensor(key, slice) {
      const value = bundle.tensor(key, slice);
      return isFloatDType(value.dtype) ? zerosLike(value) : value;
    },
  };
}

function zerosLike(value: TensorValue): TensorValue {
  const { dtype, shape } = value;
  if (!isNumericDType(dtype)) return value;
  return {
    dtype,
    shape,
    byteLength: value.byteLength,
    read: () => ({ dtype, shape, data: allocate(dtype, elementCount(shape)) }),
  };
}
