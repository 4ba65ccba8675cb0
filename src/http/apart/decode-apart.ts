import { Worker } from 'node:worker_threads';
import { entryPath } from '../../base/entry.js';
import { reviveError, TfdeployError } from '../../base/error.js';
import { unpackTensors } from '../../engine/wire.js';
import type { Servable } from '../../repository/types.js';
import type { DecodedExamples } from '../codec/example.js';
import type { DecodedPredict, SignatureSource } from '../codec/types.js';
import type { InferRequest } from '../oip/infer-request.js';
import type { ApartAnswer, ApartInfer, ApartJob, ApartPredict } from './types.js';

/** Bodies up to here are read where they arrive: that takes some 10 ms at most. */
export const LOOP_BYTES = 4 * 1024 * 1024;
/** The same for the careful reader, which takes ten times as long and reads what is wrong or unusual. */
export const CAREFUL_LOOP_BYTES = 64 * 1024;

const MAX_WAITING_BYTES = 256 * 1024 * 1024;
const MAX_HEAP_MB = 256;

interface Waiting {
  readonly bytes: number;
  resolve(answer: ApartAnswer): void;
  reject(error: TfdeployError): void;
}

/**
 * Reads bodies that take long in a thread of their own, so that requests of the usual size do not wait for
 * them. The thread is started by the first such body; one that needs more memory than the thread may have
 * fails alone, and the next body starts another thread.
 */
class DecodeThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 0;
  #waitingBytes = 0;

  decode(job: Omit<ApartJob, 'id'>): Promise<ApartAnswer> {
    const { length } = job.bytes;
    if (this.#waiting.size > 0 && this.#waitingBytes + length > MAX_WAITING_BYTES)
      return Promise.reject(overloaded('Too many large request bodies wait to be read'));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { bytes: length, resolve, reject });
      this.#waitingBytes += length;
      this.#worker ??= this.#start();
      // A body that fills its memory alone is handed over, a part of another buffer is copied.
      const { buffer } = job.bytes;
      const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === length;
      this.#worker.postMessage({ ...job, id } satisfies ApartJob, isOwn ? [buffer] : []);
    });
  }

  #start(): Worker {
    const worker = new Worker(entryPath(import.meta.url, './decode-thread.js'), {
      name: 'tfdeploy-decode',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.unref();
    worker.on('message', (answer: ApartAnswer) => this.#take(answer.id)?.resolve(answer));
    // The exit that follows settles who waits.
    worker.on('error', () => {});
    worker.on('exit', () => {
      this.#worker = undefined;
      // Bodies are read in the order they came: the first one has ended the thread.
      const [first, ...rest] = [...this.#waiting.keys()];
      if (first === undefined) return;
      this.#take(first)?.reject(
        new TfdeployError('TFD_BODY_TOO_LARGE', 'The request body takes too much memory to read', {
          hint: 'send fewer rows, or a binary body',
        }),
      );
      for (const id of rest) this.#take(id)?.reject(overloaded('The reader of large bodies was restarted'));
    });
    return worker;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#waitingBytes -= waiting?.bytes ?? 0;
    return waiting;
  }
}

function overloaded(message: string): TfdeployError {
  return new TfdeployError('TFD_OVERLOADED', message, {
    details: { reason: 'reading', retryAfterSeconds: 1 },
  });
}

const thread = new DecodeThread();

/** The signatures that `signatureOf` does not refuse. */
function listUsable(servable: Servable, signatureOf: SignatureSource) {
  return [...servable.signatures.values()].filter(({ name }) => {
    try {
      return signatureOf(name) !== undefined;
    } catch {
      return false;
    }
  });
}

async function readApart<T extends object>(
  kind: ApartJob['kind'],
  bytes: Buffer,
  parts: { readonly jsonLength?: number | undefined },
  servable: Servable | undefined,
  signatureOf: SignatureSource,
): Promise<T> {
  const signatures = servable === undefined ? [] : listUsable(servable, signatureOf);
  const { jsonLength } = parts;
  const answer = await thread.decode({
    kind,
    bytes,
    signatures,
    ...(jsonLength === undefined ? {} : { jsonLength }),
  });
  if ('error' in answer) throw reviveError(answer.error);
  if ('missing' in answer) {
    // Refused here as there, but in the words of who knows why.
    signatureOf(answer.missing.name);
    throw new TfdeployError('TFD_BUG', `signature "${answer.missing.name}" was not handed over`);
  }
  return answer.value as T;
}

/** `decodeFast` or `decodeTape`, in the other thread. Takes the body over. */
export async function decodePredictApart(
  body: Buffer,
  servable: Servable,
  signatureOf: SignatureSource,
): Promise<DecodedPredict> {
  const { format, signature, inputs } = await readApart<ApartPredict>(
    'predict',
    body,
    {},
    servable,
    signatureOf,
  );
  return { format, signature: signatureOf(signature), inputs: unpackTensors(inputs) };
}

/** `decodeExamples`, in the other thread. Takes the body over. */
export function decodeExamplesApart(body: Buffer): Promise<DecodedExamples> {
  return readApart<DecodedExamples>('examples', body, {}, undefined, () => {
    throw new TfdeployError('TFD_BUG', 'examples are read without a signature');
  });
}

/** `readInferRequest`, in the other thread. Takes the body over. */
export async function readInferApart(
  body: Buffer,
  jsonLength: number | undefined,
  servable: Servable,
  signatureOf: SignatureSource,
): Promise<InferRequest> {
  const read = await readApart<ApartInfer>('infer', body, { jsonLength }, servable, signatureOf);
  return { ...read, signature: signatureOf(read.signature), inputs: unpackTensors(read.inputs) };
}
