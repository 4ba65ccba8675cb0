import { allocate, isNumericDType } from '../base/dtype.js';
import { elementCount, type Tensor, type TensorMap } from '../base/tensor.js';
import type { PlanTensor } from '../convert/plan.js';

/** What an unknown dimension behind the batch is taken as. */
const UNKNOWN_DIMENSION = 1;
const EMPTY = new Uint8Array(0);

function sampleTensor({ dtype, shape }: PlanTensor, rows: number): Tensor | undefined {
  if (shape === null) return undefined;
  const dims = shape.map((dim, axis) =>
    typeof dim === 'number' ? dim : axis === 0 ? rows : UNKNOWN_DIMENSION,
  );
  const count = elementCount(dims);
  if (dtype === 'string') return { dtype, shape: dims, data: new Array<Uint8Array>(count).fill(EMPTY) };
  if (!isNumericDType(dtype)) return undefined;
  return { dtype, shape: dims, data: allocate(dtype, count) };
}

/**
 * Zeros (and empty strings) of the declared shapes with `rows` rows, to warm a signature up; undefined where
 * the declaration does not say enough.
 */
export function sampleInputs(inputs: readonly PlanTensor[], rows: number): TensorMap | undefined {
  const sample: TensorMap = new Map();
  for (const input of inputs) {
    const tensor = sampleTensor(input, rows);
    if (tensor === undefined) return undefined;
    sample.set(input.name, tensor);
  }
  return sample;
}
