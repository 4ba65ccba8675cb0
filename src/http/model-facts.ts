import { tfEnumName } from '../base/dtype.js';
import type { Shape } from '../base/shape.js';
import type { ServableDirectory, VersionStatus } from '../repository/types.js';
import type { SignatureDef, TensorInfo } from '../savedmodel/types.js';
import { inputError } from './codec/request-document.js';
import type { Exchange } from './exchange.js';
import { findServable } from './find-servable.js';
import type { ModelRoute } from './route.js';

/** `GET /v1/models/…`: the state of versions, the signatures, or the list of models. */
export function handleModel(exchange: Exchange, directory: ServableDirectory, route: ModelRoute): void {
  const { strictTfs } = exchange.state.options;
  exchange.api = route.isMetadata ? 'metadata' : 'status';
  if (route.model === undefined || route.model === '') {
    if (strictTfs || route.isMetadata) throw inputError('Missing model name in request.');
    exchange.api = 'models';
    exchange.json(protoJson({ models: directory.models.map((name) => describeModel(directory, name)) }));
    return;
  }
  if (route.isMetadata) {
    const servable = findServable(exchange, directory, route.model, route.choice);
    const signatures = Object.fromEntries(
      [...servable.signatureDefs].map(([name, signature]) => [name, signatureJson(signature)]),
    );
    exchange.json(
      protoJson({
        model_spec: { name: servable.model, signature_name: '', version: String(servable.version) },
        metadata: { signature_def: { signature_def: signatures } },
      }),
    );
    return;
  }
  const { label } = route.choice;
  // TensorFlow Serving does not look at the label here and answers with every version.
  const version =
    label === undefined || strictTfs ? route.choice.version : labelled(directory, route.model, label);
  exchange.json(protoJson(statusJson(directory.status(route.model, version))));
}

function labelled(directory: ServableDirectory, model: string, label: string): bigint {
  const version = directory.labels(model).get(label);
  if (version === undefined) throw inputError(`Unrecognized servable version label: ${label}`);
  return version;
}

function describeModel(directory: ServableDirectory, name: string) {
  return {
    name,
    ...statusJson(directory.status(name)),
    labels: Object.fromEntries(
      [...directory.labels(name)].map(([label, version]) => [label, String(version)]),
    ),
  };
}

export function statusJson(versions: readonly VersionStatus[]) {
  return {
    model_version_status: versions.map(({ version, state, errorCode, errorMessage }) => ({
      version: String(version),
      state,
      status: { error_code: errorCode, error_message: errorMessage },
    })),
  };
}

export function signatureJson(signature: SignatureDef) {
  return {
    inputs: tensorsJson(signature.inputs),
    outputs: tensorsJson(signature.outputs),
    method_name: signature.methodName,
    defaults: Object.fromEntries(
      [...signature.defaults].map(([name, value]) => [name, { dtype: tfEnumName(value.dtype) }]),
    ),
  };
}

function tensorsJson(tensors: ReadonlyMap<string, TensorInfo>) {
  return Object.fromEntries([...tensors].map(([name, info]) => [name, tensorJson(info)]));
}

function tensorJson(info: TensorInfo): object {
  const typed = {
    dtype: info.dtype === 'invalid' ? 'DT_INVALID' : tfEnumName(info.dtype),
    tensor_shape: shapeJson(info.shape),
  };
  const { components } = info;
  if (components === undefined) return { ...typed, name: info.name };
  const part = (name: string) => components.get(name)?.name ?? '';
  if (info.compositeType === undefined) {
    return {
      ...typed,
      coo_sparse: {
        values_tensor_name: part('values'),
        indices_tensor_name: part('indices'),
        dense_shape_tensor_name: part('dense_shape'),
      },
    };
  }
  return { ...typed, composite_tensor: { components: [...components.values()].map(tensorJson) } };
}

function shapeJson(shape: Shape) {
  return {
    dim: (shape ?? []).map((dim) => ({ size: typeof dim === 'number' ? String(dim) : '-1', name: '' })),
    unknown_rank: shape === null,
  };
}

/** JSON as protobuf prints it: indented by one. */
function protoJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
}
