import { gunzipSync, gzipSync } from 'node:zlib';
import { type Comparison, compareTensors } from './compare.js';
import { allocate, DTYPES, type DType, isNumericDType, slotsPerElement, viewAs } from './dtype.js';
import { TfdeployError } from './error.js';
import { elementCount, type Tensor, type TensorMap, tensorBytes } from './tensor.js';

/** Some elements of a tensor that is too large to keep: `indices` are flat, `values` their elements. */
export interface SampledTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly indices: readonly number[];
  /** Of shape [indices.length]. */
  readonly values: Tensor;
}

/** Inputs with the outputs that are expected for them: golden data, and files of `tfdeploy run`. */
export interface Case {
  readonly signature: string | undefined;
  readonly inputs: TensorMap;
  readonly outputs: ReadonlyMap<string, Tensor | SampledTensor>;
  /** False for outputs that are random or stateful by design; absent names are deterministic. */
  readonly deterministic: ReadonlyMap<string, boolean>;
}

/** A compressed file may inflate to this much. */
const MAX_INFLATED_BYTES = 1 << 30;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

function fail(where: string, why: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', `${where}: ${why}`);
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a file, inflated when it is gzipped. */
export function inflateCase(bytes: Uint8Array, where: string): Uint8Array {
  if (bytes[0] !== GZIP_MAGIC[0] || bytes[1] !== GZIP_MAGIC[1]) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw fail(where, `gzip: ${(cause as Error).message}`);
  }
}

/**
 * Strict base64 into memory of its own, aligned for every data type. Node.js skips what is not base64 and
 * takes the URL alphabet too, so the length tells of the former.
 */
function decodeBase64(text: unknown, where: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 !== 0 || text.includes('-') || text.includes('_')) {
    throw fail(where, 'not base64');
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  if (Buffer.from(bytes.buffer).write(text, 'base64') !== bytes.length) throw fail(where, 'not base64');
  return bytes;
}

function readShape(value: unknown, where: string): number[] {
  if (!Array.isArray(value) || value.length > 254) throw fail(where, 'shape is not a list of sizes');
  for (const dim of value) {
    if (!Number.isSafeInteger(dim) || dim < 0) throw fail(where, `shape holds ${JSON.stringify(dim)}`);
  }
  return value as number[];
}

function readElements(value: JsonObject, dtype: DType, shape: readonly number[], where: string): Tensor {
  const count = elementCount(shape);
  if (dtype === 'string') {
    const list = value.strings_b64;
    if (!Array.isArray(list)) throw fail(where, 'a string tensor needs strings_b64');
    if (list.length !== count) throw fail(where, `${list.length} strings for ${count} elements`);
    return { dtype, shape, data: list.map((each, index) => decodeBase64(each, `${where}[${index}]`)) };
  }
  if (!isNumericDType(dtype)) throw fail(where, `${dtype} has no elements`);
  const bytes = decodeBase64(value.b64, where);
  const expected = count * DTYPES[dtype].bytes;
  if (bytes.length !== expected) throw fail(where, `${bytes.length} bytes, its shape needs ${expected}`);
  if (dtype === 'bool' && bytes.some((byte) => byte > 1)) throw fail(where, 'a bool byte is neither 0 nor 1');
  return { dtype, shape, data: viewAs(dtype, bytes) };
}

const TENSOR_FIELDS = new Set(['dtype', 'shape', 'b64', 'strings_b64', 'sampled', 'flat_index_b64']);

function readHead(value: unknown, where: string): { head: JsonObject; dtype: DType; shape: number[] } {
  if (!isObject(value)) throw fail(where, 'not a tensor');
  for (const field of Object.keys(value)) {
    if (!TENSOR_FIELDS.has(field)) throw fail(where, `unknown field ${field}`);
  }
  const { dtype } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    throw fail(where, `unknown dtype ${JSON.stringify(dtype)}`);
  }
  return { head: value, dtype: dtype as DType, shape: readShape(value.shape, where) };
}

function readTensor(value: unknown, where: string): Tensor {
  const { head, dtype, shape } = readHead(value, where);
  if (head.sampled !== undefined || head.flat_index_b64 !== undefined) {
    throw fail(where, 'a sampled tensor can not be an input');
  }
  return readElements(head, dtype, shape, where);
}

function readOutput(value: unknown, where: string): Tensor | SampledTensor {
  const { head, dtype, shape } = readHead(value, where);
  if (head.flat_index_b64 === undefined) {
    if (head.sampled !== undefined && head.sampled !== false)
      throw fail(where, 'sampled without flat_index_b64');
    return readElements(head, dtype, shape, where);
  }
  const bytes = decodeBase64(head.flat_index_b64, where);
  const indices = Array.from(viewAs('int64', bytes) as BigInt64Array, Number);
  if (bytes.length % 8 !== 0) throw fail(where, 'flat_index_b64 is not a list of 64-bit integers');
  const count = elementCount(shape);
  if (indices.some((index) => index < 0 || index >= count))
    throw fail(where, 'flat_index_b64 leaves the shape');
  return { dtype, shape, indices, values: readElements(head, dtype, [indices.length], where) };
}

function readMap<T>(
  value: unknown,
  where: string,
  read: (value: unknown, where: string) => T,
): Map<string, T> {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw fail(where, 'not an object');
  return new Map(Object.entries(value).map(([name, each]) => [name, read(each, `${where}.${name}`)]));
}

function readFlag(value: unknown, where: string): boolean {
  if (typeof value !== 'boolean') throw fail(where, 'not true or false');
  return value;
}

/**
 * True for a document of the case format: every input is an object with `dtype` and `shape`, which
 * TensorFlow Serving's JSON never has.
 */
export function isCase(document: unknown): boolean {
  if (!isObject(document) || !isObject(document.inputs)) return false;
  return Object.values(document.inputs).every((each) => isObject(each) && 'dtype' in each && 'shape' in each);
}

/** A parsed document of the case format. Fields that describe the case are not read. TFD_INPUT_INVALID. */
export function readCase(document: unknown, where: string): Case {
  if (!isObject(document)) throw fail(where, 'not an object');
  const { signature } = document;
  if (signature !== undefined && typeof signature !== 'string') throw fail(where, 'signature is not a name');
  if (document.inputs === undefined) throw fail(where, 'it has no inputs');
  return {
    signature,
    inputs: readMap(document.inputs, `${where}: inputs`, readTensor),
    outputs: readMap(document.outputs, `${where}: outputs`, readOutput),
    deterministic: readMap(document.deterministic, `${where}: deterministic`, readFlag),
  };
}

/** The bytes of a case file, gzipped or not. TFD_INPUT_INVALID. */
export function parseCase(bytes: Uint8Array, where: string): Case {
  const text = new TextDecoder().decode(inflateCase(bytes, where));
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw fail(where, (cause as Error).message);
  }
  return readCase(document, where);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A tensor in the case format. */
export function tensorToJson(tensor: Tensor): Record<string, unknown> {
  const { dtype, shape } = tensor;
  return tensor.dtype === 'string'
    ? { dtype, shape, strings_b64: tensor.data.map(base64Of) }
    : { dtype, shape, b64: base64Of(tensorBytes(tensor)) };
}

function mapToJson(tensors: TensorMap): Record<string, unknown> {
  // Names come from models; a null prototype keeps `__proto__` a plain key.
  const json: Record<string, unknown> = Object.create(null);
  for (const [name, tensor] of tensors) json[name] = tensorToJson(tensor);
  return json;
}

/** The document of the case format for these tensors. */
export function caseToJson(
  signature: string,
  inputs: TensorMap,
  outputs: TensorMap,
): Record<string, unknown> {
  return { signature, inputs: mapToJson(inputs), outputs: mapToJson(outputs) };
}

/** The file of the case format; gzipped when the file name ends in `.gz`. */
export function formatCase(
  fileName: string,
  signature: string,
  inputs: TensorMap,
  outputs: TensorMap,
): Uint8Array {
  const text = `${JSON.stringify(caseToJson(signature, inputs, outputs))}\n`;
  return fileName.endsWith('.gz') ? gzipSync(text) : Buffer.from(text);
}

/** Compares an answer with an expected output, of which only a sample may be at hand. */
export function compareOutput(actual: Tensor, expected: Tensor | SampledTensor): Comparison {
  if (!('indices' in expected)) return compareTensors(actual, expected);
  const isSameShape =
    actual.shape.length === expected.shape.length &&
    actual.shape.every((dim, axis) => dim === expected.shape[axis]);
  if (isSameShape) return compareTensors(sampleTensor(actual, expected), expected.values);
  // The sample's shape is not the tensor's, so the message has to name the whole.
  return compareTensors(actual, { ...expected.values, shape: expected.shape });
}

/** The elements of `tensor` at a sample's indices, to be compared with the sample's values. */
export function sampleTensor(tensor: Tensor, sample: SampledTensor): Tensor {
  const shape = [sample.indices.length];
  if (tensor.dtype === 'string') {
    return { dtype: 'string', shape, data: sample.indices.map((index) => tensor.data[index]!) };
  }
  const slots = slotsPerElement(tensor.dtype);
  const data = allocate(tensor.dtype, sample.indices.length);
  sample.indices.forEach((from, to) => {
    for (let slot = 0; slot < slots; slot++) data[to * slots + slot] = tensor.data[from * slots + slot]!;
  });
  return { ...tensor, shape, data };
}
