import { DTYPES } from '../base/dtype.js';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import { type Tensor, tensorBytes } from '../base/tensor.js';
import { ProtoTensor, VALUE_FIELDS } from '../savedmodel/read/tensor.js';
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
