import type { DType } from '../base/dtype.js';
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';

/** One named tensor at the border of a signature. */
export interface PlanTensor {
  /** Name in the signature (`x`, or `x:indices` for a part of a sparse one). */
  readonly name: string;
  /** The tensor's name inside the stages. An output's may be that of an input, with no stage between. */
  readonly ref: string;
  readonly dtype: DType;
  /** As declared; symbolic dimensions are unknown ones. Not enforced (TensorFlow does not either). */
  readonly shape: Shape;
  readonly default?: Tensor;
}

/** A run of ONNX Runtime. `inputs` and `outputs` are names inside the ONNX file and between stages. */
export interface OnnxStage {
  readonly kind: 'onnx';
  /** File name inside the plan directory. */
  readonly file: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Nodes that run on host kernels, in order. */
export interface HostStage {
  readonly kind: 'host';
  /** File name inside the plan directory (JSON of nodes, attributes and constants). */
  readonly file: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export type Stage = OnnxStage | HostStage;

export interface SignaturePlan {
  readonly name: string;
  readonly methodName: string;
  readonly inputs: readonly PlanTensor[];
  readonly outputs: readonly PlanTensor[];
  readonly stages: readonly Stage[];
  /**
   * True when every input and output carries the batch in dimension 0 and rows do not mix. It holds for
   * inputs of the declared rank and known dimensions; others are run alone.
   */
  readonly isBatchable: boolean;
  /**
   * Input ranks and dimensions the compiled graph relies on; a request that differs needs a plan of its
   * own (see `compileSignature` with `inputShapes`). Empty when nothing was assumed.
   */
  readonly assumedShapes: Readonly<Record<string, readonly (number | null)[]>>;
  readonly warnings: readonly string[];
  /** Absent when the signature has no state. */
  readonly state?: SignatureState;
}

/**
 * Variables and tables that signatures of the model change and that this one uses, by name. They live with the
 * loaded model and are the same for all of its signatures.
 */
export interface SignatureState {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** A signature that can not be compiled, with every reason. */
export interface RefusedSignature {
  readonly name: string;
  readonly methodName: string;
  readonly blockers: readonly Blocker[];
}

/** Why one node stands in the way. */
export interface Blocker {
  readonly code: string;
  readonly op: string;
  readonly node: string;
  /** Keras layer path, from the name scopes. */
  readonly layer: string;
  readonly dtype: string;
  readonly shape: string;
  readonly why: string;
  readonly wayOut: string;
}

/** `plan.json` in a plan directory. */
export interface Plan {
  readonly format: 2;
  /** Version of tfdeploy that compiled it. */
  readonly compiler: string;
  /** Content hash of the model it came from. */
  readonly source: string;
  readonly signatures: readonly SignaturePlan[];
  readonly refused: readonly RefusedSignature[];
  /** Size in bytes of every other file of the directory, to tell a torn one. */
  readonly files?: Readonly<Record<string, number>>;
  /** What was given up of float32 precision, on request (`dynamic-int8`, `static-int8`, `fp16-weights`). */
  readonly precision?: readonly string[];
  /** Files that are hard links to the model's own, by name. */
  readonly linked?: Readonly<Record<string, LinkedFile>>;
}

/** A file that a plan shares with the model it came from. */
export interface LinkedFile {
  /** Path of the model's file when it was linked. */
  readonly source: string;
  /** Time of its last change, in nanoseconds: written over in place, it would change under the plan. */
  readonly modifiedNs: string;
}
