import { connect } from 'node:net';
import { TfdeployError } from '../base/error.js';
import { readSignature, type SignatureSpec } from './payload/signature.js';
import type { Address } from './wire/connection.js';

/** Where the load goes. */
export interface Target {
  readonly url: string;
  readonly address: Address;
  /** As the Host header says it. */
  readonly host: string;
  readonly path: string;
  /** Undefined where a URL names something that is not TensorFlow Serving's. */
  readonly model: string | undefined;
}

export interface TargetOptions {
  readonly model: string | undefined;
  readonly signal: AbortSignal;
}

const CONTROL_TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const MODEL_PATH = /^\/v1\/models\/([^/:]+)((?:\/versions\/\d+)|(?:\/labels\/[^/:]+))?(?::predict)?\/?$/;

/**
 * Makes a target of what the user wrote: a server's address (the model is then looked up), the address of a
 * model, or any other URL, which is taken as it stands. Throws TFD_USAGE, TFD_UNAVAILABLE.
 */
export async function resolveTarget(text: string, options: TargetOptions): Promise<Target> {
  const url = readUrl(text);
  const address = await reach(url);
  const base = { address, host: url.host };
  const path = url.pathname;
  const asModel = MODEL_PATH.exec(path);
  if (asModel !== null) return build(url, base, checkName(asModel[1]!, options.model), asModel[2] ?? '');
  if (path !== '/' && path !== '/v1/models' && path !== '/v1/models/') {
    return { ...base, url: url.href, path: `${path}${url.search}`, model: undefined };
  }
  const model = options.model ?? (await findModel(url, options.signal));
  return build(url, base, model, '');
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new TfdeployError('TFD_USAGE', `'${text}' is not a URL`, { hint: 'write http://127.0.0.1:8501' });
  }
  if (url.protocol !== 'http:') {
    throw new TfdeployError('TFD_UNIMPLEMENTED', `'${text}': only http:// is measured`, {
      hint: 'measure the plain port behind the proxy that speaks TLS',
    });
  }
  return url;
}

function build(url: URL, base: { address: Address; host: string }, model: string, version: string): Target {
  const path = `/v1/models/${encodeURIComponent(model)}${version}:predict`;
  return { ...base, url: `${url.origin}${path}`, path, model };
}

function checkName(encoded: string, wanted: string | undefined): string {
  let name = encoded;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    throw new TfdeployError('TFD_USAGE', `'${encoded}' is not a valid part of a URL`);
  }
  if (wanted === undefined || wanted === name) return name;
  throw new TfdeployError('TFD_USAGE', `--model is '${wanted}', the URL names '${name}'`);
}

/** Connects once: the load then goes to the very address that answered, without asking for the name again. */
async function reach(url: URL): Promise<Address> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 80 : Number(url.port);
  const socket = connect({ host, port });
  const failure = await new Promise<Error | undefined>((resolve) => {
    socket.setTimeout(CONTROL_TIMEOUT_MS, () => resolve(new Error(`no answer in ${CONTROL_TIMEOUT_MS} ms`)));
    socket.once('connect', () => resolve(undefined));
    socket.once('error', resolve);
  });
  const reached = socket.remoteAddress;
  socket.destroy();
  if (failure === undefined) return { host: reached ?? host, port };
  throw new TfdeployError('TFD_UNAVAILABLE', `${url.origin} can not be reached: ${failure.message}`, {
    hint: 'is the server up? tfdeploy bench MODEL starts one itself',
    cause: failure,
  });
}

async function findModel(url: URL, signal: AbortSignal): Promise<string> {
  const where = `${url.origin}/v1/models`;
  const names = readModelNames(await getJson(where, signal).catch(() => undefined));
  if (names.length === 1) return names[0]!;
  if (names.length === 0) {
    throw new TfdeployError('TFD_UNAVAILABLE', `${where} lists no models`, {
      hint: `name the model: ${url.origin}/v1/models/NAME`,
    });
  }
  throw new TfdeployError('TFD_USAGE', `${url.origin} serves ${names.length} models`, {
    hint: `choose one with --model: ${names.join(', ')}`,
  });
}

/** The names in a list of models: plain, or of objects with a `name`. */
function readModelNames(json: unknown): string[] {
  const list = typeof json === 'object' && json !== null ? (json as { models?: unknown }).models : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const name = typeof entry === 'object' && entry !== null ? (entry as { name?: unknown }).name : entry;
    return typeof name === 'string' ? [name] : [];
  });
}

/** The signature that the server tells of a target's model. */
export async function fetchSignature(
  target: Target,
  name: string | undefined,
  signal: AbortSignal,
): Promise<SignatureSpec> {
  if (target.model === undefined) {
    throw new TfdeployError(
      'TFD_USAGE',
      `${target.url} is not a model's address, so its input is not known`,
      {
        hint: 'give the request with --input FILE',
      },
    );
  }
  const url = `${target.url.replace(/:predict$/, '')}/metadata`;
  return readSignature(await getJson(url, signal), name, url);
}

async function getJson(url: string, signal: AbortSignal): Promise<unknown> {
  const fail = (what: string, cause?: unknown): TfdeployError =>
    new TfdeployError('TFD_UNAVAILABLE', `GET ${url}: ${what}`, {
      cause,
      hint: 'give the request yourself with --input FILE',
    });
  let text = '';
  let status = 0;
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONTROL_TIMEOUT_MS)]),
    });
    status = answer.status;
    const decoder = new TextDecoder();
    for await (const part of answer.body ?? []) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      if (text.length > MOST_ANSWER_BYTES) throw new Error(`the answer is over ${MOST_ANSWER_BYTES} bytes`);
    }
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  if (status !== 200) throw fail(`status ${status}: ${text.slice(0, 200)}`);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fail('the answer is not JSON', cause);
  }
}
