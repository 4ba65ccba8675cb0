import { TfdeployError } from '../../base/error.js';
import type { Tensor, TensorMap } from '../../base/tensor.js';
import type { PlanTensor } from '../../convert/plan.js';
import { debugText } from './json-debug.js';
import type { JsonTape } from './json-tape.js';
import { formatError, inputError, isBase64Object, parseDocument, signatureName } from './request-document.js';
import { TapeSink } from './tape-sink.js';
import type { DecodedPredict, SignatureSource } from './types.js';

/**
 * The careful reader of predict bodies: every rule of TensorFlow Serving's REST API in its order, with its
 * error texts. `decode-fast.ts` reads the common case; both give the same tensors.
 */
export function decodeTape(bytes: Uint8Array, signatureOf: SignatureSource): DecodedPredict {
  const tape = parseDocument(bytes);
  const signature = signatureOf(signatureName(tape));
  const instances = tape.member(tape.root, 'instances');
  const inputs = tape.member(tape.root, 'inputs');
  if (instances !== undefined && inputs !== undefined) {
    throw formatError(
      tape,
      tape.root,
      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    );
  }
  if (instances !== undefined) {
    if (tape.type(instances) !== 'Array') {
      throw formatError(tape, tape.root, "Expecting 'instances' to be an list/array");
    }
    if (tape.size(instances) === 0) throw formatError(tape, tape.root, "No values in 'instances' array");
    return { format: 'row', signature, inputs: decodeInstances(tape, instances, signature.inputs) };
  }
  if (inputs === undefined) throw inputError("Missing 'inputs' or 'instances' key");
  return { format: 'columnar', signature, inputs: decodeInputs(tape, inputs, signature.inputs) };
}

function decodeInputs(tape: JsonTape, node: number, infos: readonly PlanTensor[]): TensorMap {
  const isNamed = tape.type(node) === 'Object' && !isBase64Object(tape, node);
  if (!isNamed && infos.length > 1) {
    throw inputError(
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    );
  }
  return new Map(
    infos.map((info): [string, Tensor] => {
      const value = isNamed ? tape.member(node, info.name) : node;
      if (value === undefined) throw inputError(`Missing named input: ${info.name} in 'inputs' object.`);
      const sink = new TapeSink(tape, info.dtype);
      sink.add(value);
      return [info.name, sink.take(sink.shape)];
    }),
  );
}

function decodeInstances(tape: JsonTape, node: number, infos: readonly PlanTensor[]): TensorMap {
  const first = tape.firstChild(node);
  if (tape.type(first) !== 'Object' && infos.length > 1) {
    throw inputError(
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    );
  }
  const isNamed = isNamedElement(tape, first);
  const sinks = new Map(infos.map((info) => [info.name, new TapeSink(tape, info.dtype)]));
  let item = 0;
  for (const element of tape.elements(node)) {
    if (isNamed) addNamedRow(tape, element, item, sinks);
    else addPlainRow(tape, element, item, [...sinks.values()][0]!);
    item++;
  }
  return new Map([...sinks].map(([name, sink]) => [name, sink.take([item, ...sink.shape])]));
}

function isNamedElement(tape: JsonTape, node: number): boolean {
  return tape.type(node) === 'Object' && !isBase64Object(tape, node);
}

function addNamedRow(
  tape: JsonTape,
  element: number,
  item: number,
  sinks: ReadonlyMap<string, TapeSink>,
): void {
  if (!isNamedElement(tape, element)) {
    throw inputError(`Expecting object but got list at item ${item} of input list`);
  }
  const decoder = new TextDecoder();
  const seen = new Set<string>();
  for (const [key, value] of tape.members(element)) {
    const name = decoder.decode(tape.string(key));
    const sink = sinks.get(name);
    // A doubled key would add a row of its own: TensorFlow Serving lets it, and answers with a broken tensor.
    if (seen.has(name)) throw inputError(`Failed to process element: ${item} key: ${name} is given twice`);
    seen.add(name);
    try {
      if (sink === undefined) throw inputError(`JSON object: does not have named input: ${name}`);
      sink.add(value);
    } catch (error) {
      throw wrapped(`Failed to process element: ${item} key: ${name} of 'instances' list.`, error);
    }
  }
  if (seen.size !== sinks.size) {
    throw inputError(
      `Failed to process element: ${item} of 'instances' list. JSON object: ${debugText(tape, element)} ` +
        `keys must be equal to: ${[...sinks.keys()].sort().join(',')}`,
    );
  }
}

function addPlainRow(tape: JsonTape, element: number, item: number, sink: TapeSink): void {
  if (isNamedElement(tape, element)) {
    throw inputError(`Expecting value/list but got object at item ${item} of input list`);
  }
  try {
    sink.add(element);
  } catch (error) {
    throw wrapped(`Failed to process element: ${item} of 'instances' list.`, error);
  }
}

function wrapped(what: string, error: unknown): unknown {
  if (!(error instanceof TfdeployError)) return error;
  return inputError(`${what} Error: ${error.row.grpc}: ${error.message}`, error.hint);
}
