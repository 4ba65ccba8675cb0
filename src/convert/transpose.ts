import { allocate, isComplexDType, isNumericDType, type NumericArray } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { NumericTensor } from '../base/tensor.js';

/** Side of the squares that a matrix is turned in: they fit the cache together. */
const TILE = 32;

/** The transposed tensor: axis `i` of the result is axis `perm[i]` of the source. */
export function transposeTensor(tensor: NumericTensor, perm: readonly number[]): NumericTensor {
  const { shape: from, dtype } = tensor;
  if (!isNumericDType(dtype) || isComplexDType(dtype)) {
    throw new TfdeployError('TFD_BUG', `transpose of a ${dtype} constant`);
  }
  const shape = perm.map((axis) => from[axis]!);
  const data = allocate(dtype, tensor.data.length);
  if (data.length === 0) return { dtype, shape, data };
  const { sizes, steps } = joinAxes(shape, perm, from);
  if (sizes.length === 1) (data as Float32Array).set(tensor.data as Float32Array);
  else copyStrided(tensor.data, data, sizes, steps);
  return { dtype, shape, data };
}

/** Sizes of the result's axes and their steps in the source, neighbours that stay neighbours joined to one. */
function joinAxes(
  shape: readonly number[],
  perm: readonly number[],
  from: readonly number[],
): { sizes: number[]; steps: number[] } {
  const strides = new Array<number>(from.length).fill(1);
  for (let axis = from.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * from[axis + 1]!;
  const sizes: number[] = [];
  const steps: number[] = [];
  shape.forEach((size, axis) => {
    const step = strides[perm[axis]!]!;
    const last = sizes.length - 1;
    if (size === 1) return;
    if (last >= 0 && steps[last] === step * size) {
      sizes[last] = sizes[last]! * size;
      steps[last] = step;
    } else {
      sizes.push(size);
      steps.push(step);
    }
  });
  return sizes.length === 0 ? { sizes: [1], steps: [1] } : { sizes, steps };
}

/** Copies square by square over the last axis and the one that is densest in the source. */
function copyStrided(
  from: NumericArray,
  to: NumericArray,
  sizes: readonly number[],
  steps: readonly number[],
): void {
  const inner = sizes.length - 1;
  const targets = new Array<number>(sizes.length).fill(1);
  for (let axis = inner - 1; axis >= 0; axis--) targets[axis] = targets[axis + 1]! * sizes[axis + 1]!;
  const dense = steps.indexOf(Math.min(...steps));
  const cross = dense === inner ? inner - 1 : dense;
  const others = sizes.map((_, axis) => axis).filter((axis) => axis !== inner && axis !== cross);
  const index = others.map(() => 0);
  for (let read = 0, write = 0; ; ) {
    turn(from, to, read, write, sizes[cross]!, steps[cross]!, targets[cross]!, sizes[inner]!, steps[inner]!);
    let at = others.length - 1;
    for (; at >= 0; at--) {
      const axis = others[at]!;
      read += steps[axis]!;
      write += targets[axis]!;
      if (++index[at]! < sizes[axis]!) break;
      read -= steps[axis]! * sizes[axis]!;
      write -= targets[axis]! * sizes[axis]!;
      index[at] = 0;
    }
    if (at < 0) return;
  }
}

/** One matrix of `rows` by `columns`; columns are neighbours in the target. */
function turn(
  from: NumericArray,
  to: NumericArray,
  read: number,
  write: number,
  rows: number,
  rowStep: number,
  rowTarget: number,
  columns: number,
  columnStep: number,
): void {
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let row = top; row < bottom; row++) {
        let source = read + row * rowStep + left * columnStep;
        let target = write + row * rowTarget + left;
        for (let column = left; column < right; column++, source += columnStep) {
          to[target++] = from[source] as never;
        }
      }
    }
  }
}
