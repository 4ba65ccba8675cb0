import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementCount, numericTensor } from '../../src/base/tensor.js';
import { transposeTensor } from '../../src/convert/transpose.js';

/** Element by element, from the definition. */
function transposeSlowly(shape: readonly number[], perm: readonly number[]): number[] {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const result = perm.map((axis) => shape[axis]!);
  return Array.from({ length: elementCount(shape) }, (_, flat) => {
    let rest = flat;
    let at = 0;
    for (let axis = result.length - 1; axis >= 0; axis--) {
      at += (rest % result[axis]!) * strides[perm[axis]!]!;
      rest = Math.floor(rest / result[axis]!);
    }
    return at;
  });
}

const shapes = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5), { maxLength: 5 });
const cases = shapes.chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc.shuffledSubarray([...shape.keys()], { minLength: shape.length, maxLength: shape.length }),
  ),
);

describe('transposeTensor', () => {
  it.each(['float32', 'int64', 'uint8'] as const)('moves every element of %s', (dtype) => {
    fc.assert(
      fc.property(cases, ([shape, perm]) => {
        const values = Array.from({ length: elementCount(shape) }, (_, index) => index % 251);
        const made = transposeTensor(numericTensor(dtype, shape, values), perm);
        expect(made.shape).toEqual(perm.map((axis) => shape[axis]));
        expect(Array.from(made.data, Number)).toEqual(transposeSlowly(shape, perm).map((at) => values[at]));
      }),
    );
  });

  it('turns matrices larger than its squares', () => {
    const shape = [3, 70, 90];
    const values = Array.from({ length: elementCount(shape) }, (_, index) => index);
    for (const perm of [
      [2, 1, 0],
      [0, 2, 1],
      [2, 0, 1],
      [1, 0, 2],
    ]) {
      const made = transposeTensor(numericTensor('float32', shape, values), perm);
      expect(Array.from(made.data, Number)).toEqual(transposeSlowly(shape, perm));
    }
  });
});
