import type { DType, NumericArray } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';

export interface OrtTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

export type OrtTensorConstructor = new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;

/** How a data type is called at the border of the runtime; types without a row can not cross it. */
const ORT_TYPES: Partial<Record<DType, string>> = {
  float32: 'float32',
  float64: 'float64',
  float16: 'float16',
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
  string: 'string',
  qint8: 'int8',
  quint8: 'uint8',
  qint32: 'int32',
  qint16: 'int16',
  quint16: 'uint16',
};

/** A byte order mark is part of the string, not to be dropped. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The runtime ends a string at its first NUL and replaces bytes that are not UTF-8: both are refused. */
function decodeString(name: string, bytes: Uint8Array): string {
  const refuse = (why: string) =>
    new TfdeployError('TFD_INPUT_INVALID', `${name}: a string ${why}, which the engine can not carry`);
  if (bytes.includes(0)) throw refuse('holds a NUL byte');
  try {
    return UTF8.decode(bytes);
  } catch {
    throw refuse('is not valid UTF-8');
  }
}

/** A tensor for the runtime, over the same memory unless that is shared. */
export function toOrt(Constructor: OrtTensorConstructor, name: string, tensor: Tensor): OrtTensor {
  const type = ORT_TYPES[tensor.dtype];
  if (type === undefined) {
    throw new TfdeployError(
      'TFD_DTYPE_UNSUPPORTED',
      `${name}: ${tensor.dtype} can not be handed to the engine`,
    );
  }
  if (tensor.dtype === 'string') {
    return new Constructor(
      type,
      tensor.data.map((bytes) => decodeString(name, bytes)),
      [...tensor.shape],
    );
  }
  const data = tensor.data.buffer instanceof SharedArrayBuffer ? tensor.data.slice() : tensor.data;
  return new Constructor(type, data, [...tensor.shape]);
}

const UTF8_ENCODER = new TextEncoder();

/** The runtime's answer as a tensor of the plain type (a quantized output comes as its storage type). */
export function fromOrt(name: string, result: OrtTensor | undefined): Tensor {
  if (result === undefined) {
    throw new TfdeployError('TFD_ENGINE_FAILED', `the engine gave no output ${name}`);
  }
  const shape = [...result.dims];
  if (result.type === 'string') {
    const data = (result.data as string[]).map((text) => UTF8_ENCODER.encode(text));
    return { dtype: 'string', shape, data };
  }
  const dtype = result.type as Exclude<DType, 'string' | 'resource' | 'variant'>;
  if (ORT_TYPES[dtype] !== dtype) {
    throw new TfdeployError('TFD_ENGINE_FAILED', `output ${name} has the unexpected type ${result.type}`);
  }
  const data = result.data as NumericArray;
  // Where the language has a Float16Array the runtime uses it; everywhere else here, half is bit patterns.
  if (dtype === 'float16' && !(data instanceof Uint16Array)) {
    const view = data as Uint8Array;
    return { dtype, shape, data: new Uint16Array(view.buffer, view.byteOffset, view.length) };
  }
  return { dtype, shape, data };
}
