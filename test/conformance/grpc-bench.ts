import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '../../src/base/tensor.js';
import type { MessageIn, MessageOut } from '../../src/grpc/messages.js';
import { decodeTensor, encodeTensor } from '../../src/grpc/tensor-proto.js';
import { EXAMPLE_SCHEMA } from '../../src/savedmodel/proto/example.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { tempFolder } from '../e2e/serve-harness.js';
import type { GrpcClient } from '../grpc/client.js';
import { SINGLE_MODELS, TESTDATA } from './testdata.js';

/** The table's models for gRPC, by its names. */
const MODELS = {
  H2: SINGLE_MODELS.H2,
  H2T: SINGLE_MODELS.H2T,
  CNT: SINGLE_MODELS.CNT,
  H2V: join(TESTDATA, 'saved_model_half_plus_two_2_versions'),
} as const;

/** A configuration file with the table's models, every version of each. */
export function writeModels(): string {
  const path = join(tempFolder(), 'models.config');
  const rows = Object.entries(MODELS).map(
    ([name, base]) =>
      `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" model_version_policy { all {} } }`,
  );
  writeFileSync(path, `model_config_list { ${rows.join('\n')} }`);
  return path;
}

export const PREDICTION = '/tensorflow.serving.PredictionService';
export const MODEL = '/tensorflow.serving.ModelService';

export const scalar = (value: number): Tensor => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(value),
});
export const vector = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

type FeatureIn = Readonly<Record<string, readonly number[] | string>>;

/** A serialized tf.Example: numbers are a float_list, text is a bytes_list. */
export function example(features: FeatureIn): Uint8Array {
  const feature = new Map(
    Object.entries(features).map(([name, value]) => [
      name,
      typeof value === 'string'
        ? { bytes_list: { value: [new TextEncoder().encode(value)] } }
        : { float_list: { value } },
    ]),
  );
  return encodeMessage(EXAMPLE_SCHEMA, 'Example', { features: { feature } });
}

export const inputOf = (...examples: Uint8Array[]): MessageOut<'Input'> => ({ example_list: { examples } });

export interface Predicted {
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly spec: MessageIn<'ModelSpec'> | undefined;
}

export async function predict(
  client: GrpcClient,
  spec: MessageOut<'ModelSpec'> | undefined,
  inputs: Readonly<Record<string, Tensor>>,
  output_filter: readonly string[] = [],
): Promise<Predicted> {
  const answer = await client.call(`${PREDICTION}/Predict`, 'PredictRequest', 'PredictResponse', {
    ...(spec === undefined ? {} : { model_spec: spec }),
    inputs: new Map(Object.entries(inputs).map(([name, tensor]) => [name, encodeTensor(tensor, false)])),
    output_filter,
  });
  const outputs = new Map([...answer.outputs].map(([name, bytes]) => [name, decodeTensor(bytes, name)]));
  return { outputs, spec: answer.model_spec };
}

export function classify(
  client: GrpcClient,
  spec: MessageOut<'ModelSpec'>,
  input: MessageOut<'Input'>,
): Promise<MessageIn<'ClassificationResponse'>> {
  const message = { model_spec: spec, input };
  return client.call(`${PREDICTION}/Classify`, 'ClassificationRequest', 'ClassificationResponse', message);
}

export function regress(
  client: GrpcClient,
  spec: MessageOut<'ModelSpec'>,
  input: MessageOut<'Input'>,
): Promise<MessageIn<'RegressionResponse'>> {
  const message = { model_spec: spec, input };
  return client.call(`${PREDICTION}/Regress`, 'RegressionRequest', 'RegressionResponse', message);
}

/** Tasks as `[model, signature, method]`. */
export function multiInference(
  client: GrpcClient,
  tasks: readonly (readonly [string, string, string])[],
  input: MessageOut<'Input'> | undefined,
): Promise<MessageIn<'MultiInferenceResponse'>> {
  return client.call(`${PREDICTION}/MultiInference`, 'MultiInferenceRequest', 'MultiInferenceResponse', {
    tasks: tasks.map(([name, signature_name, method]) => ({
      model_spec: { name, signature_name },
      method_name: `tensorflow/serving/${method}`,
    })),
    ...(input === undefined ? {} : { input }),
  });
}
