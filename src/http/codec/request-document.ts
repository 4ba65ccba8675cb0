import { TfdeployError } from '../../base/error.js';
import { decodeBase64 } from './base64.js';
import { debugText } from './json-debug.js';
import { JsonTape } from './json-tape.js';

/** An error of the caller's body, in TensorFlow Serving's words. */
export function inputError(message: string, hint?: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', message, { hint });
}

/** The document of a request; throws where it is no JSON object. */
export function parseDocument(bytes: Uint8Array): JsonTape {
  if (bytes.length === 0) throw inputError('JSON Parse error: The document is empty');
  const tape = new JsonTape(bytes);
  if (tape.type(tape.root) !== 'Object') throw formatError(tape, tape.root, 'Is not object');
  return tape;
}

/** `signature_name` of a request; undefined when absent or empty. */
export function signatureName(tape: JsonTape): string | undefined {
  const node = tape.member(tape.root, 'signature_name');
  if (node === undefined) return undefined;
  if (tape.type(node) !== 'String') {
    throw formatError(
      tape,
      tape.root,
      "not formatted correctly. 'signature_name' key must be a string value.",
    );
  }
  return new TextDecoder().decode(tape.string(node)) || undefined;
}

export function formatError(tape: JsonTape, node: number, what: string): TfdeployError {
  return inputError(`JSON Value: ${debugText(tape, node)} ${what}`);
}

/** True for `{"b64": "<string>"}`. */
export function isBase64Object(tape: JsonTape, node: number): boolean {
  if (tape.type(node) !== 'Object' || tape.size(node) !== 1) return false;
  const value = tape.member(node, 'b64');
  return value !== undefined && tape.type(value) === 'String';
}

export function base64Value(tape: JsonTape, node: number): Uint8Array {
  if (!isBase64Object(tape, node)) throw formatError(tape, node, 'not formatted correctly for base64 data');
  const decoded = decodeBase64(tape.string(tape.member(node, 'b64')!));
  if (decoded === undefined) throw inputError('Unable to base64 decode');
  return decoded;
}
