import { DTYPES, isNumericDType, type NumericDType, viewAs } from '../../base/dtype.js';
import { elementCount, type StringTensor, type Tensor, tensorBytes } from '../../base/tensor.js';
import { inputError } from '../codec/request-document.js';

const LENGTH_BYTES = 4;

/**
 * A tensor from little-endian row-major bytes; strings are each a 32-bit length and their bytes. `where` names
 * the tensor in errors. Throws TFD_INPUT_INVALID when the bytes are not those of the shape.
 */
export function readRawTensor(
  dtype: Tensor['dtype'],
  shape: readonly number[],
  bytes: Uint8Array,
  where: string,
): Tensor {
  const count = elementCount(shape);
  if (dtype === 'string') return { dtype, shape, data: readStrings(bytes, count, where) };
  const expected = count * DTYPES[dtype].bytes;
  if (bytes.length !== expected) {
    throw inputError(
      `${where}: ${bytes.length} bytes do not make a ${DTYPES[dtype].short} tensor of shape [${shape}], which has ${expected}`,
    );
  }
  if (dtype === 'bool' && bytes.some((byte) => byte > 1)) {
    throw inputError(`${where}: a bool is one byte of 0 or 1`);
  }
  return { dtype, shape, data: viewAs(dtype, bytes) };
}

/** The bytes of a tensor in the same form. */
export function writeRawTensor(tensor: Tensor): Uint8Array {
  return tensor.dtype === 'string' ? writeStrings(tensor) : tensorBytes(tensor);
}

/** Bytes of one element, or undefined where elements differ. */
export function elementBytes(dtype: Tensor['dtype']): number | undefined {
  return isNumericDType(dtype) ? DTYPES[dtype as NumericDType].bytes : undefined;
}

function readStrings(bytes: Uint8Array, count: number, where: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = at + LENGTH_BYTES <= bytes.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    at += LENGTH_BYTES;
    if (length > bytes.length - at) throw inputError(`${where}: a string goes beyond the end of the data`);
    strings.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (strings.length !== count) {
    throw inputError(`${where}: ${strings.length} strings where the shape has ${count}`);
  }
  return strings;
}

function writeStrings({ data }: StringTensor): Uint8Array {
  const total = data.reduce((sum, one) => sum + LENGTH_BYTES + one.length, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const one of data) {
    view.setUint32(at, one.length, true);
    bytes.set(one, at + LENGTH_BYTES);
    at += LENGTH_BYTES + one.length;
  }
  return bytes;
}
