import { TfdeployError } from '../base/error.js';

/** What a handler asks of the request's header. */
export interface RequestHeaders {
  contentLength: number;
  contentEncoding: string;
  contentType: string;
  acceptEncoding: string;
  origin: string | undefined;
  requestId: string | undefined;
  /** Milliseconds the client waits, from `x-tfdeploy-deadline-ms`. */
  deadlineMs: number | undefined;
  priority: number;
  /** True when `x-tfdeploy-timing` asks for a Server-Timing header. */
  wantsTiming: boolean;
  /** Bytes of the JSON part of a v2 request with binary tensors. */
  inferenceHeaderLength: number | undefined;
}

type Setter = (headers: RequestHeaders, value: string) => void;

const READERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['content-length', (headers, value) => (headers.contentLength = Number(value))],
  ['content-encoding', (headers, value) => (headers.contentEncoding = value.trim().toLowerCase())],
  ['content-type', (headers, value) => (headers.contentType = value)],
  ['accept-encoding', (headers, value) => (headers.acceptEncoding = value)],
  ['origin', (headers, value) => (headers.origin = value)],
  ['x-request-id', (headers, value) => (headers.requestId = isPlain(value) ? value : undefined)],
  [
    'x-tfdeploy-deadline-ms',
    (headers, value) => (headers.deadlineMs = positive('x-tfdeploy-deadline-ms', value)),
  ],
  ['x-tfdeploy-priority', (headers, value) => (headers.priority = integer('x-tfdeploy-priority', value))],
  ['x-tfdeploy-timing', (headers, value) => (headers.wantsTiming = value === '1' || value === 'true')],
  [
    'inference-header-content-length',
    (headers, value) => (headers.inferenceHeaderLength = length('Inference-Header-Content-Length', value)),
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
    acceptEncoding: '',
    origin: undefined,
    requestId: undefined,
    deadlineMs: undefined,
    priority: 0,
    wantsTiming: false,
    inferenceHeaderLength: undefined,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!;
    if (LENGTHS[name.length & 255] === 0) continue;
    READERS.get(name.toLowerCase())?.(headers, raw[index + 1]!);
  }
  return headers;
}

function isPlain(value: string): boolean {
  return value.length <= 128 && /^[\x21-\x7e]+$/.test(value);
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
