import type { Code } from '../base/codes.js';
import type { NumericArray, NumericDType } from '../base/dtype.js';
import type { Tensor, TensorMap } from '../base/tensor.js';

/** A tensor as it crosses between threads; strings as one run of bytes with the end of each. */
export type WireTensor =
  | {
      readonly name: string;
      readonly dtype: NumericDType;
      readonly shape: readonly number[];
      readonly data: NumericArray;
    }
  | {
      readonly name: string;
      readonly dtype: 'string';
      readonly shape: readonly number[];
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly ends: Float64Array<ArrayBuffer>;
    };

export interface WireError {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
  readonly details?: unknown;
}

/** A request to the thread. `planDir` is the variant to run; the executor's own plan when absent. */
export type ThreadRequest =
  | {
      readonly id: number;
      readonly kind: 'run';
      readonly signature: string;
      readonly planDir?: string;
      readonly inputs: readonly WireTensor[];
      readonly outputs?: readonly string[];
    }
  | { readonly id: number; readonly kind: 'warm'; readonly signature: string; readonly planDir?: string }
  | { readonly id: number; readonly kind: 'close' };

export type ThreadAnswer =
  | {
      readonly id: number;
      readonly outputs: readonly WireTensor[];
      readonly computeMs: number;
    }
  | { readonly id: number; readonly error: WireError };

/**
 * Packs tensors for another thread. Memory that a tensor fills alone is handed over: it is added to
 * `transfer` and detached by the post. A part of a larger buffer is copied, so that the rest is not lost.
 */
export function packTensors(tensors: TensorMap, transfer: Set<ArrayBuffer>): WireTensor[] {
  return [...tensors].map(([name, tensor]) => packTensor(name, tensor, transfer));
}

function packTensor(name: string, tensor: Tensor, transfer: Set<ArrayBuffer>): WireTensor {
  const { dtype, shape } = tensor;
  if (tensor.dtype === 'string') {
    const packed = packStrings(tensor.data);
    transfer.add(packed.bytes.buffer).add(packed.ends.buffer);
    return { name, dtype: 'string', shape, ...packed };
  }
  const { buffer } = tensor.data;
  if (buffer instanceof SharedArrayBuffer) return { name, dtype: tensor.dtype, shape, data: tensor.data };
  const data = tensor.data.byteLength === buffer.byteLength ? tensor.data : tensor.data.slice();
  transfer.add(data.buffer as ArrayBuffer);
  return { name, dtype: dtype as NumericDType, shape, data };
}

function packStrings(strings: readonly Uint8Array[]) {
  const ends = new Float64Array(strings.length);
  let total = 0;
  strings.forEach((each, index) => {
    total += each.length;
    ends[index] = total;
  });
  const bytes = new Uint8Array(total);
  strings.forEach((each, index) => {
    bytes.set(each, ends[index]! - each.length);
  });
  return { bytes, ends };
}

/** The tensors of a message; strings are views into one buffer. */
export function unpackTensors(wire: readonly WireTensor[]): TensorMap {
  return new Map(wire.map((each) => [each.name, unpackTensor(each)]));
}

function unpackTensor(wire: WireTensor): Tensor {
  if (wire.dtype !== 'string') return { dtype: wire.dtype, shape: wire.shape, data: wire.data };
  const { bytes, ends } = wire;
  let start = 0;
  const data = Array.from(ends, (end) => {
    const each = bytes.subarray(start, end);
    start = end;
    return each;
  });
  return { dtype: 'string', shape: wire.shape, data };
}
