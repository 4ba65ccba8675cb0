import { DTYPES } from '../base/dtype.js';
import type { TensorMap } from '../base/tensor.js';
import type { ServableSignature } from '../repository/types.js';
import { answerSpec, type CallContext, findServable, inputError } from './call.js';
import type { MessageIn, MessageOut } from './messages.js';
import { findSignature } from './signature.js';
import { decodeTensor, encodeTensor } from './tensor-proto.js';

const DEFAULT_SIGNATURE = 'serving_default';

const braced = (names: readonly string[]) => `{${names.join(',')}}`;

/** TensorFlow Serving's text when the names sent are not the names wanted. */
function checkNames(given: readonly string[], signature: ServableSignature): void {
  const wanted = signature.inputs.map(({ name }) => name);
  const required = signature.inputs.filter((input) => input.default === undefined).map(({ name }) => name);
  const extra = given.filter((name) => !wanted.includes(name));
  const missing = required.filter((name) => !given.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw inputError(
    `input size does not match signature: ${given.length}!=${wanted.length} len(${braced(given)}) != ` +
      `len(${braced(wanted)}). Sent extra: ${braced(extra)}. Missing but required: ${braced(missing)}.`,
  );
}

function readInputs(request: MessageIn<'PredictRequest'>, signature: ServableSignature): TensorMap {
  checkNames([...request.inputs.keys()].sort(), signature);
  const inputs: TensorMap = new Map();
  signature.inputs.forEach(({ name, dtype }, index) => {
    const bytes = request.inputs.get(name);
    if (bytes === undefined) return;
    const tensor = decodeTensor(bytes, name);
    if (tensor.dtype !== dtype) {
      const [wanted, got] = [DTYPES[dtype].short, DTYPES[tensor.dtype].short];
      throw inputError(`Expects arg[${index}] to be ${wanted} but ${got} is provided`);
    }
    inputs.set(name, tensor);
  });
  return inputs;
}

function readFilter(filter: readonly string[], signature: ServableSignature): readonly string[] | undefined {
  if (filter.length === 0) return undefined;
  const known = new Set(signature.outputs.map(({ name }) => name));
  const seen = new Set<string>();
  for (const name of filter) {
    if (!known.has(name))
      throw inputError(
        `output tensor alias not found in signature: ${name} Outputs expected to be in the set ${braced([...known])}.`,
      );
    if (seen.has(name)) throw inputError(`duplicate output tensor alias: ${name}`);
    seen.add(name);
  }
  return filter;
}

/** PredictionService.Predict. */
export async function predict(
  request: MessageIn<'PredictRequest'>,
  context: CallContext,
): Promise<MessageOut<'PredictResponse'>> {
  const servable = findServable(context, request.model_spec);
  const name = request.model_spec?.signature_name || DEFAULT_SIGNATURE;
  const signature = findSignature(servable, name);
  context.onServable(servable, name);
  const outputs = readFilter(request.output_filter, signature);
  const answer = await servable.predict({
    signature: name,
    inputs: readInputs(request, signature),
    outputs,
    deadlineMs: context.deadlineMs,
    signal: context.signal,
  });
  const encoded = [...answer.outputs].map(
    ([key, tensor]) => [key, encodeTensor(tensor, context.asContent)] as const,
  );
  return { outputs: new Map(encoded), model_spec: answerSpec(servable, name) };
}
