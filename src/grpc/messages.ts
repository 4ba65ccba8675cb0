import { TF_MESSAGES } from '../savedmodel/proto/schema.js';
import { defineSchema } from '../savedmodel/wire/compile.js';
import type { Decoded, Encodable } from '../savedmodel/wire/schema.js';

/**
 * The messages of tensorflow_serving/apis, grpc.health.v1 and what they refer to, restricted to the fields
 * that are read or written. Field numbers are TensorFlow Serving's; `lazy` fields stay bytes.
 */
export const GRPC_MESSAGES = {
  ...TF_MESSAGES,
  Int64Value: { value: [1, 'int64'] },
  ModelSpec: {
    name: [1, 'string'],
    version: [2, 'Int64Value', 'version_choice'],
    signature_name: [3, 'string'],
    version_label: [4, 'string?', 'version_choice'],
  },
  PredictRequest: {
    model_spec: [1, 'ModelSpec'],
    inputs: [2, 'map<string, lazy TensorProto>'],
    output_filter: [3, 'string[]'],
  },
  PredictResponse: { outputs: [1, 'map<string, lazy TensorProto>'], model_spec: [2, 'ModelSpec'] },
  Input: {
    example_list: [1, 'ExampleList', 'kind'],
    example_list_with_context: [2, 'ExampleListWithContext', 'kind'],
  },
  ExampleList: { examples: [1, 'bytes[]'] },
  ExampleListWithContext: { examples: [1, 'bytes[]'], context: [2, 'bytes'] },
  ClassificationRequest: { model_spec: [1, 'ModelSpec'], input: [2, 'Input'] },
  ClassificationResponse: { result: [1, 'ClassificationResult'], model_spec: [2, 'ModelSpec'] },
  ClassificationResult: { classifications: [1, 'Classifications[]'] },
  Classifications: { classes: [1, 'Class[]'] },
  Class: { label: [1, 'bytes'], score: [2, 'float'] },
  RegressionRequest: { model_spec: [1, 'ModelSpec'], input: [2, 'Input'] },
  RegressionResponse: { result: [1, 'RegressionResult'], model_spec: [2, 'ModelSpec'] },
  RegressionResult: { regressions: [1, 'Regression[]'] },
  Regression: { value: [1, 'float'] },
  MultiInferenceRequest: { tasks: [1, 'InferenceTask[]'], input: [2, 'Input'] },
  InferenceTask: { model_spec: [1, 'ModelSpec'], method_name: [2, 'string'] },
  MultiInferenceResponse: { results: [1, 'InferenceResult[]'] },
  InferenceResult: {
    model_spec: [1, 'ModelSpec'],
    classification_result: [2, 'ClassificationResult', 'result'],
    regression_result: [3, 'RegressionResult', 'result'],
  },
  GetModelMetadataRequest: { model_spec: [1, 'ModelSpec'], metadata_field: [2, 'string[]'] },
  GetModelMetadataResponse: { model_spec: [1, 'ModelSpec'], metadata: [2, 'map<string, Any>'] },
  Any: { type_url: [1, 'string'], value: [2, 'bytes'] },
  SignatureDefMap: { signature_def: [1, 'map<string, SignatureDef>'] },
  GetModelStatusRequest: { model_spec: [1, 'ModelSpec'] },
  GetModelStatusResponse: { model_version_status: [1, 'ModelVersionStatus[]'] },
  ModelVersionStatus: { version: [1, 'int64'], state: [2, 'int32'], status: [3, 'StatusProto'] },
  StatusProto: { error_code: [1, 'int32'], error_message: [2, 'string'] },
  ReloadConfigRequest: { config: [1, 'bytes'], metric_names: [2, 'string[]'] },
  ReloadConfigResponse: { status: [1, 'StatusProto'] },
  HealthCheckRequest: { service: [1, 'string'] },
  HealthCheckResponse: { status: [1, 'int32'] },
} as const;

export const GRPC_SCHEMA = defineSchema(GRPC_MESSAGES);

export type GrpcMessage = keyof typeof GRPC_MESSAGES & string;
export type MessageIn<N extends GrpcMessage> = Decoded<typeof GRPC_MESSAGES, N>;
export type MessageOut<N extends GrpcMessage> = Encodable<typeof GRPC_MESSAGES, N>;
