import { TfdeployError } from '../base/error.js';
import type { NonFinite } from './codec/encode.js';

/** What a handler asks of the request's header. */
export interface RequestHeaders {
  contentLength: number;
  contentEncoding: string;
  contentType: string;
  accept: string;
  acceptEncoding: string;
  origin: string | undefined;
  requestId: string | undefined;
  /** Milliseconds the client waits, from `x-tfdeploy-deadline-ms`. */
  deadlineMs: number | undefined;
  priority: number;
  /** True when `x-tfdeploy-timing` asks for a Server-Timing header. */
  wantsTiming: boolean;
  /** Of a binary body: `x-tfdeploy-signature`, `-input`, `-shape`; of a binary answer: `x-tfdeploy-output`. */
  signatureName: string | undefined;
  inputName: string | undefined;
  outputName: string | undefined;
  shape: string | undefined;
  /** How `x-tfdeploy-non-finite` wants NaN and infinities in JSON: `null` or `string`. */
  nonFinite: NonFinite | undefined;
  /** Bytes of the JSON part of a v2 request with binary tensors. */
  inferenceHeaderLength: number | undefined;
}

type Setter = (headers: RequestHeaders, value: string, name: string) => void;

function set(setter: (headers: RequestHeaders, value: string, name: string) => unknown): Setter {
  return (headers, value, name) => void setter(headers, value, name);
}

const READERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['content-length', set((headers, value) => (headers.contentLength = Number(value)))],
  ['content-encoding', set((headers, value) => (headers.contentEncoding = value.trim().toLowerCase()))],
  ['content-type', set((headers, value) => (headers.contentType = value))],
  ['accept', set((headers, value) => (headers.accept = value))],
  ['accept-encoding', set((headers, value) => (headers.acceptEncoding = value))],
  ['origin', set((headers, value) => (headers.origin = value))],
  ['x-request-id', set((headers, value) => (headers.requestId = isPlain(value) ? value : undefined))],
  ['x-tfdeploy-deadline-ms', set((headers, value, name) => (headers.deadlineMs = positive(name, value)))],
  ['x-tfdeploy-priority', set((headers, value, name) => (headers.priority = integer(name, value)))],
  ['x-tfdeploy-timing', set((headers, value) => (headers.wantsTiming = value === '1' || value === 'true'))],
  ['x-tfdeploy-signature', set((headers, value, name) => (headers.signatureName = decoded(name, value)))],
  ['x-tfdeploy-input', set((headers, value, name) => (headers.inputName = decoded(name, value)))],
  ['x-tfdeploy-output', set((headers, value, name) => (headers.outputName = decoded(name, value)))],
  ['x-tfdeploy-shape', set((headers, value) => (headers.shape = value))],
  ['x-tfdeploy-non-finite', set((headers, value, name) => (headers.nonFinite = nonFinite(name, value)))],
  [
    'inference-header-content-length',
    set((headers, value, name) => (headers.inferenceHeaderLength = length(name, value))),
  ],
]);

/** Lengths of the names above: most headers are passed over by it without being lower-cased. */
const LENGTHS = new Uint8Array(256);
for (const name of READERS.keys()) LENGTHS[name.length] = 1;

/**
 * Reads what matters from Node.js' list of names and values. Throws TFD_INPUT_INVALID for a value that is
 * not of its form.
 */
export function readHeaders(raw: readonly string[]): RequestHeaders {
  const headers: RequestHeaders = {
    contentLength: -1,
    contentEncoding: '',
    contentType: '',
    accept: '',
    acceptEncoding: '',
    origin: undefined,
    requestId: undefined,
    deadlineMs: undefined,
    priority: 0,
    wantsTiming: false,
    signatureName: undefined,
    inputName: undefined,
    outputName: undefined,
    shape: undefined,
    nonFinite: undefined,
    inferenceHeaderLength: undefined,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!;
    if (LENGTHS[name.length & 255] === 0) continue;
    READERS.get(name.toLowerCase())?.(headers, raw[index + 1]!, name);
  }
  return headers;
}

function isPlain(value: string): boolean {
  return value.length <= 128 && /^[\x21-\x7e]+$/.test(value);
}

/** Header values are ASCII: other characters of a name come with percent signs. */
function decoded(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new TfdeployError('TFD_INPUT_INVALID', `${name}: "${value}" has a broken escape`);
  }
}

function nonFinite(name: string, value: string): NonFinite {
  if (value === 'null' || value === 'string') return value;
  throw new TfdeployError('TFD_INPUT_INVALID', `${name}: "${value}" is neither null nor string`);
}

function positive(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new TfdeployError('TFD_INPUT_INVALID', `${name}: "${value}" is not a positive number`);
}

function integer(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isSafeInteger(number)) return number;
  throw new TfdeployError('TFD_INPUT_INVALID', `${name}: "${value}" is not an integer`);
}

function length(name: string, value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new TfdeployError('TFD_INPUT_INVALID', `${name}: "${value}" is not a length in bytes`);
}
