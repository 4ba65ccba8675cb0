import type { Blocker } from '../convert/plan.js';
import type { ModelSummary } from '../savedmodel/summary.js';

/** What `inspect` found out. */
export interface Inspection {
  /** Name under which `serve` would offer the model. */
  readonly name: string;
  readonly summary: ModelSummary;
  /** Per MetaGraph, in the model's order, what the engines make of each signature. */
  readonly coverage: readonly ReadonlyMap<string, SignatureCoverage>[];
  /** The version taken, when the directory holds several. */
  readonly version: bigint | undefined;
  readonly versions: readonly bigint[];
}

/** How the default engine takes a signature. */
export interface SignatureCoverage {
  /** Kinds of the stages in order, `onnx` or `host`; empty when it is refused. */
  readonly stages: readonly ('onnx' | 'host')[];
  readonly isBatchable: boolean;
  readonly warnings: readonly string[];
  /** Why it can not run; empty when it can. */
  readonly blockers: readonly Blocker[];
}
