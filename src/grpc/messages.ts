import { MODEL_CONFIG_MESSAGES } from '../repository/model-config-file.js';
import { TF_MESSAGES } from '../savedmodel/proto/schema.js';
import { defineSchema } from '../savedmodel/wire/compile.js';
import type { Decoded, Encodable } from '../savedmodel/wire/schema.js';
import { OIP_MESSAGES } from './oip/messages.js';
import { REFLECTION_MESSAGES } from './reflection/messages.js';

/** Enums with their names; their values on the wire are numbers. */
export const SERVING_ENUMS = {
  ModelType: { MODEL_TYPE_UNSPECIFIED: 0, TENSORFLOW: 1, OTHER: 2 },
  State: { UNKNOWN: 0, START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50 },
  ServingStatus: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 },
  Code: {
    OK: 0,
    CANCELLED: 1,
    UNKNOWN: 2,
    INVALID_ARGUMENT: 3,
    DEADLINE_EXCEEDED: 4,
    NOT_FOUND: 5,
    ALREADY_EXISTS: 6,
    PERMISSION_DENIED: 7,
    RESOURCE_EXHAUSTED: 8,
    FAILED_PRECONDITION: 9,
    ABORTED: 10,
    OUT_OF_RANGE: 11,
    UNIMPLEMENTED: 12,
    INTERNAL: 13,
    UNAVAILABLE: 14,
    DATA_LOSS: 15,
    UNAUTHENTICATED: 16,
  },
} as const;

/** Messages of google.protobuf that others refer to. */
export const GOOGLE_MESSAGES = {
  Int64Value: { value: [1, 'int64'] },
  Any: { type_url: [1, 'string'], value: [2, 'bytes'] },
} as const;

/** The messages of tensorflow_serving/apis, restricted to the fields that are read or written. */
export const SERVING_MESSAGES = {
  ...MODEL_CONFIG_MESSAGES,
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
  SignatureDefMap: { signature_def: [1, 'map<string, SignatureDef>'] },
  GetModelStatusRequest: { model_spec: [1, 'ModelSpec'] },
  GetModelStatusResponse: { model_version_status: [1, 'ModelVersionStatus[]'] },
  ModelVersionStatus: { version: [1, 'int64'], state: [2, 'enum State'], status: [3, 'StatusProto'] },
  StatusProto: { error_code: [1, 'enum Code'], error_message: [2, 'string'] },
  PredictionLog: {
    classify_log: [2, 'RecordedRequest', 'log_type'],
    regress_log: [3, 'RecordedRequest', 'log_type'],
    multi_inference_log: [4, 'RecordedRequest', 'log_type'],
    session_run_log: [5, 'RecordedRequest', 'log_type'],
    predict_log: [6, 'RecordedRequest', 'log_type'],
    predict_streamed_log: [7, 'RecordedRequest', 'log_type'],
  },
  RecordedRequest: { request: [1, 'bytes?'] },
  ReloadConfigRequest: { config: [1, 'lazy ModelServerConfig'], metric_names: [2, 'string[]'] },
  ReloadConfigResponse: { status: [1, 'StatusProto'] },
} as const;

export const HEALTH_MESSAGES = {
  HealthCheckRequest: { service: [1, 'string'] },
  HealthCheckResponse: { status: [1, 'enum ServingStatus'] },
} as const;

/** Field numbers are those of the protocols; `lazy` fields stay bytes. */
export const GRPC_MESSAGES = {
  ...TF_MESSAGES,
  ...GOOGLE_MESSAGES,
  ...SERVING_MESSAGES,
  ...HEALTH_MESSAGES,
  ...OIP_MESSAGES,
  ...REFLECTION_MESSAGES,
} as const;

export const GRPC_SCHEMA = defineSchema(GRPC_MESSAGES);

export type GrpcMessage = keyof typeof GRPC_MESSAGES & string;
export type MessageIn<N extends GrpcMessage> = Decoded<typeof GRPC_MESSAGES, N>;
export type MessageOut<N extends GrpcMessage> = Encodable<typeof GRPC_MESSAGES, N>;
