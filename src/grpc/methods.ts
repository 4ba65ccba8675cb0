import type { CallContext } from './call.js';
import { classify, multiInference, regress } from './examples.js';
import type { GrpcMessage, MessageIn, MessageOut } from './messages.js';
import { getModelMetadata, getModelStatus, handleReloadConfig, type ReloadConfig } from './model-service.js';
import {
  modelInfer,
  modelMetadata,
  modelReady,
  repositoryIndex,
  serverMetadata,
  serverReady,
} from './oip/methods.js';
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

export const OIP_SERVICE = 'inference.GRPCInferenceService';

/** `<X>Request` → `<X>Response`: how most methods name their messages. */
type Pair<N extends string> = `${N}Request` | `${N}Response`;

function pair<N extends string>(
  name: Pair<N> extends GrpcMessage ? N : never,
  handle: (
    request: MessageIn<`${N}Request` & GrpcMessage>,
    context: CallContext,
  ) => Promise<MessageOut<`${N}Response` & GrpcMessage>> | MessageOut<`${N}Response` & GrpcMessage>,
): Pick<MethodRow, 'name' | 'api' | 'request' | 'answer' | 'handle'> {
  return { name, api: name, request: `${name}Request`, answer: `${name}Response`, handle } as never;
}

/** Every unary method of TensorFlow Serving and of the Open Inference Protocol. */
export function serviceMethods(reload: ReloadConfig | undefined): MethodRow[] {
  const prediction = { service: PREDICTION_SERVICE };
  const model = { service: MODEL_SERVICE };
  const oip = { service: OIP_SERVICE };
  return [
    { ...prediction, ...pair('Predict', predict) },
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
    { ...prediction, ...pair('MultiInference', multiInference) },
    { ...prediction, ...pair('GetModelMetadata', getModelMetadata) },
    { ...model, ...pair('GetModelStatus', getModelStatus) },
    row({
      ...model,
      name: 'HandleReloadConfigRequest',
      api: 'HandleReloadConfigRequest',
      request: 'ReloadConfigRequest',
      answer: 'ReloadConfigResponse',
      handle: (request) => handleReloadConfig(request, reload),
    }),
    { ...oip, ...pair('ServerLive', () => ({ live: true })) },
    { ...oip, ...pair('ServerReady', serverReady) },
    { ...oip, ...pair('ModelReady', modelReady) },
    { ...oip, ...pair('ServerMetadata', serverMetadata) },
    { ...oip, ...pair('ModelMetadata', modelMetadata) },
    { ...oip, ...pair('ModelInfer', modelInfer) },
    { ...oip, ...pair('RepositoryIndex', repositoryIndex) },
  ];
}
