import { CODES, type Code } from '../base/codes.js';
import { DTYPES, slotsPerElement } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { formatShape } from '../base/shape.js';
import { elementCount, type Tensor, type TensorMap } from '../base/tensor.js';
import type { Plan, PlanTensor, SignaturePlan } from '../convert/plan.js';

/** The plan of a signature. TFD_SIGNATURE_NOT_FOUND, or the first reason why it could not be compiled. */
export function findSignature(plan: Plan, name: string): SignaturePlan {
  const found = plan.signatures.find((each) => each.name === name);
  if (found !== undefined) return found;
  const refused = plan.refused.find((each) => each.name === name);
  const known = [...plan.signatures, ...plan.refused].map((each) => each.name).join(', ');
  if (refused === undefined) {
    throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `the model has no signature "${name}"`, {
      hint: known === '' ? undefined : `it has: ${known}`,
    });
  }
  const [first] = refused.blockers;
  const place = first === undefined || first.node === '' ? '' : ` (${first.op} ${first.node})`;
  throw new TfdeployError(
    first !== undefined && first.code in CODES ? (first.code as Code) : 'TFD_OP_UNSUPPORTED',
    `signature "${name}" can not be run: ${first?.why ?? 'it was refused'}${place}`,
    { hint: first?.wayOut, details: { blockers: refused.blockers } },
  );
}

function refuse(message: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', message);
}

function checkTensor(input: PlanTensor, tensor: Tensor): Tensor {
  if (tensor.dtype !== input.dtype) {
    throw refuse(`input ${input.name} is ${tensor.dtype}, the signature wants ${input.dtype}`);
  }
  if (tensor.shape.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    throw refuse(`input ${input.name} has the shape ${formatShape(tensor.shape)}`);
  }
  const slots = tensor.dtype === 'string' ? 1 : slotsPerElement(tensor.dtype);
  if (elementCount(tensor.shape) * slots !== tensor.data.length) {
    throw refuse(
      `input ${input.name} of shape ${formatShape(tensor.shape)} has ${tensor.data.length / slots} elements`,
    );
  }
  return tensor;
}

/**
 * The values of a request by the names that the stages use: every input present or defaulted, none
 * unknown, data types and element counts right. Shapes are not compared with the declared ones
 * (TensorFlow does not either). TFD_INPUT_INVALID.
 */
export function bindInputs(signature: SignaturePlan, inputs: TensorMap): Map<string, Tensor> {
  const values = new Map<string, Tensor>();
  let used = 0;
  for (const input of signature.inputs) {
    const given = inputs.get(input.name);
    if (given !== undefined) used++;
    const tensor = given ?? input.default;
    if (tensor === undefined) throw refuse(`input ${input.name} is missing`);
    values.set(input.ref, checkTensor(input, tensor));
  }
  if (used < inputs.size) {
    const known = new Set(signature.inputs.map(({ name }) => name));
    const unknown = [...inputs.keys()].filter((name) => !known.has(name));
    throw refuse(`signature "${signature.name}" has no input ${unknown.join(', ')}`);
  }
  return values;
}

/** The outputs that a request wants, all when it names none. TFD_INPUT_INVALID for an unknown one. */
export function selectOutputs(
  signature: SignaturePlan,
  names: readonly string[] | undefined,
): readonly PlanTensor[] {
  if (names === undefined || names.length === 0) return signature.outputs;
  return [...new Set(names)].map((name) => {
    const output = signature.outputs.find((each) => each.name === name);
    if (output === undefined) throw refuse(`signature "${signature.name}" has no output ${name}`);
    return output;
  });
}

/** The computed value under the data type of the signature (a quantized one is stored as a plain integer). */
export function labelOutput(output: PlanTensor, value: Tensor | undefined): Tensor {
  if (value === undefined) {
    throw new TfdeployError('TFD_ENGINE_FAILED', `no stage computed the output ${output.name}`);
  }
  if (value.dtype === output.dtype) return value;
  const isSameStorage =
    value.dtype !== 'string' &&
    DTYPES[value.dtype].onnx === DTYPES[output.dtype].onnx &&
    output.dtype !== 'string';
  if (!isSameStorage) {
    throw new TfdeployError(
      'TFD_ENGINE_FAILED',
      `the engine computed ${output.name} as ${value.dtype}, the signature says ${output.dtype}`,
    );
  }
  return { ...value, dtype: output.dtype as typeof value.dtype };
}
