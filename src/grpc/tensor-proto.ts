import { DTYPES, type DType } from '../base/dtype.js';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import { type Tensor, tensorBytes } from '../base/tensor.js';
import { ProtoTensor } from '../savedmodel/read/tensor.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { GRPC_SCHEMA, type MessageOut } from './messages.js';

/** The tensor in a serialized TensorProto; TFD_INPUT_INVALID `tensor parsing error: x` when it is none. */
export function decodeTensor(bytes: Uint8Array, name: string): Tensor {
  try {
    return new ProtoTensor(bytes, name, { what: 'request' }).read();
  } catch (cause) {
    if (!isTfdeployError(cause)) throw cause;
    throw new TfdeployError('TFD_INPUT_INVALID', `tensor parsing error: ${name}`, {
      cause,
      hint: cause.message,
    });
  }
}

type ValueField =
  | 'float_val'
  | 'double_val'
  | 'int_val'
  | 'half_val'
  | 'int64_val'
  | 'uint32_val'
  | 'uint64_val'
  | 'bool_val'
  | 'scomplex_val'
  | 'dcomplex_val';

/** The list that TensorFlow itself writes a type's values into. */
const VALUE_FIELDS: Readonly<Partial<Record<DType, ValueField>>> = {
  float32: 'float_val',
  float64: 'double_val',
  int32: 'int_val',
  int16: 'int_val',
  int8: 'int_val',
  uint8: 'int_val',
  uint16: 'int_val',
  qint8: 'int_val',
  quint8: 'int_val',
  qint16: 'int_val',
  quint16: 'int_val',
  qint32: 'int_val',
  float16: 'half_val',
  bfloat16: 'half_val',
  complex64: 'scomplex_val',
  complex128: 'dcomplex_val',
  int64: 'int64_val',
  uint64: 'uint64_val',
  uint32: 'uint32_val',
  bool: 'bool_val',
};

/**
 * A serialized TensorProto. `asContent` packs numbers into `tensor_content` (the server's
 * `--enable_serialization_as_tensor_content`); otherwise they go into the list of their type, which is what
 * TensorFlow Serving answers with by default and what clients read without NumPy.
 */
export function encodeTensor(tensor: Tensor, asContent: boolean): Uint8Array {
  const head = {
    dtype: DTYPES[tensor.dtype].tf,
    tensor_shape: { dim: tensor.shape.map((size) => ({ size })) },
  };
  if (tensor.dtype === 'string')
    return encodeMessage(GRPC_SCHEMA, 'TensorProto', { ...head, string_val: tensor.data });
  if (asContent)
    return encodeMessage(GRPC_SCHEMA, 'TensorProto', { ...head, tensor_content: tensorBytes(tensor) });
  const field = VALUE_FIELDS[tensor.dtype];
  if (field === undefined) throw new TfdeployError('TFD_BUG', `no TensorProto field for ${tensor.dtype}`);
  const message: MessageOut<'TensorProto'> = { ...head, [field]: tensor.data };
  return encodeMessage(GRPC_SCHEMA, 'TensorProto', message);
}
