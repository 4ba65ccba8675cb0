import type { TensorMap } from '../base/tensor.js';

export interface ExecutorOptions {
  /** Plan directory written by `convert`. */
  readonly planDir: string;
  /** Intra-op threads of the engine; at least 1. */
  readonly threads: number;
  readonly device: 'cpu' | 'cuda' | 'webgpu';
}

/** Where one run spent its time, in milliseconds. */
export interface RunTiming {
  readonly computeMs: number;
}

/**
 * A loaded model in a thread of its own. Runs are executed one after the other in the order of the calls;
 * the caller's event loop is never blocked. Input buffers are handed over (detached) unless shared.
 */
export interface Executor {
  /** Runs a signature; `outputs` limits what is computed and returned (all when absent). */
  run(signature: string, inputs: TensorMap, outputs?: readonly string[]): Promise<TensorMap>;
  /** Runs submitted and not answered yet. */
  readonly pending: number;
  close(): Promise<void>;
}
