import type { Registry } from '../metrics/registry.js';
import type { MetricsSnapshot } from '../metrics/snapshot.js';

/** One line of the access log, written when the answer has been handed over. */
export interface AccessEntry {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly remote: string;
  readonly requestId: string | undefined;
  readonly code: string | undefined;
}

export interface HttpOptions {
  /** Largest request body in bytes, after decompression. */
  readonly maxBodyBytes: number;
  /** Bodies being read at the same time, together; above it new ones are answered 503. */
  readonly maxReadingBytes: number;
  /** Time to receive the header, and the whole request, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** An idle connection is closed after this. */
  readonly keepAliveMs: number;
  /** Deadline of a request that names none, in milliseconds from its arrival; 0 is none. */
  readonly defaultDeadlineMs: number;
  readonly backlog: number;
  /** Answers above this size are compressed for clients that accept gzip. */
  readonly compressAboveBytes: number;
  /** Adds TensorFlow Serving's `Access-Control-Allow-*` headers. */
  readonly cors: boolean;
  /** Behaves as TensorFlow Serving also where that is worse; `docs` list the differences. */
  readonly strictTfs: boolean;
  /** Path at which metrics carry TensorFlow Serving's names; none when absent. */
  readonly servingMetricsPath: string | undefined;
  readonly registry: Registry;
  /** Metrics of all workers; those of this process when absent. */
  readonly collectMetrics: (() => Promise<MetricsSnapshot>) | undefined;
  readonly onAccess: ((entry: AccessEntry) => void) | undefined;
  /** A fault that is no client's: an error that carries no code of ours. */
  readonly onFault: ((error: unknown) => void) | undefined;
}

const MIB = 1024 * 1024;

/** Every option but the registry has a default. */
export function withDefaults(given: Partial<HttpOptions> & Pick<HttpOptions, 'registry'>): HttpOptions {
  return {
    maxBodyBytes: 64 * MIB,
    maxReadingBytes: 512 * MIB,
    headersTimeoutMs: 20_000,
    requestTimeoutMs: 120_000,
    keepAliveMs: 75_000,
    defaultDeadlineMs: 30_000,
    backlog: 2048,
    compressAboveBytes: 32 * 1024,
    cors: false,
    strictTfs: false,
    servingMetricsPath: undefined,
    collectMetrics: undefined,
    onAccess: undefined,
    onFault: undefined,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    registry: given.registry,
  };
}
