import { reviveError, TfdeployError } from '../base/error.js';
import { freeMemory } from '../base/free-memory.js';
import type { TensorMap } from '../base/tensor.js';
import type { Servable, ServableDirectory, ServableSignature } from '../repository/types.js';
import { announce, observeDecode } from './announce.js';
import { CAREFUL_LOOP_BYTES, decodePredictApart, LOOP_BYTES } from './apart/decode-apart.js';
import { answerBinary, type BinaryForm, binaryFormOf, readBinaryInputs } from './binary/predict.js';
import { decodeFast } from './codec/decode-fast.js';
import { decodeTape } from './codec/decode-tape.js';
import { encodePredict } from './codec/encode.js';
import { inputError } from './codec/request-document.js';
import type { DecodedPredict, SignatureSource } from './codec/types.js';
import type { Exchange } from './exchange.js';
import { findServable } from './find-servable.js';
import type { PredictionRoute } from './route.js';

const DEFAULT_SIGNATURE = 'serving_default';

/** Throws why a signature can not run, if so. */
export function checkRunnable(signature: ServableSignature): void {
  if (signature.refusal !== undefined) throw reviveError(signature.refusal);
}

const sources = new WeakMap<Servable, SignatureSource>();

/** Signatures of a servable for the predict API, with TensorFlow Serving's texts. */
function signatureSource(servable: Servable): SignatureSource {
  let source = sources.get(servable);
  if (source === undefined) {
    source = (given) => findSignature(servable, given);
    sources.set(servable, source);
  }
  return source;
}

/** The signature to predict with. Throws where there is none, where it has no inputs, or why it can not run. */
export function findSignature(servable: Servable, given: string | undefined): ServableSignature {
  const name = given ?? DEFAULT_SIGNATURE;
  const signature = servable.signatures.get(name);
  const inputs = signature?.inputs.length || (servable.signatureDefs.get(name)?.inputs.size ?? 0);
  if (signature === undefined) {
    throw new TfdeployError(
      'TFD_SIGNATURE_NOT_FOUND',
      `Serving signature name: "${name}" not found in signature def`,
      { hint: `the model has: ${[...servable.signatures.keys()].join(', ')}` },
    );
  }
  if (inputs === 0) throw inputError(`Failed to get input map for signature: ${given ?? 'DEFAULT'}`);
  checkRunnable(signature);
  return signature;
}

/** `:predict`: reads the body, runs the signature, answers in the form asked in. */
export function handlePredict(
  exchange: Exchange,
  directory: ServableDirectory,
  route: PredictionRoute,
): void {
  const { model, choice } = route;
  const next = (body: Buffer) => {
    const servable = findServable(exchange, directory, model, choice);
    const { headers } = exchange;
    // TensorFlow Serving does not look at the type of a body; a strict server must not either.
    const form = exchange.state.options.strictTfs ? undefined : binaryFormOf(headers.contentType);
    return form === undefined
      ? predictJson(exchange, servable, body)
      : predictBinary(exchange, servable, form, body);
  };
  exchange.readBody(next, () => announce(exchange, directory, model, choice));
}

/** In this very turn, unless that would take long. */
function decodeJson(servable: Servable, body: Buffer): DecodedPredict | Promise<DecodedPredict> {
  const source = signatureSource(servable);
  const decoded = body.length <= LOOP_BYTES ? decodeFast(body, source) : undefined;
  if (decoded !== undefined) return decoded;
  return body.length <= CAREFUL_LOOP_BYTES
    ? decodeTape(body, source)
    : decodePredictApart(body, servable, source);
}

/** Numbers are read out of a body; strings may be views on it. */
function hasStrings(inputs: TensorMap): boolean {
  for (const { dtype } of inputs.values()) if (dtype === 'string') return true;
  return false;
}

async function predictJson(exchange: Exchange, servable: Servable, body: Buffer): Promise<void> {
  const startMs = performance.now();
  const decoded = decodeJson(servable, body);
  if (!(decoded instanceof Promise)) observeDecode(body.length, performance.now() - startMs);
  const { format, signature, inputs } = decoded instanceof Promise ? await decoded : decoded;
  if (!hasStrings(inputs)) freeMemory(body);
  const outputs = await run(exchange, servable, signature, inputs);
  const { nonFinite } = exchange.headers;
  const encoded = encodePredict(format, outputs, { rawStrings: exchange.state.options.strictTfs, nonFinite });
  exchange.mark('encode');
  exchange.json(encoded);
}

async function predictBinary(
  exchange: Exchange,
  servable: Servable,
  form: BinaryForm,
  body: Buffer,
): Promise<void> {
  const signature = findSignature(servable, exchange.headers.signatureName);
  const inputs = readBinaryInputs(form, body, signature, exchange.headers);
  const outputs = await run(exchange, servable, signature, inputs);
  // The inputs were views on it.
  freeMemory(body);
  answerBinary(exchange, outputs);
}

/** Runs a signature for an exchange, ending its decode phase and accounting for the time of the run. */
export async function run(
  exchange: Exchange,
  servable: Servable,
  signature: ServableSignature,
  inputs: TensorMap,
  outputs?: readonly string[],
): Promise<TensorMap> {
  exchange.signature = signature.name;
  exchange.mark('decode');
  const answer = await servable.predict({
    signature: signature.name,
    inputs,
    ...(outputs === undefined ? {} : { outputs }),
    deadlineMs: exchange.deadlineMs,
    priority: exchange.headers.priority,
    signal: exchange.signal,
  });
  exchange.record('queue', answer.queueMs);
  exchange.record('compute', answer.computeMs);
  exchange.skipMark();
  return answer.outputs;
}
