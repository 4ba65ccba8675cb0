import { DTYPES, type NumericDType, viewAs } from '../../base/dtype.js';
import {
  elementCount,
  type NumericTensor,
  type StringTensor,
  type Tensor,
  tensorBytes,
} from '../../base/tensor.js';
import { inputError } from '../codec/request-document.js';
import { MAX_RANK } from '../codec/types.js';

/** NumPy's type codes by ours, without the byte order. */
const CODES: ReadonlyMap<NumericDType, string> = new Map<NumericDType, string>([
  ['bool', 'b1'],
  ['int8', 'i1'],
  ['int16', 'i2'],
  ['int32', 'i4'],
  ['int64', 'i8'],
  ['uint8', 'u1'],
  ['uint16', 'u2'],
  ['uint32', 'u4'],
  ['uint64', 'u8'],
  ['float16', 'f2'],
  ['float32', 'f4'],
  ['float64', 'f8'],
  ['complex64', 'c8'],
  ['complex128', 'c16'],
]);
const DTYPES_BY_CODE: ReadonlyMap<string, NumericDType> = new Map(
  [...CODES].map(([dtype, code]) => [code, dtype]),
);

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const HEADER =
  /^\{\s*'descr':\s*'([<>|=])([a-zA-Z])(\d+)'\s*,\s*'fortran_order':\s*(True|False)\s*,\s*'shape':\s*\(([\d\s,]*)\)\s*,?\s*\}\s*$/;
/** The array begins at a multiple of this. */
const ALIGNMENT = 64;

/** Reads a `.npy` file (versions 1 to 3). Throws TFD_INPUT_INVALID for what it can not hold. */
export function readNpy(bytes: Buffer): Tensor {
  if (bytes.length < 10 || !bytes.subarray(0, 6).equals(MAGIC))
    throw inputError('The body is not a .npy file');
  const isLong = bytes[6]! >= 2;
  if (bytes[6]! < 1 || bytes[6]! > 3 || (isLong && bytes.length < 12)) {
    throw inputError(`.npy version ${bytes[6]} is not known`);
  }
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (isLong ? 12 : 10) + length;
  if (start > bytes.length || length > 65_536) throw inputError('The .npy header goes beyond the body');
  const match = HEADER.exec(bytes.toString('latin1', start - length, start));
  if (match === null) throw inputError('The .npy header is not one of a plain array');
  const [, order, kind, size = '', fortran, dims = ''] = match;
  if (fortran === 'True') {
    throw inputError('A .npy array in Fortran order is not taken', 'send np.ascontiguousarray(x)');
  }
  if (order === '>')
    throw inputError('A big-endian .npy array is not taken', "send x.astype(x.dtype.newbyteorder('<'))");
  const shape = dims
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  if (shape.length > MAX_RANK || !Number.isSafeInteger(elementCount(shape))) {
    throw inputError(`A .npy array of shape (${dims}) is too large`);
  }
  const data = bytes.subarray(start);
  if (kind === 'S') return readFixedStrings(data, shape, Number(size));
  const dtype = DTYPES_BY_CODE.get(`${kind}${size}`);
  if (dtype === undefined) throw inputError(`A .npy array of type ${kind}${size} is not taken`);
  const expected = elementCount(shape) * DTYPES[dtype].bytes;
  if (data.length !== expected)
    throw inputError(`The .npy array has ${data.length} bytes instead of ${expected}`);
  if (dtype === 'bool' && data.some((byte) => byte > 1))
    throw inputError('A bool of the .npy array is not 0 or 1');
  return { dtype, shape, data: viewAs(dtype, data) };
}

/** Strings of a fixed width, without the zeros that fill them up. */
function readFixedStrings(data: Buffer, shape: readonly number[], width: number): StringTensor {
  const count = elementCount(shape);
  if (data.length !== count * width)
    throw inputError(`The .npy array has ${data.length} bytes instead of ${count * width}`);
  const strings = Array.from({ length: count }, (_, index) => {
    let end = (index + 1) * width;
    while (end > index * width && data[end - 1] === 0) end--;
    return data.subarray(index * width, end);
  });
  return { dtype: 'string', shape, data: strings };
}

/** A tensor as a `.npy` file of version 1. bfloat16 has no NumPy type and is widened to float32. */
export function writeNpy(tensor: Tensor): Buffer {
  if (tensor.dtype === 'string') return assemble(...fixedStrings(tensor), tensor.shape);
  if (tensor.dtype === 'bfloat16') return writeNpy(widen(tensor));
  const code = CODES.get(tensor.dtype);
  if (code === undefined) throw inputError(`A ${DTYPES[tensor.dtype].short} tensor has no .npy form`);
  const order = DTYPES[tensor.dtype].bytes === 1 ? '|' : '<';
  return assemble(`${order}${code}`, tensorBytes(tensor), tensor.shape);
}

function assemble(descr: string, data: Uint8Array, shape: readonly number[]): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const padded = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.alloc(padded, ' ');
  MAGIC.copy(head);
  head[6] = 1;
  head[7] = 0;
  head.writeUInt16LE(padded - MAGIC.length - 4, 8);
  head.write(text, 10, 'latin1');
  head[padded - 1] = 0x0a;
  return Buffer.concat([head, data]);
}

function widen({ shape, data }: NumericTensor): NumericTensor {
  const bits = Uint32Array.from(data as Uint16Array, (half) => half << 16);
  return { dtype: 'float32', shape, data: new Float32Array(bits.buffer) };
}

function fixedStrings({ data }: StringTensor): [string, Uint8Array] {
  const width = Math.max(1, ...data.map((one) => one.length));
  const bytes = new Uint8Array(width * data.length);
  for (const [index, one] of data.entries()) {
    if (one.at(-1) === 0) throw inputError('A string that ends in a zero byte has no .npy form');
    bytes.set(one, index * width);
  }
  return [`|S${width}`, bytes];
}
