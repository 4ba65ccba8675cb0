import { DTYPES } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import { elementCount, type Tensor, type TensorMap } from '../../base/tensor.js';
import type { Servable } from '../../repository/types.js';
import { writeRawTensor } from '../binary/raw-tensor.js';
import { encodeFlat } from '../codec/encode.js';
import type { InferRequest } from './infer-request.js';
import { OIP_TYPES } from './types.js';

export interface InferAnswer {
  readonly body: Buffer;
  /** Bytes of the JSON in front of binary tensors; undefined when all is JSON. */
  readonly jsonLength: number | undefined;
}

/** The v2 answer: JSON, and behind it the outputs that were asked for as binary. */
export function writeInferAnswer(servable: Servable, request: InferRequest, outputs: TensorMap): InferAnswer {
  const wanted = request.outputs ?? [...outputs.keys()].map((name) => ({ name, isBinary: undefined }));
  const blobs: Uint8Array[] = [];
  const parts: Uint8Array[] = [
    Buffer.from(
      `{"model_name":${JSON.stringify(servable.model)},"model_version":"${servable.version}",` +
        `${request.id === undefined ? '' : `"id":${JSON.stringify(request.id)},`}"outputs":[`,
    ),
  ];
  wanted.forEach(({ name, isBinary }, index) => {
    const tensor = outputs.get(name);
    if (tensor === undefined) {
      throw new TfdeployError('TFD_INPUT_INVALID', `output tensor alias not found in signature: ${name}`);
    }
    parts.push(Buffer.from(`${index > 0 ? ',' : ''}${describe(name, tensor)}`));
    if (isBinary ?? request.isBinaryWanted) {
      const blob = writeRawTensor(tensor);
      blobs.push(blob);
      parts.push(Buffer.from(`"parameters":{"binary_data_size":${blob.length}}}`));
    } else {
      parts.push(
        Buffer.from('"data":'),
        encodeFlat(name, tensor, elementCount(tensor.shape)),
        Buffer.from('}'),
      );
    }
  });
  parts.push(Buffer.from(']}'));
  const json = Buffer.concat(parts);
  if (blobs.length === 0) return { body: json, jsonLength: undefined };
  return { body: Buffer.concat([json, ...blobs]), jsonLength: json.length };
}

function describe(name: string, tensor: Tensor): string {
  const datatype = OIP_TYPES.get(tensor.dtype);
  if (datatype === undefined) {
    throw new TfdeployError(
      'TFD_INPUT_INVALID',
      `output "${name}" is of type ${DTYPES[tensor.dtype].short}, which the Open Inference Protocol does not have`,
    );
  }
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${tensor.shape}],`;
}
