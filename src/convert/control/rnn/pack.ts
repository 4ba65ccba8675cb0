import type { TensorValue } from '../../../savedmodel/types.js';
import type { Cell, GateWeights } from './cell.js';
import type { Matrix } from './matrix.js';

function packed(shape: readonly number[], compute: () => Float32Array): TensorValue {
  const byteLength = shape.reduce((product, dim) => product * dim, 4);
  return { dtype: 'float32', shape, byteLength, read: () => ({ dtype: 'float32', shape, data: compute() }) };
}

/** Matrices [k, width] of all gates as ONNX wants them: [1, gates · width, k]. */
function packMatrices(cell: Cell, k: number, pick: (gate: GateWeights) => Matrix): TensorValue {
  const { gates, width } = cell;
  return packed([1, gates.length * width, k], () => {
    const made = new Float32Array(gates.length * width * k);
    gates.forEach((gate, g) => {
      const source = pick(gate).read();
      for (let row = 0; row < k; row++)
        for (let col = 0; col < width; col++) made[(g * width + col) * k + row] = source[row * width + col]!;
    });
    return made;
  });
}

/** ONNX input W. */
export function inputWeights(cell: Cell): TensorValue {
  return packMatrices(cell, cell.inputWidth, ({ input }) => input);
}

/** ONNX input R. */
export function stateWeights(cell: Cell): TensorValue {
  return packMatrices(cell, cell.width, ({ state }) => state);
}

/** ONNX input B: the biases beside the inputs, then those beside the state. */
export function biasOf({ gates, width }: Cell): TensorValue {
  return packed([1, 2 * gates.length * width], () => {
    const made = new Float32Array(2 * gates.length * width);
    gates.forEach(({ inputBias, stateBias }, g) => {
      made.set(inputBias.read(), g * width);
      made.set(stateBias.read(), (gates.length + g) * width);
    });
    return made;
  });
}
