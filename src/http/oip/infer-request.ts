import type { DType } from '../../base/dtype.js';
import { elementCount, type Tensor, type TensorMap } from '../../base/tensor.js';
import type { ServableSignature } from '../../repository/types.js';
import { readRawTensor } from '../binary/raw-tensor.js';
import { shapeOfRaw } from '../binary/shape-of-raw.js';
import { numberValue } from '../codec/json-number.js';
import type { JsonTape } from '../codec/json-tape.js';
import { readNested } from '../codec/nested-run.js';
import { inputError, parseDocument } from '../codec/request-document.js';
import { TapeSink } from '../codec/tape-sink.js';
import { sinkAt } from '../codec/tensor-sink.js';
import { MAX_RANK } from '../codec/types.js';
import { type InferParameters, readInferParameters } from './parameters.js';
import { DTYPES_BY_OIP } from './types.js';

export interface RequestedOutput {
  readonly name: string;
  /** Undefined: as the request says for all. */
  readonly isBinary: boolean | undefined;
}

export interface InferRequest {
  readonly id: string | undefined;
  readonly signature: ServableSignature;
  readonly parameters: InferParameters;
  readonly inputs: TensorMap;
  /** Outputs wanted; all when undefined. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Outputs are sent as binary unless said otherwise for one of them. */
  readonly isBinaryWanted: boolean;
}

type SignatureOf = (name: string | undefined) => ServableSignature;

const decoder = new TextDecoder();

/**
 * Reads a v2 inference request. `jsonLength` is the value of `Inference-Header-Content-Length`: behind so many
 * bytes of JSON lie the binary tensors in the order of the inputs; 0 means the whole body is the one input.
 */
export function readInferRequest(
  body: Buffer,
  jsonLength: number | undefined,
  signatureOf: SignatureOf,
): InferRequest {
  if (jsonLength === 0) return readRawRequest(body, signatureOf(undefined));
  if (jsonLength !== undefined && jsonLength > body.length) {
    throw inputError(
      `Inference-Header-Content-Length is ${jsonLength}, but the body has ${body.length} bytes`,
    );
  }
  const tape = parseDocument(jsonLength === undefined ? body : body.subarray(0, jsonLength));
  const blobs = new BlobReader(jsonLength === undefined ? Buffer.alloc(0) : body.subarray(jsonLength));
  const parameters = objectMember(tape, tape.root, 'parameters');
  const asked = readInferParameters((name) =>
    parameters === undefined ? undefined : scalar(tape, parameters, name),
  );
  const signature = signatureOf(asked.signature);
  const inputs = readInputs(tape, blobs, signature);
  blobs.expectEnd();
  return {
    id: text(tape, tape.root, 'id'),
    signature,
    parameters: asked,
    inputs,
    outputs: readOutputs(tape),
    isBinaryWanted: parameters !== undefined && flag(tape, parameters, 'binary_data_output') === true,
  };
}

function readRawRequest(body: Buffer, signature: ServableSignature): InferRequest {
  const [input, ...rest] = signature.inputs;
  if (input === undefined || rest.length > 0) {
    throw inputError('A raw request needs a signature with one input');
  }
  const shape = shapeOfRaw(input, body.length);
  const tensor =
    input.dtype === 'string'
      ? ({ dtype: 'string', shape, data: [body] } as const)
      : readRawTensor(input.dtype as 'float32', shape, body, `input "${input.name}"`);
  return {
    id: undefined,
    signature,
    parameters: readInferParameters(() => undefined),
    inputs: new Map([[input.name, tensor]]),
    outputs: undefined,
    isBinaryWanted: true,
  };
}

/** Hands out the binary tensors one after the other. */
class BlobReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  take(size: number, where: string): Buffer {
    if (size > this.bytes.length - this.#at) {
      throw inputError(
        `${where}: binary_data_size is ${size}, but ${this.bytes.length - this.#at} bytes are left`,
      );
    }
    this.#at += size;
    return this.bytes.subarray(this.#at - size, this.#at);
  }

  expectEnd(): void {
    const left = this.bytes.length - this.#at;
    if (left > 0) throw inputError(`${left} bytes behind the JSON belong to no input`);
  }
}

function readInputs(tape: JsonTape, blobs: BlobReader, signature: ServableSignature): TensorMap {
  const list = tape.member(tape.root, 'inputs');
  if (list === undefined || tape.type(list) !== 'Array')
    throw inputError("'inputs' must be a list of tensors");
  const inputs: TensorMap = new Map();
  for (const node of tape.elements(list)) {
    if (tape.type(node) !== 'Object') throw inputError("'inputs' must be a list of tensors");
    const name = text(tape, node, 'name');
    if (name === undefined) throw inputError("an input has no 'name'");
    if (inputs.has(name)) throw inputError(`input "${name}" is given twice`);
    inputs.set(name, readInput(tape, node, blobs, signature, name));
  }
  return inputs;
}

function readInput(
  tape: JsonTape,
  node: number,
  blobs: BlobReader,
  signature: ServableSignature,
  name: string,
): Tensor {
  const where = `input "${name}"`;
  const typeName = text(tape, node, 'datatype');
  const dtype = DTYPES_BY_OIP.get(typeName ?? '');
  if (dtype === undefined) throw inputError(`${where}: datatype ${typeName ?? 'is missing'}`);
  const shape = readShape(tape, node, where);
  const parameters = objectMember(tape, node, 'parameters');
  const size = parameters === undefined ? undefined : tape.member(parameters, 'binary_data_size');
  if (size !== undefined) {
    return readRawTensor(dtype as 'float32', shape, blobs.take(wholeNumber(tape, size, where), where), where);
  }
  const data = tape.member(node, 'data');
  if (data === undefined) throw inputError(`${where}: neither 'data' nor 'binary_data_size' is there`);
  const place = signature.inputs.findIndex((input) => input.name === name);
  return readData(tape, data, dtype, shape, where, Math.max(place, 0));
}

/** `data` is flat or nested; the shape alone counts. */
function readData(
  tape: JsonTape,
  node: number,
  dtype: DType,
  shape: readonly number[],
  where: string,
  place: number,
): Tensor {
  const count = elementCount(shape);
  const bytes = Buffer.from(tape.bytes.buffer, tape.bytes.byteOffset, tape.bytes.byteLength);
  const quick = sinkAt(place);
  quick.begin(dtype as 'float32');
  const isRead = tape.type(node) === 'Array' && readNested(bytes, tape.start(node), bytes.length, quick) > 0;
  if (isRead && quick.length === count) return quick.take(shape);
  const careful = new TapeSink(tape, dtype);
  careful.add(node);
  const { data } = careful.take(careful.shape);
  if (data.length !== count) {
    throw inputError(`${where}: ${data.length} elements do not make shape [${shape}]`);
  }
  return careful.take(shape);
}

function readShape(tape: JsonTape, node: number, where: string): number[] {
  const list = tape.member(node, 'shape');
  if (list === undefined || tape.type(list) !== 'Array') throw inputError(`${where}: 'shape' must be a list`);
  if (tape.size(list) > MAX_RANK) throw inputError(`${where}: more than ${MAX_RANK} dimensions`);
  const shape = [...tape.elements(list)].map((dim) => wholeNumber(tape, dim, where));
  if (!Number.isSafeInteger(elementCount(shape))) throw inputError(`${where}: shape [${shape}] is too large`);
  return shape;
}

function readOutputs(tape: JsonTape): RequestedOutput[] | undefined {
  const list = tape.member(tape.root, 'outputs');
  if (list === undefined) return undefined;
  if (tape.type(list) !== 'Array') throw inputError("'outputs' must be a list");
  if (tape.size(list) === 0) return undefined;
  return [...tape.elements(list)].map((node) => {
    const name = tape.type(node) === 'Object' ? text(tape, node, 'name') : undefined;
    if (name === undefined) throw inputError("an output has no 'name'");
    const parameters = objectMember(tape, node, 'parameters');
    return { name, isBinary: parameters === undefined ? undefined : flag(tape, parameters, 'binary_data') };
  });
}

function objectMember(tape: JsonTape, node: number, name: string): number | undefined {
  const found = tape.member(node, name);
  if (found === undefined || tape.type(found) === 'Null') return undefined;
  if (tape.type(found) !== 'Object') throw inputError(`'${name}' must be an object`);
  return found;
}

function text(tape: JsonTape, node: number, name: string): string | undefined {
  const found = tape.member(node, name);
  if (found === undefined || tape.type(found) === 'Null') return undefined;
  if (tape.type(found) !== 'String') throw inputError(`'${name}' must be a string`);
  return decoder.decode(tape.string(found));
}

function flag(tape: JsonTape, node: number, name: string): boolean | undefined {
  const found = tape.member(node, name);
  if (found === undefined) return undefined;
  const type = tape.type(found);
  if (type !== 'True' && type !== 'False') throw inputError(`'${name}' must be true or false`);
  return type === 'True';
}

/** The value of a parameter, which the protocol makes a number, a truth value or a text. */
function scalar(tape: JsonTape, node: number, name: string): number | boolean | string | undefined {
  const found = tape.member(node, name);
  if (found === undefined) return undefined;
  switch (tape.type(found)) {
    case 'Null':
      return undefined;
    case 'True':
      return true;
    case 'False':
      return false;
    case 'Number':
      return numberValue(tape.bytes, tape.start(found), tape.scalarEnd(found));
    case 'String':
      return decoder.decode(tape.string(found));
    default:
      throw inputError(`'${name}' must be a number, a truth value or a string`);
  }
}

function wholeNumber(tape: JsonTape, node: number, where: string): number {
  const value =
    tape.type(node) === 'Number'
      ? numberValue(tape.bytes, tape.start(node), tape.scalarEnd(node))
      : Number.NaN;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw inputError(`${where}: sizes must be whole numbers`);
}
