import { status } from '@grpc/grpc-js';
import { numericTensor } from '../../src/base/tensor.js';
import { GRPC_SCHEMA, type GrpcMessage, type MessageOut } from '../../src/grpc/messages.js';
import { encodeTensor } from '../../src/grpc/tensor-proto.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { makeRandom, mutateBytes } from '../fixtures/mutate.mjs';
import type { GrpcClient } from './client.js';

const SERVING = '/tensorflow.serving.PredictionService';
const INFER = '/inference.GRPCInferenceService/ModelInfer';
const AT_ONCE = 50;

/** What a server may answer bytes with that mean nothing. */
const KNOWN = new Set<number>([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
]);

function seed<N extends GrpcMessage>(path: string, name: N, message: MessageOut<N>) {
  return { path, bytes: encodeMessage(GRPC_SCHEMA, name, message) };
}

/** A valid request to each method; `regress` is a signature that takes examples. */
function listSeeds(name: string, regress: string) {
  const input = { example_list: { examples: [Uint8Array.of(1, 2), new Uint8Array()] } };
  const x = encodeTensor(numericTensor('float32', [2], [1, 2]), false);
  const tensor = { name: 'x', datatype: 'FP32', shape: [2n] };
  return [
    seed(`${SERVING}/Predict`, 'PredictRequest', {
      model_spec: { name, version: { value: 1n }, signature_name: 'serving_default' },
      inputs: new Map([['x', x]]),
      output_filter: ['y'],
    }),
    seed(`${SERVING}/Regress`, 'RegressionRequest', {
      model_spec: { name, signature_name: regress },
      input,
    }),
    seed(`${SERVING}/MultiInference`, 'MultiInferenceRequest', {
      tasks: [{ model_spec: { name, signature_name: regress }, method_name: 'tensorflow/serving/regress' }],
      input,
    }),
    seed(`${SERVING}/GetModelMetadata`, 'GetModelMetadataRequest', {
      model_spec: { name },
      metadata_field: ['signature_def'],
    }),
    seed(INFER, 'ModelInferRequest', {
      model_name: name,
      parameters: new Map([['signature_name', { string_param: 'serving_default' }]]),
      inputs: [{ ...tensor, contents: { fp32_contents: [1, 2] } }],
    }),
    seed(INFER, 'ModelInferRequest', {
      model_name: name,
      inputs: [tensor],
      raw_input_contents: [new Uint8Array(8)],
    }),
    seed('/grpc.health.v1.Health/Check', 'HealthCheckRequest', { service: name }),
  ];
}

/** Sends `count` changed messages; gives the statuses of the answers, and those that should not be. */
export async function fuzz(client: GrpcClient, count: number, name: string, regress: string) {
  const seeds = listSeeds(name, regress);
  const random = makeRandom(4);
  const codes = new Map<number, number>();
  let left = count;
  const run = async (): Promise<void> => {
    while (left-- > 0) {
      const { path, bytes } = random.pick(seeds);
      const code = await client.callBytes(path, mutateBytes(bytes, random), 60_000).then(
        () => status.OK,
        (error: { code: number }) => error.code,
      );
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  const strange = [...codes].filter(([code]) => !KNOWN.has(code));
  return { codes, strange: strange.map(([code, times]) => `${status[code]} x${times}`) };
}
