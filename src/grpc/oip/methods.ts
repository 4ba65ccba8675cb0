import { isTfdeployError } from '../../base/error.js';
import type { TensorMap } from '../../base/tensor.js';
import type { PlanTensor } from '../../convert/plan.js';
import { writeRawTensor } from '../../http/binary/raw-tensor.js';
import { readInferParameters } from '../../http/oip/parameters.js';
import { listRepository } from '../../http/oip/repository-index.js';
import { OIP_TYPES } from '../../http/oip/types.js';
import type { Servable } from '../../repository/types.js';
import { type CallContext, inputError } from '../call.js';
import type { MessageIn, MessageOut } from '../messages.js';
import { findSignature } from '../signature.js';
import { describeOutput, isRawOnly, readInput } from './tensors.js';

const MAX_INT64 = (1n << 63n) - 1n;

function findModel(context: CallContext, name: string, version: string): Servable {
  if (name === '') throw inputError('the request names no model');
  if (version === '') return context.directory.find(name, {});
  if (!/^\d{1,19}$/.test(version) || BigInt(version) > MAX_INT64)
    throw inputError(`model_version "${version}" is no version number`);
  return context.directory.find(name, { version: BigInt(version) });
}

export function serverMetadata(): MessageOut<'ServerMetadataResponse'> {
  return { name: 'tfdeploy', version: '2', extensions: ['binary_tensor_data'] };
}

export function serverReady(_: unknown, { directory }: CallContext): MessageOut<'ServerReadyResponse'> {
  return { ready: directory.isReady && !directory.isDraining };
}

/** False, and no error, for a model that is not there: the question is whether it can be asked. */
export function modelReady(
  { name, version }: MessageIn<'ModelReadyRequest'>,
  context: CallContext,
): MessageOut<'ModelReadyResponse'> {
  try {
    findModel(context, name, version);
    return { ready: true };
  } catch (error) {
    const isAbsent =
      isTfdeployError(error) && (error.code === 'TFD_NOT_FOUND' || error.code === 'TFD_UNAVAILABLE');
    if (!isAbsent) throw error;
    return { ready: false };
  }
}

const describeTensor = ({ name, dtype, shape }: PlanTensor): MessageOut<'TensorMetadata'> => ({
  name,
  datatype: OIP_TYPES.get(dtype) ?? dtype,
  shape: (shape ?? [-1]).map((dim) => BigInt(typeof dim === 'number' ? dim : -1)),
});

/** The default signature's inputs and outputs; others are chosen by the parameter `signature_name`. */
export function modelMetadata(
  { name, version }: MessageIn<'ModelMetadataRequest'>,
  context: CallContext,
): MessageOut<'ModelMetadataResponse'> {
  const servable = findModel(context, name, version);
  const { signatures } = servable;
  const main = signatures.get('serving_default') ?? [...signatures.values()][0];
  return {
    name: servable.model,
    versions: context.directory
      .status(servable.model)
      .filter(({ state }) => state === 'AVAILABLE')
      .map((each) => String(each.version)),
    platform: 'tensorflow_savedmodel',
    inputs: (main?.inputs ?? []).map(describeTensor),
    outputs: (main?.outputs ?? []).map(describeTensor),
  };
}

function readInputs({ inputs, raw_input_contents: raw }: MessageIn<'ModelInferRequest'>): TensorMap {
  const isRaw = raw.length > 0;
  if (isRaw && raw.length !== inputs.length)
    throw inputError(`${raw.length} raw_input_contents for ${inputs.length} inputs`);
  const tensors: TensorMap = new Map();
  inputs.forEach((input, index) => {
    if (tensors.has(input.name)) throw inputError(`input "${input.name}" is given twice`);
    if (isRaw && input.contents !== undefined)
      throw inputError(`input "${input.name}" has contents beside raw_input_contents`);
    tensors.set(input.name, readInput(input, raw[index]));
  });
  return tensors;
}

/** GRPCInferenceService.ModelInfer. A request with raw contents is answered raw, and so are FP16 and BF16. */
export async function modelInfer(
  request: MessageIn<'ModelInferRequest'>,
  context: CallContext,
): Promise<MessageOut<'ModelInferResponse'>> {
  const servable = findModel(context, request.model_name, request.model_version);
  const asked = readInferParameters((name) => {
    const { bool_param, int64_param, string_param, double_param, uint64_param } =
      request.parameters.get(name) ?? {};
    const number = int64_param ?? uint64_param;
    return bool_param ?? string_param ?? double_param ?? (number === undefined ? undefined : Number(number));
  });
  const signature = findSignature(servable, asked.signature ?? 'serving_default');
  context.onServable(servable, signature.name);
  const inputs = readInputs(request);
  const wanted = request.outputs.length === 0 ? undefined : request.outputs.map((output) => output.name);
  const timeoutAtMs = asked.timeoutMs === undefined ? undefined : performance.now() + asked.timeoutMs;
  const { outputs } = await servable.predict({
    signature: signature.name,
    inputs,
    ...(wanted === undefined ? {} : { outputs: wanted }),
    deadlineMs:
      timeoutAtMs === undefined
        ? context.deadlineMs
        : Math.min(timeoutAtMs, context.deadlineMs ?? timeoutAtMs),
    ...(asked.priority === undefined ? {} : { priority: asked.priority }),
    signal: context.signal,
  });
  const listed = (wanted ?? [...outputs.keys()]).flatMap((output) => {
    const tensor = outputs.get(output);
    return tensor === undefined ? [] : [{ output, tensor }];
  });
  const isRaw = request.raw_input_contents.length > 0 || listed.some(({ tensor }) => isRawOnly(tensor));
  return {
    model_name: servable.model,
    model_version: String(servable.version),
    id: request.id,
    outputs: listed.map(({ output, tensor }) => describeOutput(output, tensor, isRaw)),
    raw_output_contents: isRaw ? listed.map(({ tensor }) => writeRawTensor(tensor)) : [],
  };
}

/** GRPCInferenceService.RepositoryIndex, Triton's list of models. */
export function repositoryIndex(
  { ready }: MessageIn<'RepositoryIndexRequest'>,
  { directory }: CallContext,
): MessageOut<'RepositoryIndexResponse'> {
  return { models: listRepository(directory, ready) };
}
