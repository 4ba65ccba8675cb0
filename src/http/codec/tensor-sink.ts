import { allocate, type DType, isFloatDType, type NumericDType } from '../../base/dtype.js';
import { toBfloat16Bits, toHalfBits } from '../../base/half.js';
import type { Tensor } from '../../base/tensor.js';
import type { NumberSink } from './number-sink.js';

/** Integers that a JSON number may hold for each type; 64-bit ones as far as doubles are exact. */
export const INTEGER_RANGES: Readonly<Partial<Record<DType, readonly [least: number, most: number]>>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint8: [0, 2 ** 8 - 1],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

/** True for types that a JSON value can be converted to. */
export function isJsonDType(dtype: DType): boolean {
  return dtype === 'bool' || dtype === 'string' || isFloatDType(dtype) || INTEGER_RANGES[dtype] !== undefined;
}

/** Numbers kept between requests; a larger request's room is given back to the collector. */
const KEPT_ELEMENTS = 1 << 19;
const FIRST_ELEMENTS = 256;

/** Gathers the elements of one input while a body is read. Kept and used again from request to request. */
export class TensorSink implements NumberSink {
  dtype: NumericDType | 'string' = 'float32';
  data: Float64Array | Float32Array = new Float32Array(FIRST_ELEMENTS);
  strings: Uint8Array[] = [];
  length = 0;
  rows = 0;
  width = 0;
  /** Sizes by level, as far as known; `rank` is -1 until the first element is read. */
  readonly dims = new Int32Array(256);
  rank = -1;

  /** What the elements look like in JSON, and the limits of integers. */
  kind: 'decimal' | 'integer' | 'other' = 'decimal';
  least = 0;
  most = 0;

  begin(dtype: NumericDType | 'string'): void {
    if (this.dtype !== dtype) {
      const range = INTEGER_RANGES[dtype];
      this.dtype = dtype;
      this.kind = range !== undefined ? 'integer' : isFloatDType(dtype) ? 'decimal' : 'other';
      this.least = range?.[0] ?? 0;
      this.most = range?.[1] ?? 0;
    }
    this.length = 0;
    this.rank = -1;
    if (this.strings.length > 0) this.strings = [];
    const isSingle = dtype === 'float32';
    if (this.data.length > KEPT_ELEMENTS || isSingle !== this.data instanceof Float32Array) {
      this.data = isSingle ? new Float32Array(FIRST_ELEMENTS) : new Float64Array(FIRST_ELEMENTS);
    }
  }

  /** The gathered elements as a tensor of that shape. */
  take(shape: readonly number[]): Tensor {
    const { dtype, length, data } = this;
    if (dtype === 'string') {
      const strings = this.strings;
      this.strings = [];
      return { dtype, shape, data: strings };
    }
    return {
      dtype,
      shape,
      data: data instanceof Float32Array ? data.slice(0, length) : convertDoubles(data, length, dtype),
    };
  }
}

function convertDoubles(data: Float64Array, length: number, dtype: NumericDType) {
  const out = allocate(dtype, length);
  if (dtype === 'int64' || dtype === 'uint64') {
    const words = new Int32Array(out.buffer);
    for (let index = 0; index < length; index++) {
      const value = data[index]!;
      words[2 * index] = value;
      words[2 * index + 1] = Math.floor(value / 2 ** 32);
    }
  } else if (dtype === 'float16' || dtype === 'bfloat16') {
    const toBits = dtype === 'float16' ? toHalfBits : toBfloat16Bits;
    for (let index = 0; index < length; index++) out[index] = toBits(data[index]!);
  } else if (length < 64) {
    for (let index = 0; index < length; index++) out[index] = data[index]!;
  } else {
    (out as Float32Array).set(data.subarray(0, length));
  }
  return out;
}

const spareSinks: TensorSink[] = [];

/** The reusable sink of the input at that place in a signature. */
export function sinkAt(place: number): TensorSink {
  let sink = spareSinks[place];
  if (sink === undefined) {
    sink = new TensorSink();
    spareSinks[place] = sink;
  }
  return sink;
}
