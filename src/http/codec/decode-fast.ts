import type { TensorMap } from '../../base/tensor.js';
import type { ServableSignature } from '../../repository/types.js';
import { skipNumber } from './json-number.js';
import { skipString, stringText } from './json-string.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './json-syntax.js';
import { readNested } from './nested-run.js';
import { isJsonDType, sinkAt } from './tensor-sink.js';
import type { DecodedPredict, PredictFormat, SignatureSource } from './types.js';

/**
 * Reads a well-formed predict body in one pass over its bytes. Undefined for everything else, be it wrong or
 * only unusual: the careful reader (`decode-tape.ts`) then finds out, and words the error. What both accept
 * they read alike; a property test holds them to it.
 */
export function decodeFast(bytes: Buffer, signatureOf: SignatureSource): DecodedPredict | undefined {
  try {
    const first = readBody(bytes, signatureOf, undefined);
    if (!(first instanceof LateSignature)) return first;
    // The name stood behind the tensors, which were read by another signature's types.
    const second = readBody(bytes, signatureOf, first.name);
    return second instanceof LateSignature ? undefined : second;
  } catch {
    return undefined;
  }
}

class LateSignature {
  constructor(readonly name: string) {}
}

function readBody(
  bytes: Buffer,
  signatureOf: SignatureSource,
  knownName: string | undefined,
): DecodedPredict | LateSignature | undefined {
  const end = bytes.length;
  let name = knownName;
  let isNameSeen = false;
  let signature: ServableSignature | undefined;
  let format: PredictFormat | undefined;
  let inputs: TensorMap | undefined;
  let pos = skipSpace(bytes, 0, end);
  if (pos >= end || bytes[pos] !== OPEN_BRACE) return undefined;
  do {
    const key = skipSpace(bytes, pos + 1, end);
    if (key >= end || bytes[key] !== QUOTE) return undefined;
    const afterKey = skipString(bytes, key, end);
    const colon = skipSpace(bytes, afterKey, end);
    if (colon >= end || bytes[colon] !== COLON) return undefined;
    const value = skipSpace(bytes, colon + 1, end);
    const found = formatOfKey(bytes, key, afterKey);
    if (found !== undefined) {
      if (format !== undefined) return undefined;
      signature = signatureOf(name);
      format = found;
      inputs = new Map();
      pos =
        found === 'row'
          ? readRows(bytes, value, end, signature, inputs)
          : readColumns(bytes, value, end, signature, inputs);
    } else if (!isNameSeen && isKey(bytes, key, afterKey, SIGNATURE_KEY)) {
      isNameSeen = true;
      if (value >= end || bytes[value] !== QUOTE) return undefined;
      pos = skipString(bytes, value, end);
      const given = stringText(bytes, value, pos);
      if (signature !== undefined && given !== '' && given !== signature.name) {
        return knownName === undefined ? new LateSignature(given) : undefined;
      }
      name = given === '' ? undefined : given;
    } else {
      pos = skipScalar(bytes, value, end);
    }
    if (pos < 0) return undefined;
    pos = skipSpace(bytes, pos, end);
  } while (pos < end && bytes[pos] === COMMA);
  if (pos >= end || bytes[pos] !== CLOSE_BRACE) return undefined;
  if (format === undefined || inputs === undefined || signature === undefined) return undefined;
  return { format, signature, inputs };
}

const SIGNATURE_KEY = Buffer.from('signature_name');
const INSTANCES_KEY = Buffer.from('instances');
const INPUTS_KEY = Buffer.from('inputs');

function formatOfKey(bytes: Buffer, key: number, afterKey: number): PredictFormat | undefined {
  if (isKey(bytes, key, afterKey, INSTANCES_KEY)) return 'row';
  return isKey(bytes, key, afterKey, INPUTS_KEY) ? 'columnar' : undefined;
}

/** True when the string in quotes is that word, written without escapes. */
function isKey(bytes: Buffer, key: number, afterKey: number, word: Uint8Array): boolean {
  if (afterKey - key - 2 !== word.length) return false;
  for (let index = 0; index < word.length; index++) {
    if (bytes[key + 1 + index] !== word[index]) return false;
  }
  return true;
}

/** A value under a key that nobody reads; containers are left to the careful reader. */
function skipScalar(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return -1;
  if (bytes[at] === QUOTE) return skipString(bytes, at, end);
  return (bytes[at]! >= 48 && bytes[at]! <= 57) || bytes[at] === 45 ? skipNumber(bytes, at, end) : -1;
}

function beginSinks(signature: ServableSignature): boolean {
  for (let place = 0; place < signature.inputs.length; place++) {
    const { dtype } = signature.inputs[place]!;
    if (!isJsonDType(dtype) || dtype === 'resource' || dtype === 'variant') return false;
    sinkAt(place).begin(dtype);
  }
  return true;
}

function readRows(
  bytes: Buffer,
  at: number,
  end: number,
  signature: ServableSignature,
  inputs: TensorMap,
): number {
  if (at >= end || bytes[at] !== OPEN_BRACKET || !beginSinks(signature)) return -1;
  const first = skipSpace(bytes, at + 1, end);
  if (first >= end) return -1;
  const isNamed =
    bytes[first] === OPEN_BRACE && !(signature.inputs.length === 1 && isBase64(bytes, first, end));
  if (!isNamed) return readColumn(bytes, at, end, signature, inputs);
  let rows = 0;
  let pos = first;
  for (;;) {
    pos = readNamed(bytes, pos, end, signature);
    if (pos < 0) return -1;
    rows++;
    pos = skipSpace(bytes, pos, end);
    if (pos >= end) return -1;
    const byte = bytes[pos++]!;
    if (byte === CLOSE_BRACKET) break;
    if (byte !== COMMA) return -1;
    pos = skipSpace(bytes, pos, end);
  }
  takeAll(signature, inputs, rows);
  return pos;
}

function readColumns(
  bytes: Buffer,
  at: number,
  end: number,
  signature: ServableSignature,
  inputs: TensorMap,
): number {
  if (at >= end || !beginSinks(signature)) return -1;
  if (bytes[at] !== OPEN_BRACE || (signature.inputs.length === 1 && isBase64(bytes, at, end))) {
    return readColumn(bytes, at, end, signature, inputs);
  }
  const after = readNamed(bytes, at, end, signature);
  if (after >= 0) takeAll(signature, inputs, undefined);
  return after;
}

/** One value for the only input of the signature. */
function readColumn(
  bytes: Buffer,
  at: number,
  end: number,
  signature: ServableSignature,
  inputs: TensorMap,
): number {
  if (signature.inputs.length !== 1) return -1;
  const after = readNested(bytes, at, end, sinkAt(0));
  if (after >= 0) takeAll(signature, inputs, undefined);
  return after;
}

function takeAll(signature: ServableSignature, inputs: TensorMap, rows: number | undefined): void {
  for (let place = 0; place < signature.inputs.length; place++) {
    const sink = sinkAt(place);
    const shape: number[] = rows === undefined ? [] : [rows];
    for (let level = 0; level < sink.rank; level++) shape.push(sink.dims[level]!);
    inputs.set(signature.inputs[place]!.name, sink.take(shape));
  }
}

/** An object with exactly one value for each input, in any order; `at` is its brace. */
function readNamed(bytes: Buffer, at: number, end: number, signature: ServableSignature): number {
  const { inputs } = signature;
  if (at >= end || bytes[at] !== OPEN_BRACE) return -1;
  const keys = inputKeys(signature);
  let seen = 0;
  let pos = at;
  for (let count = 0; count < inputs.length; count++) {
    const key = skipSpace(bytes, pos + 1, end);
    if (key >= end || bytes[key] !== QUOTE) return -1;
    const afterKey = skipString(bytes, key, end);
    let place = count;
    if (!isKey(bytes, key, afterKey, keys[place]!)) {
      place = keys.findIndex((word) => isKey(bytes, key, afterKey, word));
    }
    if (place < 0 || place > 30 || seen & (1 << place)) return -1;
    seen |= 1 << place;
    const colon = skipSpace(bytes, afterKey, end);
    if (colon >= end || bytes[colon] !== COLON) return -1;
    pos = readNested(bytes, colon + 1, end, sinkAt(place));
    if (pos < 0) return -1;
    pos = skipSpace(bytes, pos, end);
    if (pos >= end || bytes[pos] !== (count === inputs.length - 1 ? CLOSE_BRACE : COMMA)) return -1;
  }
  return pos + 1;
}

const keysBySignature = new WeakMap<ServableSignature, readonly Uint8Array[]>();

function inputKeys(signature: ServableSignature): readonly Uint8Array[] {
  let keys = keysBySignature.get(signature);
  if (keys === undefined) {
    keys = signature.inputs.map((input) => Buffer.from(input.name));
    keysBySignature.set(signature, keys);
  }
  return keys;
}

function isBase64(bytes: Buffer, at: number, end: number): boolean {
  const key = skipSpace(bytes, at + 1, end);
  return key + 5 <= end && bytes[key] === QUOTE && bytes.toString('latin1', key, key + 5) === '"b64"';
}
