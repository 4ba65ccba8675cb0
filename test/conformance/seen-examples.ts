import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import type { MemorySignature } from '../http/memory-directory.js';

let seen: Uint8Array[] = [];

/** The examples that the models below were asked about last. */
export function takeSeen(): readonly Uint8Array[] {
  return seen;
}

function remembering(output: string, shapeOf: (rows: number) => number[]): MemorySignature {
  return {
    inputs: { inputs: 'string' },
    outputs: { [output]: 'float32' },
    run: (inputs) => {
      const { data } = inputs.get('inputs') as Tensor & { readonly data: Uint8Array[] };
      seen = [...data];
      const tensor = numericTensor('float32', shapeOf(data.length), new Array(data.length).fill(0));
      return new Map([[output, tensor]]);
    },
  };
}

/** Models for classify and regress that keep what they were given. */
export const SEEING = {
  seen: { serving_default: remembering('scores', (rows) => [rows, 1]) },
  'seen-values': { serving_default: remembering('outputs', (rows) => [rows]) },
};
