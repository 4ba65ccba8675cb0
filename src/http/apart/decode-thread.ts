import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { isTfdeployError } from '../../base/error.js';
import { packTensors } from '../../engine/wire.js';
import type { ServableSignature } from '../../repository/types.js';
import { decodeFast } from '../codec/decode-fast.js';
import { decodeTape } from '../codec/decode-tape.js';
import { decodeExamples } from '../codec/example.js';
import { readInferRequest } from '../oip/infer-request.js';
import type { ApartAnswer, ApartJob } from './types.js';

const DEFAULT_SIGNATURE = 'serving_default';
/** A little less than others get: requests of the usual size go first. */
const NICE = 5;

class MissingSignature {
  constructor(readonly name: string | undefined) {}
}

const port = parentPort!;

/** Linux has a priority for each thread; elsewhere this thread is like the others. */
function lowerPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (Number.isInteger(thread) && thread > 0) setPriority(thread, NICE);
  } catch {
    // No such file here, or it is not allowed.
  }
}

function decode(job: ApartJob, transfer: Set<ArrayBuffer>): ApartAnswer {
  const { id, bytes, signatures } = job;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signatureOf = (name: string | undefined): ServableSignature => {
    const found = signatures.find((each) => each.name === (name ?? DEFAULT_SIGNATURE));
    if (found === undefined) throw new MissingSignature(name);
    return found;
  };
  if (job.kind === 'examples') return { id, value: decodeExamples(body) };
  const read =
    job.kind === 'predict'
      ? (decodeFast(body, signatureOf) ?? decodeTape(body, signatureOf))
      : readInferRequest(body, job.jsonLength, signatureOf);
  const { signature, inputs } = read;
  return { id, value: { ...read, signature: signature.name, inputs: packTensors(inputs, transfer) } };
}

function describeFailure(id: number, thrown: unknown): ApartAnswer {
  if (thrown instanceof MissingSignature) return { id, missing: { name: thrown.name } };
  if (isTfdeployError(thrown)) return { id, error: thrown.toJSON() };
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { id, error: { code: 'TFD_BUG', message } };
}

lowerPriority();
port.on('message', (job: ApartJob) => {
  const transfer = new Set<ArrayBuffer>();
  let answer: ApartAnswer;
  try {
    answer = decode(job, transfer);
  } catch (thrown) {
    transfer.clear();
    answer = describeFailure(job.id, thrown);
  }
  port.postMessage(answer, [...transfer]);
});
