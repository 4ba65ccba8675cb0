import { elementCount, type StringTensor } from '../../base/tensor.js';
import type { Kernel, KernelFamily } from '../types.js';
import { concatBytes } from './bytes.js';

function joinBytes(parts: readonly Uint8Array[], separator: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  parts.forEach((part, index) => {
    if (index > 0) pieces.push(separator);
    pieces.push(part);
  });
  return concatBytes(pieces);
}

/** Element-wise concatenation; scalars meet any shape, other shapes must be equal. */
const stringJoin: Kernel = (context) => {
  const separator = context.attrs.bytes('separator', new Uint8Array());
  const inputs = context.inputs.map((_, index) => context.strings(index));
  const shaped = inputs.find((input) => input.shape.length > 0);
  const shape = shaped?.shape ?? [];
  for (const input of inputs) {
    if (input.shape.length > 0 && input.shape.join() !== shape.join()) {
      throw context.fail(`shapes [${shape}] and [${input.shape}] do not match`);
    }
  }
  const data = Array.from({ length: elementCount(shape) }, (_, index) =>
    joinBytes(
      inputs.map((input) => input.data[input.shape.length === 0 ? 0 : index] ?? new Uint8Array()),
      separator,
    ),
  );
  return [{ dtype: 'string', shape, data }];
};

function toAxes(input: StringTensor, axes: readonly number[], fail: (message: string) => Error): number[] {
  const rank = input.shape.length;
  const resolved = axes.map((axis) => {
    if (axis < -rank || axis >= rank) throw fail(`dimension ${axis} is outside of rank ${rank}`);
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(resolved).size !== resolved.length) throw fail('a dimension is named twice');
  return resolved;
}

/** Joins over the named dimensions. */
const reduceJoin: Kernel = (context) => {
  const input = context.strings(0);
  const rank = input.shape.length;
  const named = Array.from(context.numeric(1).data, Number);
  const isKeptDims = context.attrs.bool('keep_dims', false);
  const separator = context.attrs.bytes('separator', new Uint8Array());
  const axes = toAxes(input, named, (message) => context.fail(message));
  const strides = input.shape.map((_, axis) => elementCount(input.shape.slice(axis + 1)));
  const kept = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const offsets = (over: readonly number[]) =>
    over.reduce<number[]>(
      (bases, axis) =>
        bases.flatMap((base) =>
          Array.from({ length: input.shape[axis] ?? 0 }, (_, i) => base + i * (strides[axis] ?? 0)),
        ),
      [0],
    );
  // The first dimension named runs fastest.
  const inner = offsets(axes.toReversed());
  const empty = new Uint8Array();
  const data = offsets(kept).map((base) =>
    joinBytes(
      inner.map((offset) => input.data[base + offset] ?? empty),
      separator,
    ),
  );
  const shape = isKeptDims
    ? input.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : kept.map((axis) => input.shape[axis] ?? 0);
  return [{ dtype: 'string', shape, data }];
};

const unsortedSegmentJoin: Kernel = (context) => {
  const input = context.strings(0);
  const ids = context.numeric(1);
  const count = Number(context.numeric(2).data[0]);
  const separator = context.attrs.bytes('separator', new Uint8Array());
  if (!(count >= 0)) throw context.fail(`num_segments ${count} is negative`);
  const isPrefix = ids.shape.every((dim, axis) => dim === input.shape[axis]);
  if (!isPrefix)
    throw context.fail(`segment_ids of shape [${ids.shape}] do not fit data of shape [${input.shape}]`);
  const rest = input.shape.slice(ids.shape.length);
  const width = elementCount(rest);
  const made: Uint8Array[] = Array.from({ length: count * width }, () => new Uint8Array());
  for (let row = 0; row < ids.data.length; row++) {
    const segment = Number(ids.data[row]);
    if (segment < 0 || segment >= count)
      throw context.fail(`segment id ${segment} is outside of [0, ${count})`);
    for (let column = 0; column < width; column++) {
      const at = segment * width + column;
      const text = input.data[row * width + column] ?? new Uint8Array();
      // TensorFlow sets no separator behind what is empty so far.
      made[at] = made[at]!.length === 0 ? text : joinBytes([made[at]!, text], separator);
    }
  }
  return [{ dtype: 'string', shape: [count, ...rest], data: made }];
};

export const join: KernelFamily = {
  StringJoin: stringJoin,
  ReduceJoin: reduceJoin,
  UnsortedSegmentJoin: unsortedSegmentJoin,
};
