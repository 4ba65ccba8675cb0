import { TfdeployError } from '../../base/error.js';
import type { PlanTensor } from '../../convert/plan.js';
import type {
  Servable,
  ServableDirectory,
  ServableSignature,
  VersionChoice,
} from '../../repository/types.js';
import { announce } from '../announce.js';
import { CAREFUL_LOOP_BYTES, readInferApart } from '../apart/decode-apart.js';
import { parseDocument } from '../codec/request-document.js';
import type { Exchange } from '../exchange.js';
import { findServable } from '../find-servable.js';
import { findSignature, run } from '../predict.js';
import { decodeName, versionOf } from '../route.js';
import { writeInferAnswer } from './infer-answer.js';
import { readInferRequest } from './infer-request.js';
import { listRepository } from './repository-index.js';
import { OIP_TYPES } from './types.js';

const MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/(\d+))?(?:\/(ready|infer))?$/;
const VERSION_OF_PROTOCOL = '2';

/** The REST part of the Open Inference Protocol, version 2. */
export function handleOip(
  exchange: Exchange,
  directory: ServableDirectory,
  method: string,
  path: string,
): void {
  if (method === 'GET' || method === 'HEAD') {
    const fixed = fixedAnswer(directory, path);
    if (fixed !== undefined) {
      answer(exchange, fixed.isYes ? 200 : 503, fixed.body);
      return;
    }
  }
  if (method === 'POST' && path === '/v2/repository/index') {
    exchange.readBody((body) => answer(exchange, 200, listRepository(directory, isReadyOnly(body))));
    return;
  }
  const match = MODEL.exec(path);
  if (match === null) throw unknown(method, path);
  const [, name = '', version, what] = match;
  const model = decodeName(name, 'model name');
  const choice: VersionChoice = version === undefined ? {} : { version: versionOf(version) };
  if (what === 'infer') {
    if (method !== 'POST') throw unknown(method, path);
    infer(exchange, directory, model, choice);
    return;
  }
  if (method !== 'GET' && method !== 'HEAD') throw unknown(method, path);
  exchange.api = what === 'ready' ? 'status' : 'metadata';
  const servable = findServable(exchange, directory, model, choice);
  answer(exchange, 200, what === 'ready' ? { name: model, ready: true } : describeModel(directory, servable));
}

function fixedAnswer(
  directory: ServableDirectory,
  path: string,
): { isYes: boolean; body: object } | undefined {
  switch (path) {
    case '/v2':
      return {
        isYes: true,
        body: { name: 'tfdeploy', version: VERSION_OF_PROTOCOL, extensions: ['binary_tensor_data'] },
      };
    case '/v2/health/live':
      return { isYes: true, body: { live: true } };
    case '/v2/health/ready':
      return { isYes: directory.isReady, body: { ready: directory.isReady } };
    default:
      return undefined;
  }
}

function infer(exchange: Exchange, directory: ServableDirectory, model: string, choice: VersionChoice): void {
  exchange.api = 'infer';
  const next = async (body: Buffer) => {
    const servable = findServable(exchange, directory, model, choice);
    const jsonLength = exchange.headers.inferenceHeaderLength;
    const source = (name: string | undefined) => findSignature(servable, name);
    // Binary tensors behind the JSON cost nothing to read.
    const request =
      (jsonLength ?? body.length) <= CAREFUL_LOOP_BYTES
        ? readInferRequest(body, jsonLength, source)
        : await readInferApart(body, jsonLength, servable, source);
    const names = request.outputs?.map(({ name }) => name);
    const { timeoutMs, priority } = request.parameters;
    if (timeoutMs !== undefined) exchange.headers.deadlineMs ??= timeoutMs;
    if (priority !== undefined) exchange.headers.priority ||= priority;
    const outputs = await run(exchange, servable, request.signature, request.inputs, names);
    const { body: encoded, jsonLength: headLength } = writeInferAnswer(servable, request, outputs);
    exchange.mark('encode');
    if (headLength === undefined) exchange.json(encoded);
    else {
      const header = ['Inference-Header-Content-Length', String(headLength)];
      exchange.answer(200, 'application/octet-stream', encoded, header);
    }
  };
  exchange.readBody(next, () => announce(exchange, directory, model, choice));
}

function describeModel(directory: ServableDirectory, servable: Servable) {
  const { signatures } = servable;
  const main: ServableSignature | undefined =
    signatures.get('serving_default') ?? [...signatures.values()][0];
  return {
    name: servable.model,
    versions: directory
      .status(servable.model)
      .filter(({ state }) => state === 'AVAILABLE')
      .map(({ version }) => String(version)),
    platform: 'tensorflow_savedmodel',
    inputs: (main?.inputs ?? []).map(describeTensor),
    outputs: (main?.outputs ?? []).map(describeTensor),
  };
}

function describeTensor({ name, dtype, shape }: PlanTensor) {
  return {
    name,
    datatype: OIP_TYPES.get(dtype) ?? dtype,
    shape: (shape ?? [-1]).map((dim) => (typeof dim === 'number' ? dim : -1)),
  };
}

/** The body may be absent; Triton's clients ask for the ready models by `{"ready": true}`. */
function isReadyOnly(body: Buffer): boolean {
  if (body.length === 0) return false;
  const tape = parseDocument(body);
  const ready = tape.member(tape.root, 'ready');
  return ready !== undefined && tape.type(ready) === 'True';
}

function unknown(method: string, path: string): TfdeployError {
  return new TfdeployError('TFD_NOT_FOUND', `The Open Inference Protocol has no ${method} ${path}`);
}

function answer(exchange: Exchange, status: number, body: unknown): void {
  exchange.answer(status, 'application/json', Buffer.from(`${JSON.stringify(body)}\n`));
}
