import { EXAMPLE_SCHEMA } from '../../savedmodel/proto/example.js';
import { encodeMessage } from '../../savedmodel/wire/encode.js';
import type { Encodable } from '../../savedmodel/wire/schema.js';
import { integerValue, numberText, numberValue } from './json-number.js';
import type { JsonTape } from './json-tape.js';
import {
  base64Value,
  formatError,
  inputError,
  isBase64Object,
  parseDocument,
  signatureName,
} from './request-document.js';

type Feature = Encodable<typeof EXAMPLE_SCHEMA.tables, 'Feature'>;

export interface DecodedExamples {
  /** Undefined where the request names none. */
  readonly signatureName: string | undefined;
  /** Serialized tf.Example messages, the context in front of each. */
  readonly examples: readonly Uint8Array[];
}

const decoder = new TextDecoder();
const MAX_INT64 = 2n ** 63n - 1n;

/** Reads the body of a classify or regress request. Throws TFD_INPUT_INVALID with TensorFlow Serving's texts. */
export function decodeExamples(bytes: Uint8Array): DecodedExamples {
  const tape = parseDocument(bytes);
  const name = signatureName(tape);
  const contextNode = tape.member(tape.root, 'context');
  const context = contextNode === undefined ? undefined : encodeExample(tape, contextNode);
  const list = tape.member(tape.root, 'examples');
  if (list === undefined) {
    throw formatError(
      tape,
      tape.root,
      "When method is classify, key 'examples' is expected and was not found",
    );
  }
  if (tape.type(list) !== 'Array') {
    throw formatError(tape, tape.root, "Expecting 'examples' value to be an list/array");
  }
  if (tape.size(list) === 0) throw formatError(tape, tape.root, "'examples' value is an empty array");
  const examples: Uint8Array[] = [];
  for (const node of tape.elements(list)) {
    const example = encodeExample(tape, node);
    // Messages one after the other merge: a feature of the example takes the place of the context's.
    examples.push(context === undefined ? example : Buffer.concat([context, example]));
  }
  return { signatureName: name, examples };
}

function encodeExample(tape: JsonTape, node: number): Uint8Array {
  if (tape.type(node) !== 'Object') {
    throw inputError(`Example must be JSON object but got JSON ${tape.type(node)}`);
  }
  const feature = new Map<string, Feature>();
  for (const [key, value] of tape.members(node)) {
    const name = decoder.decode(tape.string(key));
    const values = tape.type(value) === 'Array' ? tape.elements(value) : [value];
    feature.set(name, readFeature(tape, name, values));
  }
  return encodeMessage(EXAMPLE_SCHEMA, 'Example', { features: { feature } });
}

type Kind = 'bytes' | 'float' | 'int64';
type Value = Uint8Array | number | bigint;

function readFeature(tape: JsonTape, name: string, nodes: Iterable<number>): Feature {
  let kind: Kind | undefined;
  const values: Value[] = [];
  for (const node of nodes) {
    const [found, value] = readValue(tape, name, node, kind);
    kind = found;
    values.push(value);
  }
  switch (kind) {
    case 'bytes':
      return { bytes_list: { value: values as Uint8Array[] } };
    case 'float':
      return { float_list: { value: values as number[] } };
    case 'int64':
      return { int64_list: { value: values as bigint[] } };
    default:
      return {};
  }
}

/** One element with the kind of list it belongs to; `kind` is that of the elements before it. */
function readValue(
  tape: JsonTape,
  name: string,
  node: number,
  kind: Kind | undefined,
): readonly [Kind, Value] {
  const expect = (found: Kind): Kind => {
    if (kind === undefined || kind === found) return found;
    throw inputError(`Unexpected element type in feature: ${name} expecting type: ${kind}`);
  };
  const type = tape.type(node);
  switch (type) {
    case 'True':
    case 'False':
      return [expect('int64'), type === 'True' ? 1n : 0n];
    case 'String':
      return [expect('bytes'), tape.string(node)];
    case 'Number':
      break;
    case 'Object':
      if (isBase64Object(tape, node)) return [expect('bytes'), base64Value(tape, node)];
      throw unexpected(name, type);
    default:
      throw unexpected(name, type);
  }
  const from = tape.start(node);
  const after = tape.scalarEnd(node);
  if (!isInteger(tape, from, after)) {
    return [expect('float'), Math.fround(numberValue(tape.bytes, from, after))];
  }
  const value = integerValue(tape.bytes, from, after);
  expect('int64');
  if (value === undefined || value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    throw inputError(`Feature: ${name} has uint64_t element. Only int64_t is supported.`);
  }
  return ['int64', value];
}

/** Whether the number is written without point and exponent; integers beyond 64 bits are decimals. */
function isInteger(tape: JsonTape, from: number, after: number): boolean {
  if (!/^-?\d+$/.test(numberText(tape.bytes, from, after))) return false;
  const value = integerValue(tape.bytes, from, after);
  return value !== undefined && value < 2n ** 64n && value >= -(2n ** 63n);
}

function unexpected(name: string, type: string) {
  return inputError(`Feature: ${name} has element with unexpected JSON type: ${type}`);
}
