import type { DType } from '../base/dtype.js';
import type { TensorMap } from '../base/tensor.js';
import type { PlanTensor } from '../convert/plan.js';
import type { SignatureDef } from '../savedmodel/types.js';

/** TensorFlow Serving's life of a version. */
export type VersionState = 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END';

export interface VersionStatus {
  readonly version: bigint;
  readonly state: VersionState;
  /** gRPC status name; `OK` unless the version failed. */
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** One signature of a loaded version, as the wire sees it. */
export interface ServableSignature {
  readonly name: string;
  readonly methodName: string;
  readonly inputs: readonly PlanTensor[];
  readonly outputs: readonly PlanTensor[];
  readonly isBatchable: boolean;
  /** It changes what later requests are answered: it is only run when a client asks. */
  readonly isWriting?: boolean;
  /** Why it can not run; such a signature is listed, and answers with this error. */
  readonly refusal: { readonly code: string; readonly message: string; readonly hint?: string } | undefined;
}

export interface PredictRequest {
  readonly signature: string;
  /** By signature input name. Shapes are the caller's; inputs with a default may be absent. */
  readonly inputs: TensorMap;
  /** Output names wanted; all when absent. */
  readonly outputs?: readonly string[];
  /** Moment (performance.now() clock) after which the answer is worthless. */
  readonly deadlineMs?: number;
  /** Smaller is more urgent; 0 is the default. */
  readonly priority?: number;
  /** Aborted when the client went away. */
  readonly signal?: AbortSignal;
}

export interface PredictAnswer {
  readonly outputs: TensorMap;
  readonly queueMs: number;
  readonly computeMs: number;
  /** Rows of the batch the request ran in (its own rows when it was not batched). */
  readonly batchRows: number;
}

/** A loaded version inside one worker process: signature facts and a batching door to its executor. */
export interface Servable {
  readonly model: string;
  readonly version: bigint;
  readonly signatures: ReadonlyMap<string, ServableSignature>;
  /** All SignatureDefs of the model, internal ones (`__saved_model_init_op`) too, for the metadata answer. */
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  predict(request: PredictRequest): Promise<PredictAnswer>;
  /** See `Scheduler.announce`; absent where nothing is ever refused. */
  announce?(deadlineMs: number, readyMs: number): Announcement;
}

/** A request whose body is on its way. */
export interface Announcement {
  /** More of it has come: without that it is forgotten soon. */
  renew(): void;
  /** It is there, or will never be. */
  withdraw(): void;
}

export interface VersionChoice {
  readonly version?: bigint;
  readonly label?: string;
}

/** What the wire asks of the models in one worker process. */
export interface ServableDirectory {
  readonly models: readonly string[];
  /**
   * The servable for a request: the version, the label's version, or the highest AVAILABLE one.
   * Throws with TensorFlow Serving's texts: TFD_NOT_FOUND `Servable not found for request: Latest(foo)`,
   * `… Specific(foo, 50)`, TFD_INPUT_INVALID `Unrecognized servable version label: nope`.
   */
  find(model: string, choice: VersionChoice): Servable;
  /** Throws TFD_NOT_FOUND `Could not find any versions of model foo` / `Could not find version 99 of model foo`. */
  status(model: string, version?: bigint): VersionStatus[];
  labels(model: string): ReadonlyMap<string, bigint>;
  /** Every requested model has an AVAILABLE version and the process is not draining. */
  readonly isReady: boolean;
  readonly isDraining: boolean;
}

/** Data types that a row or column of JSON can carry. */
export type WireDType = Exclude<DType, 'resource' | 'variant'>;
