import { allocate, isFloatDType, isNumericDType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { toBfloat16Bits, toHalfBits } from '../base/half.js';
import { elementCount, type Tensor, type TensorMap } from '../base/tensor.js';
import type { PlanTensor, SignaturePlan } from '../convert/plan.js';

/** The same sample on every machine: a linear congruential generator (the constants of Numerical Recipes). */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const SAMPLE_TEXT = new TextEncoder().encode('sample');

function sampleTensor(input: PlanTensor, random: () => number, text: Uint8Array): Tensor {
  if (input.shape === null) {
    throw new TfdeployError(
      'TFD_INPUT_INVALID',
      `input ${input.name} has no rank, so no sample can be made`,
      {
        hint: 'give the input with --input FILE',
      },
    );
  }
  const shape = input.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  const count = elementCount(shape);
  const { dtype } = input;
  if (dtype === 'string') {
    return { dtype, shape, data: new Array<Uint8Array>(count).fill(text) };
  }
  if (!isNumericDType(dtype)) {
    throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `input ${input.name} is a ${dtype}`);
  }
  const data = allocate(dtype, count);
  if (!isFloatDType(dtype)) return { dtype, shape, data };
  const encode = { float16: toHalfBits, bfloat16: toBfloat16Bits }[dtype as string];
  for (let index = 0; index < data.length; index++) data[index] = encode?.(random()) ?? random();
  return { dtype, shape, data };
}

/**
 * A request that fits the signature: floats between 0 and 1, zeros for integers, one row, unknown sizes 1.
 * `texts` are the samples of string inputs that not every string fits.
 */
export function sampleInputs(signature: SignaturePlan, texts: ReadonlyMap<string, Uint8Array>): TensorMap {
  const random = createRandom();
  const needed = signature.inputs.filter((input) => input.default === undefined);
  return new Map(
    needed.map((input) => [input.name, sampleTensor(input, random, texts.get(input.name) ?? SAMPLE_TEXT)]),
  );
}
