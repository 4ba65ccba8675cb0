import { allocate, slotsPerElement } from '../base/dtype.js';
import { elementCount, type StringTensor, type Tensor } from '../base/tensor.js';

const EMPTY = new Uint8Array();

/** Elements between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** A tensor of zeros (or empty strings). */
export function blankTensor(dtype: Tensor['dtype'], shape: readonly number[]): Tensor {
  const count = elementCount(shape);
  if (dtype === 'string') return { dtype, shape, data: new Array<Uint8Array>(count).fill(EMPTY) };
  return { dtype, shape, data: allocate(dtype, count) };
}

/** Copies `count` elements between tensors of one type. */
export function copyElements(from: Tensor, start: number, to: Tensor, at: number, count: number): void {
  if (from.dtype === 'string') {
    const target = (to as StringTensor).data as Uint8Array[];
    for (let i = 0; i < count; i++) target[at + i] = from.data[start + i]!;
    return;
  }
  const slots = slotsPerElement(from.dtype);
  const part = from.data.subarray(start * slots, (start + count) * slots);
  (to.data as { set(source: unknown, offset: number): void } & typeof to.data).set(part, at * slots);
}

/** The tensor whose element `i` is element `positions[i]` of another; −1 gives a zero. */
export function takeElements(from: Tensor, positions: Int32Array, shape: readonly number[]): Tensor {
  if (from.dtype === 'string') {
    const data = Array.from(positions, (at) => (at < 0 ? EMPTY : from.data[at]!));
    return { dtype: 'string', shape, data };
  }
  const out = allocate(from.dtype, positions.length);
  const [source, target] = [from.data as Float32Array, out as Float32Array];
  if (slotsPerElement(from.dtype) === 2) {
    for (let i = 0; i < positions.length; i++) {
      const at = positions[i]!;
      if (at < 0) continue;
      target[2 * i] = source[2 * at]!;
      target[2 * i + 1] = source[2 * at + 1]!;
    }
  } else {
    for (let i = 0; i < positions.length; i++) {
      const at = positions[i]!;
      if (at >= 0) target[i] = source[at]!;
    }
  }
  return { dtype: from.dtype, shape, data: out };
}

/**
 * Positions of a grid: axis `a` has `sizes[a]` steps of `steps[a]` from `offset`. Any view that strides can
 * describe (transposed, broadcast, reversed, cut) is one.
 */
export function gridPositions(
  sizes: readonly number[],
  steps: readonly number[],
  offset: number,
): Int32Array {
  let positions = Int32Array.of(offset);
  const total = elementCount(sizes);
  if (total === 0) return new Int32Array(0);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
    if (size === 1) continue;
    const step = steps[axis]!;
    const { length } = positions;
    const wider = new Int32Array(length * size);
    for (let k = 0, at = 0; k < size; k++) {
      const shift = k * step;
      for (let i = 0; i < length; i++) wider[at++] = positions[i]! + shift;
    }
    positions = wider;
  }
  return positions;
}

/** The axis as a number from 0, or undefined when it is out of range. */
export function normalAxis(axis: number, rank: number): number | undefined {
  if (axis < -rank || axis >= rank) return undefined;
  return axis < 0 ? axis + rank : axis;
}
