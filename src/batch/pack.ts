import { allocate, type NumericArray, slotsPerElement } from '../base/dtype.js';
import type { NumericTensor, StringTensor, Tensor, TensorMap } from '../base/tensor.js';

/** Typed arrays below this many elements are copied faster by a loop than by `set`. */
const SMALL = 24;

function copyInto(target: NumericArray, source: NumericArray, at: number): void {
  const { length } = source;
  if (length > SMALL) {
    (target as Float64Array).set(source as Float64Array, at);
    return;
  }
  for (let index = 0; index < length; index++) target[at + index] = source[index] as never;
}

/** Slots of the data array that one row takes. */
function rowSlots(tensor: NumericTensor): number {
  let slots: number = slotsPerElement(tensor.dtype);
  for (let axis = 1; axis < tensor.shape.length; axis++) slots *= tensor.shape[axis] ?? 1;
  return slots;
}

function packNumbers(parts: readonly NumericTensor[], rows: number, first: NumericTensor): NumericTensor {
  const width = rowSlots(first);
  const data = allocate(first.dtype, (rows * width) / slotsPerElement(first.dtype));
  let at = 0;
  for (const part of parts) {
    copyInto(data, part.data, at);
    at += part.data.length;
  }
  // Rows of padding repeat a real row, so that no made-up value can raise an error in the model.
  for (const row = data.subarray(0, width); width > 0 && at < data.length; at += width)
    copyInto(data, row, at);
  return { dtype: first.dtype, shape: [rows, ...first.shape.slice(1)], data };
}

function packStrings(parts: readonly StringTensor[], rows: number, first: StringTensor): StringTensor {
  const data: Uint8Array[] = [];
  for (const part of parts) for (const value of part.data) data.push(value);
  let width = 1;
  for (let axis = 1; axis < first.shape.length; axis++) width *= first.shape[axis] ?? 1;
  while (data.length < rows * width) data.push(data[data.length % width] as Uint8Array);
  return { dtype: 'string', shape: [rows, ...first.shape.slice(1)], data };
}

/** A view into a larger buffer can not be handed over without taking the rest along. */
function ownBuffer(tensor: Tensor): Tensor {
  if (tensor.dtype === 'string') return tensor;
  return tensor.data.byteLength === tensor.data.buffer.byteLength
    ? tensor
    : { ...tensor, data: tensor.data.slice() };
}

/**
 * The requests' inputs one after the other along dimension 0, padded to `rows` by repeating the first row. A
 * single unpadded request keeps its own buffers, which the executor then takes over.
 */
export function packInputs(requests: readonly TensorMap[], rows: number, ownRows: number): TensorMap {
  const [only] = requests as readonly [TensorMap];
  const packed: TensorMap = new Map();
  if (requests.length === 1 && rows === ownRows) {
    for (const [name, tensor] of only) packed.set(name, ownBuffer(tensor));
    return packed;
  }
  for (const [name, first] of only) {
    const parts = requests.map((inputs) => inputs.get(name) as Tensor);
    packed.set(
      name,
      first.dtype === 'string'
        ? packStrings(parts as StringTensor[], rows, first)
        : packNumbers(parts as NumericTensor[], rows, first),
    );
  }
  return packed;
}

/** Rows `start` to `start + count` of a tensor; a view on its numbers. */
export function sliceRows(tensor: Tensor, start: number, count: number): Tensor {
  const shape = [count, ...tensor.shape.slice(1)];
  if (tensor.dtype === 'string') {
    const width = tensor.shape[0] === 0 ? 0 : tensor.data.length / (tensor.shape[0] ?? 1);
    return { dtype: 'string', shape, data: tensor.data.slice(start * width, (start + count) * width) };
  }
  const width = rowSlots(tensor);
  return { dtype: tensor.dtype, shape, data: tensor.data.subarray(start * width, (start + count) * width) };
}

/** The tensors of several parts of one request, joined along dimension 0. */
export function joinRows(parts: readonly TensorMap[]): TensorMap {
  const rows = new Map<string, number>();
  for (const part of parts)
    for (const [name, tensor] of part) rows.set(name, (rows.get(name) ?? 0) + (tensor.shape[0] ?? 0));
  const joined: TensorMap = new Map();
  for (const [name, count] of rows) {
    const all = parts.map((part) => new Map([[name, part.get(name) as Tensor]]));
    joined.set(name, packInputs(all, count, count).get(name) as Tensor);
  }
  return joined;
}
