import { TfdeployError } from './error.js';

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

export type NumericArrayConstructor = new (
  ...args: [number] | [ArrayBufferLike, number, number]
) => NumericArray;

interface DTypeRow {
  /** TensorFlow's `DataType` number (tensorflow/core/framework/types.proto). */
  readonly tf: number;
  /** TensorFlow's short name, as its error texts print it. */
  readonly short: string;
  /** Bytes of one element; 0 where elements have no fixed size. */
  readonly bytes: number;
  /** ONNX `TensorProto.DataType` number; 0 where ONNX has none. */
  readonly onnx: number;
  /** How elements are held; complex numbers as pairs, float16 and bfloat16 as bit patterns. */
  readonly array?: unknown;
}

/** Every element type TensorFlow can store, keyed by the name used throughout the code. */
export const DTYPES = {
  float32: { tf: 1, short: 'float', bytes: 4, onnx: 1, array: Float32Array },
  float64: { tf: 2, short: 'double', bytes: 8, onnx: 11, array: Float64Array },
  int32: { tf: 3, short: 'int32', bytes: 4, onnx: 6, array: Int32Array },
  uint8: { tf: 4, short: 'uint8', bytes: 1, onnx: 2, array: Uint8Array },
  int16: { tf: 5, short: 'int16', bytes: 2, onnx: 5, array: Int16Array },
  int8: { tf: 6, short: 'int8', bytes: 1, onnx: 3, array: Int8Array },
  string: { tf: 7, short: 'string', bytes: 0, onnx: 8 },
  complex64: { tf: 8, short: 'complex64', bytes: 8, onnx: 14, array: Float32Array },
  int64: { tf: 9, short: 'int64', bytes: 8, onnx: 7, array: BigInt64Array },
  bool: { tf: 10, short: 'bool', bytes: 1, onnx: 9, array: Uint8Array },
  qint8: { tf: 11, short: 'qint8', bytes: 1, onnx: 3, array: Int8Array },
  quint8: { tf: 12, short: 'quint8', bytes: 1, onnx: 2, array: Uint8Array },
  qint32: { tf: 13, short: 'qint32', bytes: 4, onnx: 6, array: Int32Array },
  bfloat16: { tf: 14, short: 'bfloat16', bytes: 2, onnx: 16, array: Uint16Array },
  qint16: { tf: 15, short: 'qint16', bytes: 2, onnx: 5, array: Int16Array },
  quint16: { tf: 16, short: 'quint16', bytes: 2, onnx: 4, array: Uint16Array },
  uint16: { tf: 17, short: 'uint16', bytes: 2, onnx: 4, array: Uint16Array },
  complex128: { tf: 18, short: 'complex128', bytes: 16, onnx: 15, array: Float64Array },
  float16: { tf: 19, short: 'half', bytes: 2, onnx: 10, array: Uint16Array },
  resource: { tf: 20, short: 'resource', bytes: 0, onnx: 0 },
  variant: { tf: 21, short: 'variant', bytes: 0, onnx: 0 },
  uint32: { tf: 22, short: 'uint32', bytes: 4, onnx: 12, array: Uint32Array },
  uint64: { tf: 23, short: 'uint64', bytes: 8, onnx: 13, array: BigUint64Array },
} as const satisfies Record<string, DTypeRow>;

export type DType = keyof typeof DTYPES;

/** Types whose elements are fixed-size numbers held in a typed array. */
export type NumericDType = Exclude<DType, 'string' | 'resource' | 'variant'>;

const BY_TF_NUMBER: ReadonlyMap<number, DType> = new Map(
  Object.entries(DTYPES).map(([name, row]) => [row.tf, name as DType]),
);

/** The name of TensorFlow's `DataType` number; reference types (number + 100) give their base type. */
export function dtypeFromTf(number: number, where: string): DType {
  const found = BY_TF_NUMBER.get(number > 100 ? number - 100 : number);
  if (found !== undefined) return found;
  throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `${where}: data type number ${number} is not supported`);
}

export function isNumericDType(dtype: DType): dtype is NumericDType {
  return DTYPES[dtype].bytes > 0;
}

export function isFloatDType(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}

export function isComplexDType(dtype: DType): boolean {
  return dtype === 'complex64' || dtype === 'complex128';
}

/** TensorFlow's enum name, e.g. `DT_FLOAT`. */
export function tfEnumName(dtype: DType): string {
  return `DT_${DTYPES[dtype].short.toUpperCase()}`;
}

/** Slots of the typed array that one element takes: 2 for complex numbers, else 1. */
export function slotsPerElement(dtype: NumericDType): 1 | 2 {
  return isComplexDType(dtype) ? 2 : 1;
}

/** A zeroed array for `elements` elements. */
export function allocate(dtype: NumericDType, elements: number): NumericArray {
  const Ctor = DTYPES[dtype].array as NumericArrayConstructor;
  return new Ctor(elements * slotsPerElement(dtype));
}

/** The little-endian bytes as an array of `dtype`: a view where they are aligned, else a copy. */
export function viewAs(dtype: NumericDType, bytes: Uint8Array): NumericArray {
  const Ctor = DTYPES[dtype].array as NumericArrayConstructor & { BYTES_PER_ELEMENT: number };
  const aligned = bytes.byteOffset % Ctor.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Ctor(
    aligned.buffer,
    aligned.byteOffset,
    Math.floor(aligned.byteLength / Ctor.BYTES_PER_ELEMENT),
  );
}
