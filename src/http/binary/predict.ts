import { DTYPES } from '../../base/dtype.js';
import type { Tensor, TensorMap } from '../../base/tensor.js';
import type { PlanTensor } from '../../convert/plan.js';
import type { ServableSignature } from '../../repository/types.js';
import { encodePredict } from '../codec/encode.js';
import { inputError } from '../codec/request-document.js';
import { MAX_RANK } from '../codec/types.js';
import type { Exchange } from '../exchange.js';
import { readNpy, writeNpy } from './npy.js';
import { readRawTensor, writeRawTensor } from './raw-tensor.js';
import { shapeOfRaw } from './shape-of-raw.js';

export const NPY_TYPE = 'application/x-npy';
export const RAW_TYPE = 'application/octet-stream';

export type BinaryForm = 'npy' | 'raw';

/** How a body that is not JSON is written, by its Content-Type; undefined for JSON and everything else. */
export function binaryFormOf(contentType: string): BinaryForm | undefined {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type === RAW_TYPE) return 'raw';
  return type === NPY_TYPE || type === 'application/npy' || type === 'application/x-numpy'
    ? 'npy'
    : undefined;
}

/** The one input of a signature, or the one that `x-tfdeploy-input` names when the others have defaults. */
function chooseInput(signature: ServableSignature, named: string | undefined): PlanTensor {
  const open = signature.inputs.filter((input) => input.default === undefined);
  const found =
    named === undefined
      ? open.length === 1
        ? open[0]
        : signature.inputs.length === 1
          ? signature.inputs[0]
          : undefined
      : signature.inputs.find((input) => input.name === named);
  if (found !== undefined) return found;
  const names = signature.inputs.map((input) => input.name).join(', ');
  throw inputError(
    named === undefined
      ? `A binary body carries one tensor, but signature "${signature.name}" takes ${names}`
      : `Signature "${signature.name}" has no input "${named}"; it takes ${names}`,
    'several tensors fit into one body in the v2 protocol: /v2/models/NAME/infer with binary tensors',
  );
}

/** The inputs of a prediction from a binary body. The shape of raw bytes is in `x-tfdeploy-shape`, or known. */
export function readBinaryInputs(
  form: BinaryForm,
  body: Buffer,
  signature: ServableSignature,
  headers: Exchange['headers'],
): TensorMap {
  const input = chooseInput(signature, headers.inputName);
  return new Map([[input.name, form === 'npy' ? readNpy(body) : readRaw(body, input, headers.shape)]]);
}

function readRaw(body: Buffer, input: PlanTensor, given: string | undefined): Tensor {
  const shape = given === undefined ? shapeOfRaw(input, body.length) : parseShape(given);
  const where = `input "${input.name}"`;
  if (input.dtype === 'string' && given === undefined) return { dtype: 'string', shape, data: [body] };
  return readRawTensor(input.dtype as 'float32', shape, body, where);
}

function parseShape(text: string): number[] {
  const shape =
    text.trim() === '' ? [] : text.split(',').map((dim) => (/^\s*\d{1,15}\s*$/.test(dim) ? Number(dim) : -1));
  if (shape.includes(-1) || shape.length > MAX_RANK) {
    throw inputError(`x-tfdeploy-shape: "${text.slice(0, 100)}" is not a list of sizes`);
  }
  return shape;
}

/** Answers in the form that `Accept` asks for: one output as `.npy` or raw bytes, or JSON. */
export function answerBinary(exchange: Exchange, outputs: TensorMap): void {
  const form = binaryFormOf(exchange.headers.accept);
  if (form === undefined) {
    const encoded = encodePredict('columnar', outputs);
    exchange.mark('encode');
    exchange.json(encoded);
    return;
  }
  const named = exchange.headers.outputName;
  const [name, tensor] = named === undefined ? [...outputs][0]! : [named, outputs.get(named)];
  if (tensor === undefined)
    throw inputError(`There is no output "${name}"; there are ${[...outputs.keys()].join(', ')}`);
  if (named === undefined && outputs.size > 1) {
    throw inputError(
      `The answer has several outputs: ${[...outputs.keys()].join(', ')}`,
      'choose one with the header x-tfdeploy-output, or accept application/json',
    );
  }
  const bytes = form === 'npy' ? writeNpy(tensor) : Buffer.from(writeRawTensor(tensor));
  exchange.mark('encode');
  exchange.answer(200, form === 'npy' ? NPY_TYPE : RAW_TYPE, bytes, [
    'x-tfdeploy-output',
    encodeURIComponent(name),
    'x-tfdeploy-dtype',
    DTYPES[tensor.dtype].short,
    'x-tfdeploy-shape',
    tensor.shape.join(','),
  ]);
}
