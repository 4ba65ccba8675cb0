import { DTYPES } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { VersionState } from '../repository/types.js';
import type { SignatureDef, TensorInfo } from '../savedmodel/types.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { answerSpec, type CallContext, findServable, inputError, requireName } from './call.js';
import { GRPC_SCHEMA, type MessageIn, type MessageOut } from './messages.js';
import { GRPC_CODES, type GrpcCodeName } from './status.js';
import { encodeTensor } from './tensor-proto.js';

/** ModelVersionStatus.State of get_model_status.proto. */
const STATES: Readonly<Record<VersionState, number>> = {
  START: 10,
  LOADING: 20,
  AVAILABLE: 30,
  UNLOADING: 40,
  END: 50,
};

/** ModelService.GetModelStatus: one version, a label's version, or all. */
export function getModelStatus(
  request: MessageIn<'GetModelStatusRequest'>,
  context: CallContext,
): MessageOut<'GetModelStatusResponse'> {
  const spec = request.model_spec;
  const name = requireName(spec);
  const label = spec?.version_label;
  const labelled = label === undefined ? undefined : context.directory.labels(name).get(label);
  if (label !== undefined && labelled === undefined)
    throw inputError(`Unrecognized servable version label: ${label}`);
  const versions = context.directory.status(name, spec?.version?.value ?? labelled);
  return {
    model_version_status: versions.map(({ version, state, errorCode, errorMessage }) => ({
      version,
      state: STATES[state],
      status: {
        error_code: GRPC_CODES[errorCode as GrpcCodeName] ?? GRPC_CODES.UNKNOWN,
        error_message: errorMessage,
      },
    })),
  };
}

function toTensorInfo(info: TensorInfo): MessageOut<'TensorInfo'> {
  const dim = info.shape?.map((size) => ({ size: typeof size === 'number' ? size : -1 }));
  return {
    name: info.components ? undefined : info.name,
    dtype: info.dtype === 'invalid' ? 0 : DTYPES[info.dtype].tf,
    tensor_shape: dim === undefined ? { unknown_rank: true } : { dim },
    coo_sparse: info.components?.has('indices')
      ? {
          values_tensor_name: info.components.get('values')?.name ?? '',
          indices_tensor_name: info.components.get('indices')?.name ?? '',
          dense_shape_tensor_name: info.components.get('dense_shape')?.name ?? '',
        }
      : undefined,
  };
}

function toSignatureDef(signature: SignatureDef): MessageOut<'SignatureDef'> {
  const infos = (tensors: ReadonlyMap<string, TensorInfo>) =>
    new Map([...tensors].map(([name, info]) => [name, toTensorInfo(info)] as const));
  return {
    inputs: infos(signature.inputs),
    outputs: infos(signature.outputs),
    method_name: signature.methodName,
    defaults: new Map(
      [...signature.defaults].map(([name, value]) => [name, encodeTensor(value.read(), false)]),
    ),
  };
}

/** PredictionService.GetModelMetadata: the only field there is is `signature_def`. */
export function getModelMetadata(
  request: MessageIn<'GetModelMetadataRequest'>,
  context: CallContext,
): MessageOut<'GetModelMetadataResponse'> {
  requireName(request.model_spec);
  if (request.metadata_field.length === 0)
    throw inputError('GetModelMetadataRequest must specify at least one metadata_field');
  for (const field of request.metadata_field) {
    if (field !== 'signature_def') throw inputError(`Metadata field ${field} is not supported`);
  }
  const servable = findServable(context, request.model_spec);
  const signatures = new Map(
    [...servable.signatureDefs].map(([name, signature]) => [name, toSignatureDef(signature)] as const),
  );
  const value = encodeMessage(GRPC_SCHEMA, 'SignatureDefMap', { signature_def: signatures });
  const typeUrl = 'type.googleapis.com/tensorflow.serving.SignatureDefMap';
  return {
    model_spec: answerSpec(servable, ''),
    metadata: new Map([['signature_def', { type_url: typeUrl, value }]]),
  };
}

/** Replaces the list of models by a serialized ModelServerConfig; rejects with the reason it was refused for. */
export type ReloadConfig = (config: Uint8Array) => Promise<void>;

/** ModelService.HandleReloadConfigRequest. */
export async function handleReloadConfig(
  request: MessageIn<'ReloadConfigRequest'>,
  reload: ReloadConfig | undefined,
): Promise<MessageOut<'ReloadConfigResponse'>> {
  if (reload === undefined) {
    throw new TfdeployError('TFD_UNIMPLEMENTED', 'this server takes no new configuration over gRPC', {
      hint: 'tfdeploy ctl reload',
    });
  }
  await reload(request.config ?? new Uint8Array());
  return { status: { error_code: GRPC_CODES.OK, error_message: '' } };
}
