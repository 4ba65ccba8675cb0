import type { AddressInfo } from 'node:net';
import type { MetricsSnapshot } from '../metrics/snapshot.js';
import type { Snapshot } from '../repository/snapshot.js';
import type { Beat } from './state.js';

/** An error on its way between processes. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: unknown;
}

export type ToWorker =
  | { readonly kind: 'models'; readonly snapshot: Snapshot }
  | { readonly kind: 'listen' }
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'release'; readonly count: number }
  | { readonly kind: 'variant'; readonly id: number; readonly entryDir?: string; readonly error?: WireError }
  /** What became of the worker's `models-wanted`. */
  | { readonly kind: 'models-replaced'; readonly id: number; readonly error?: WireError }
  /** Send your metrics. */
  | { readonly kind: 'metrics-wanted'; readonly id: number }
  /** The metrics of all workers, as asked for. */
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: MetricsSnapshot };

export type FromWorker =
  | { readonly kind: 'up' }
  | { readonly kind: 'listening'; readonly address: AddressInfo | string | null }
  | { readonly kind: 'listen-failed'; readonly error: WireError }
  | { readonly kind: 'ready' }
  | { readonly kind: 'beat'; readonly beat: Beat }
  | { readonly kind: 'loaded'; readonly version: string }
  | { readonly kind: 'load-failed'; readonly version: string; readonly error: WireError }
  | { readonly kind: 'unloaded'; readonly version: string }
  | {
      readonly kind: 'variant-wanted';
      readonly id: number;
      readonly modelDir: string;
      readonly signature: string;
      readonly shapes: Readonly<Record<string, readonly number[]>>;
    }
  /** Serve these models instead: a serialized ModelServerConfig in base64. */
  | { readonly kind: 'models-wanted'; readonly id: number; readonly config: string }
  | { readonly kind: 'all-metrics-wanted'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: MetricsSnapshot };
