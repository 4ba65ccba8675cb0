import type { DType } from '../../base/dtype.js';

/** Data types of the Open Inference Protocol by ours; the ones it lacks have no name. */
export const OIP_TYPES: ReadonlyMap<DType, string> = new Map<DType, string>([
  ['bool', 'BOOL'],
  ['uint8', 'UINT8'],
  ['uint16', 'UINT16'],
  ['uint32', 'UINT32'],
  ['uint64', 'UINT64'],
  ['int8', 'INT8'],
  ['int16', 'INT16'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
  ['float16', 'FP16'],
  ['bfloat16', 'BF16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['string', 'BYTES'],
]);

export const DTYPES_BY_OIP: ReadonlyMap<string, DType> = new Map(
  [...OIP_TYPES].map(([dtype, name]) => [name, dtype]),
);
