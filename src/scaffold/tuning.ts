import { DTYPES } from '../base/dtype.js';
import type { Answers, Facts, TensorFact } from './facts.js';

/** A number of the generated files together with why it is that number. */
export interface Tuned {
  readonly value: number;
  readonly reason: string;
}

export interface Tuning {
  readonly workers: Tuned;
  readonly threads: Tuned;
  readonly maxBatchSize: Tuned;
  readonly maxBodyBytes: Tuned;
  readonly proxyReadTimeoutSeconds: Tuned;
  readonly gracefulTimeoutSeconds: Tuned;
  readonly stopTimeoutSeconds: Tuned;
  readonly upstreamKeepalive: Tuned;
  readonly memoryBytes: Tuned;
  readonly openFiles: Tuned;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Characters one element takes in JSON at most: `-1.17549435e-38,` is 16; nested brackets and blanks add some. */
const JSON_CHARS_PER_NUMBER = 22;
/** Room for a string element (text, base64 of a small image is far larger: raise it by hand). */
const JSON_CHARS_PER_STRING = 64 * KIB;
const UNKNOWN_DIMENSION = 256;
const DEFAULT_BATCH = 32;
const SMALLEST_BODY = MIB;

function jsonBytesPerRow(tensor: TensorFact): number {
  const perElement = DTYPES[tensor.dtype].bytes > 0 ? JSON_CHARS_PER_NUMBER : JSON_CHARS_PER_STRING;
  const rowShape = tensor.shape?.slice(1) ?? [];
  return rowShape.reduce<number>((product, dim) => product * (dim ?? UNKNOWN_DIMENSION), perElement);
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Every tuned number of the generated project, from facts alone; each says how it came about. */
export function tune(facts: Facts, answers: Answers): Tuning {
  const { machine, model } = facts;
  const cores = Math.max(1, Math.floor(machine.cores));
  const workerBytes = roundUp(64 * MIB + 2 * model.sizeBytes, MIB);
  const memoryCap = Math.max(1, Math.floor((0.85 * machine.memoryBytes) / workerBytes));
  const workers = Math.min(cores, memoryCap);
  const threads = Math.max(1, Math.floor(cores / workers));
  const rowBytes = model.inputs.reduce((sum, input) => sum + jsonBytesPerRow(input), 0);
  const maxBodyBytes = roundUp(Math.max(SMALLEST_BODY, rowBytes * DEFAULT_BATCH + 4 * KIB), MIB);
  const graceful = answers.requestTimeoutSeconds;
  const memory = roundUp(1.25 * (96 * MIB + workers * workerBytes), 64 * MIB);
  return {
    workers: {
      value: workers,
      reason: `min(usable cores ${cores}, 0.85 x memory / estimated worker ${Math.round(workerBytes / MIB)} MiB = ${memoryCap})`,
    },
    threads: {
      value: threads,
      reason: `floor(usable cores ${cores} / workers ${workers}): workers x threads never exceed the cores`,
    },
    maxBatchSize: { value: DEFAULT_BATCH, reason: 'a start value; `tfdeploy tune` measures the best one' },
    maxBodyBytes: {
      value: maxBodyBytes,
      reason: `${DEFAULT_BATCH} rows x ${rowBytes} bytes of JSON (${JSON_CHARS_PER_NUMBER} characters a number, unknown dimensions taken as ${UNKNOWN_DIMENSION}), rounded up to MiB`,
    },
    proxyReadTimeoutSeconds: {
      value: answers.requestTimeoutSeconds + 2,
      reason: `request timeout ${answers.requestTimeoutSeconds} s + 2 s, so that the server's own answer comes first`,
    },
    gracefulTimeoutSeconds: { value: graceful, reason: 'the longest request must be able to finish' },
    stopTimeoutSeconds: { value: graceful + 5, reason: `graceful_timeout ${graceful} s + 5 s` },
    upstreamKeepalive: {
      value: Math.max(8, 8 * workers),
      reason: `8 x workers ${workers}, at least 8, for each nginx worker`,
    },
    memoryBytes: {
      value: memory,
      reason: `1.25 x (96 MiB + workers ${workers} x ${Math.round(workerBytes / MIB)} MiB); measure under load and correct it`,
    },
    openFiles: { value: 65536, reason: 'two descriptors a connection, far above nginx worker_connections' },
  };
}
