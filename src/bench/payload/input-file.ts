import { readFileSync } from 'node:fs';
import { inflateCase, isCase, readCase } from '../../base/case-format.js';
import { TfdeployError } from '../../base/error.js';
import { writeCase } from './case-body.js';
import type { Payloads } from './make.js';

/**
 * Request bodies from a file: one request in TensorFlow Serving's JSON or in the case format, or one such
 * request per line (`.jsonl`); gzip is seen by its first bytes. A request is sent as it stands, a case as
 * columns. Throws TFD_INPUT_INVALID.
 */
export function readPayloads(path: string, signature: string | undefined): Payloads {
  const text = readText(path);
  const isLines = /\.(jsonl|ndjson)(\.gz)?$/.test(path);
  const parts = isLines ? text.split('\n').filter((line) => line.trim() !== '') : [text];
  if (parts.length === 0) throw refuse(path, 'it holds no request');
  const bodies = parts.map((part, index) =>
    readBody(part, parts.length === 1 ? path : `${path}: line ${index + 1}`, signature),
  );
  const count = bodies.length === 1 ? 'one request' : `${bodies.length} requests`;
  return { bodies, about: `${count} of ${path}`, source: 'file', rows: undefined, notes: [] };
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw refuse(path, (cause as Error).message, cause);
  }
  return Buffer.from(inflateCase(bytes, path)).toString('utf8');
}

function readBody(text: string, where: string, signature: string | undefined): Buffer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    // TensorFlow Serving reads NaN and Infinity, which JSON does not have: such a request goes out as it is.
    if (!/\b(NaN|-?Inf(inity)?)\b/.test(text)) {
      throw refuse(where, `it is not JSON: ${(cause as Error).message}`, cause);
    }
    return withSignature(text, undefined, where, signature);
  }
  if (isCase(json)) return writeCase(readCase(json, where), where, signature);
  const isRequest =
    typeof json === 'object' &&
    json !== null &&
    ('instances' in json || 'inputs' in json || 'examples' in json);
  if (!isRequest) throw refuse(where, "it has neither 'instances' nor 'inputs'");
  return withSignature(text, json as Record<string, unknown>, where, signature);
}

/** `--signature` has to be the one that the file names, or to be added where it names none. */
function withSignature(
  text: string,
  json: Readonly<Record<string, unknown>> | undefined,
  where: string,
  signature: string | undefined,
): Buffer {
  if (signature === undefined) return Buffer.from(text.trim(), 'utf8');
  if (json === undefined)
    throw refuse(where, 'it holds NaN or Infinity, so --signature can not be added to it');
  const named = json.signature_name;
  if (named !== undefined && named !== signature) {
    throw refuse(where, `it is for signature '${String(named)}', --signature is '${signature}'`);
  }
  if (named === signature) return Buffer.from(text.trim(), 'utf8');
  // Put in as text: to parse and write again would round 64-bit integers.
  return Buffer.from(`{"signature_name":${JSON.stringify(signature)},${text.trim().slice(1)}`, 'utf8');
}

function refuse(where: string, what: string, cause?: unknown): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', `${where}: ${what}`, {
    cause,
    hint: 'give TensorFlow Serving\'s JSON ({"instances": [...]}), the case format, or .jsonl with one per line',
  });
}
