import type { TensorMap } from '../base/tensor.js';
import type { EngineLocation } from './find.js';

export type Device = 'cpu' | 'cuda' | 'webgpu';

/** Dimensions per input name, as a request has them. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/**
 * Compiles a signature anew for inputs whose shapes differ from what its plan assumed, and returns the
 * directory of the new plan. Rejects when the model does not accept such shapes.
 */
export type CompileVariant = (signature: string, shapes: InputShapes) => Promise<string>;

export interface ExecutorOptions {
  /** Plan directory written by `convert`. */
  readonly planDir: string;
  /** Intra-op threads of the engine; at least 1. */
  readonly threads: number;
  readonly device: Device;
  /** The engine to load; found, or installed, when absent. */
  readonly engine?: EngineLocation;
  /** See `SessionOptions.isWeightSharing`. */
  readonly isWeightSharing?: boolean;
  /** Called for requests that no plan at hand fits; such requests are refused when absent. */
  readonly compileVariant?: CompileVariant;
  /** Most megabytes of JavaScript heap of the thread; Node.js's own limit when absent. */
  readonly maxHeapMb?: number;
  /** How long `close` lets running work end; 5 s when absent. */
  readonly closeTimeoutMs?: number;
}

/** Where one run spent its time, in milliseconds. */
export interface RunTiming {
  readonly computeMs: number;
}

export interface RunResult {
  readonly outputs: TensorMap;
  readonly timing: RunTiming;
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

/** What the executors of this stage offer beyond the contract that batching needs. */
export interface PlanExecutor extends Executor {
  /** Like `run`, with the time the engine took. */
  runTimed(signature: string, inputs: TensorMap, outputs?: readonly string[]): Promise<RunResult>;
  /** Loads the sessions of a signature now instead of on its first run. */
  warm(signature: string): Promise<void>;
}
