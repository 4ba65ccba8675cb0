import { DTYPES, slotsPerElement } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { elementCount, type Tensor, type TensorMap } from '../base/tensor.js';
import type { PlanTensor } from '../convert/plan.js';
import type { PredictRequest, ServableSignature } from './types.js';

function refuse(message: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', message);
}

function checkTensor({ name, dtype }: PlanTensor, tensor: Tensor, index: number): void {
  if (tensor.dtype !== dtype)
    throw refuse(
      `Expects arg[${index}] to be ${DTYPES[dtype].short} but ${DTYPES[tensor.dtype].short} is provided`,
    );
  const slots = tensor.dtype === 'string' ? 1 : slotsPerElement(tensor.dtype);
  if (elementCount(tensor.shape) * slots !== tensor.data.length)
    throw refuse(`input "${name}" of shape [${tensor.shape}] has ${tensor.data.length / slots} elements`);
}

function checkNames(signature: ServableSignature, inputs: TensorMap): void {
  const known = new Set(signature.inputs.map(({ name }) => name));
  const extra = [...inputs.keys()].filter((name) => !known.has(name));
  const missing = signature.inputs
    .filter((input) => input.default === undefined && !inputs.has(input.name))
    .map(({ name }) => name);
  if (extra.length === 0 && missing.length === 0) return;
  throw refuse(
    `input keys do not match model expected keys. Sent extra: {${extra.join(',')}}. Missing but required: {${missing.join(',')}}.`,
  );
}

function checkOutputs(signature: ServableSignature, outputs: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of outputs) {
    if (!signature.outputs.some((output) => output.name === name))
      throw refuse(`output tensor alias not found in signature: ${name}`);
    if (seen.has(name)) throw refuse(`duplicate output tensor alias: ${name}`);
    seen.add(name);
  }
}

/**
 * Checks a request against its signature before it meets others in a batch: input and output names, data types
 * and element counts; shapes are the caller's. TFD_INPUT_INVALID with TensorFlow Serving's words.
 */
export function checkRequest(signature: ServableSignature, { inputs, outputs }: PredictRequest): void {
  let used = 0;
  for (const [index, input] of signature.inputs.entries()) {
    const tensor = inputs.get(input.name);
    if (tensor === undefined) {
      if (input.default === undefined) checkNames(signature, inputs);
      continue;
    }
    used++;
    checkTensor(input, tensor, index);
  }
  if (used !== inputs.size) checkNames(signature, inputs);
  if (outputs !== undefined) checkOutputs(signature, outputs);
}
