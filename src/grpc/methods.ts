import type { CallContext } from './call.js';
import { classify, multiInference, regress } from './examples.js';
import type { GrpcMessage, MessageIn, MessageOut } from './messages.js';
import { getModelMetadata, getModelStatus, handleReloadConfig, type ReloadConfig } from './model-service.js';
import { predict } from './predict.js';

/** One unary method: message names of its request and answer, and what answers it. */
export interface MethodRow<I extends GrpcMessage = GrpcMessage, O extends GrpcMessage = GrpcMessage> {
  readonly service: string;
  readonly name: string;
  /** Name in the metrics; TensorFlow Serving's own spelling. */
  readonly api: string;
  readonly request: I;
  readonly answer: O;
  readonly handle: (request: MessageIn<I>, context: CallContext) => Promise<MessageOut<O>> | MessageOut<O>;
}

function row<I extends GrpcMessage, O extends GrpcMessage>(method: MethodRow<I, O>): MethodRow {
  return method as unknown as MethodRow;
}

export const PREDICTION_SERVICE = 'tensorflow.serving.PredictionService';
export const MODEL_SERVICE = 'tensorflow.serving.ModelService';

/** Every unary method of TensorFlow Serving. */
export function serviceMethods(reload: ReloadConfig | undefined): MethodRow[] {
  const prediction = { service: PREDICTION_SERVICE };
  const model = { service: MODEL_SERVICE };
  return [
    row({
      ...prediction,
      name: 'Predict',
      api: 'Predict',
      request: 'PredictRequest',
      answer: 'PredictResponse',
      handle: predict,
    }),
    row({
      ...prediction,
      name: 'Classify',
      api: 'Classify',
      request: 'ClassificationRequest',
      answer: 'ClassificationResponse',
      handle: classify,
    }),
    row({
      ...prediction,
      name: 'Regress',
      api: 'Regress',
      request: 'RegressionRequest',
      answer: 'RegressionResponse',
      handle: regress,
    }),
    row({
      ...prediction,
      name: 'MultiInference',
      api: 'MultiInference',
      request: 'MultiInferenceRequest',
      answer: 'MultiInferenceResponse',
      handle: multiInference,
    }),
    row({
      ...prediction,
      name: 'GetModelMetadata',
      api: 'GetModelMetadata',
      request: 'GetModelMetadataRequest',
      answer: 'GetModelMetadataResponse',
      handle: getModelMetadata,
    }),
    row({
      ...model,
      name: 'GetModelStatus',
      api: 'GetModelStatus',
      request: 'GetModelStatusRequest',
      answer: 'GetModelStatusResponse',
      handle: getModelStatus,
    }),
    row({
      ...model,
      name: 'HandleReloadConfigRequest',
      api: 'HandleReloadConfigRequest',
      request: 'ReloadConfigRequest',
      answer: 'ReloadConfigResponse',
      handle: (request) => handleReloadConfig(request, reload),
    }),
  ];
}
