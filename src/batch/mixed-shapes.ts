import { allocate, slotsPerElement } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { Tensor, TensorMap } from '../base/tensor.js';

/**
 * What becomes of requests whose shapes differ beyond dimension 0. `apart`: each shape is batched with its like.
 * `pad` and `refuse` are what TensorFlow Serving does with and without `pad_variable_length_inputs`.
 */
export type MixedShapes = 'apart' | 'pad' | 'refuse';

/** TensorFlow Serving pads no tensors of other ranks. */
const MAX_RANK = 6;

/** The largest extent of each dimension beyond the first; undefined when the ranks differ. */
function largestRow(tensors: readonly Tensor[]): number[] | undefined {
  const [first] = tensors as readonly [Tensor];
  const row = first.shape.slice(1);
  for (const { shape } of tensors) {
    if (shape.length !== first.shape.length) return undefined;
    for (let axis = 1; axis < shape.length; axis++)
      row[axis - 1] = Math.max(row[axis - 1] ?? 0, shape[axis] ?? 0);
  }
  return row;
}

function isOfRow({ shape }: Tensor, row: readonly number[]): boolean {
  return row.every((extent, axis) => shape[axis + 1] === extent);
}

/** Calls `copy(from, to)` with the element offsets of each innermost run of `from` inside a tensor of shape `to`. */
function eachRun(
  from: readonly number[],
  to: readonly number[],
  copy: (from: number, to: number, length: number) => void,
): void {
  const length = from.at(-1) ?? 1;
  const index = new Array<number>(from.length - 1).fill(0);
  const runs = from.slice(0, -1).reduce((product, extent) => product * extent, 1);
  for (let run = 0; run < runs; run++) {
    let at = 0;
    for (let axis = 0; axis < to.length; axis++) at = at * (to[axis] ?? 1) + (index[axis] ?? 0);
    copy(run * length, at, length);
    for (let axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (from[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
}

/** The tensor in a larger shape, the rest filled with its own first element: TensorFlow Serving's padding. */
function padTensor(tensor: Tensor, row: readonly number[]): Tensor {
  const shape = [tensor.shape[0] ?? 0, ...row];
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (tensor.dtype === 'string') {
    const data = new Array<Uint8Array>(count).fill(tensor.data[0] ?? new Uint8Array());
    eachRun(tensor.shape, shape, (from, to, length) => {
      for (let step = 0; step < length; step++) data[to + step] = tensor.data[from + step] as Uint8Array;
    });
    return { dtype: 'string', shape, data };
  }
  const slots = slotsPerElement(tensor.dtype);
  const data = allocate(tensor.dtype, count);
  if (tensor.data.length > 0)
    for (let at = 0; at < data.length; at++) data[at] = tensor.data[at % slots] as never;
  eachRun(tensor.shape, shape, (from, to, length) => {
    data.set(tensor.data.subarray(from * slots, (from + length) * slots) as never, to * slots);
  });
  return { dtype: tensor.dtype, shape, data };
}

/**
 * The inputs of the requests of one batch in shapes that can be joined along dimension 0. Throws
 * TensorFlow Serving's text when they differ and are not to be padded. Clients choose the shapes, so what padding
 * may take is bounded: `maxElements` for each input.
 */
export function alignShapes(
  requests: readonly TensorMap[],
  mixedShapes: MixedShapes,
  maxElements: number,
): readonly TensorMap[] {
  if (mixedShapes === 'apart' || requests.length < 2) return requests;
  const aligned = requests.map((inputs) => new Map(inputs));
  for (const name of requests[0]?.keys() ?? []) {
    const tensors = requests.map((inputs) => inputs.get(name) as Tensor);
    const row = largestRow(tensors);
    if (row !== undefined && tensors.every((tensor) => isOfRow(tensor, row))) continue;
    if (row === undefined || mixedShapes === 'refuse' || row.length >= MAX_RANK)
      throw new TfdeployError(
        'TFD_INPUT_INVALID',
        `Tensors with name '${name}' from different tasks have different shapes and padding is turned off. ` +
          'Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal dimensions starting with the first dim.',
        { details: { grpcStatus: 'FAILED_PRECONDITION' } },
      );
    const width = row.reduce((product, extent) => product * extent, 1);
    const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    if (rows * width > maxElements)
      throw new TfdeployError(
        'TFD_INPUT_INVALID',
        `Tensors with name '${name}' from different tasks take ${rows * width} elements when they are padded to one shape; the limit is ${maxElements}`,
      );
    aligned.forEach((inputs, index) => {
      inputs.set(name, padTensor(tensors[index] as Tensor, row));
    });
  }
  return aligned;
}
