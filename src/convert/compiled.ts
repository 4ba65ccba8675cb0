import type { HostProgram } from './host-program.js';
import type { Plan, RefusedSignature, SignaturePlan } from './plan.js';
import type { OnnxBody } from './types.js';

/** A stage that is not written yet. */
export type CompiledStage =
  | {
      readonly kind: 'onnx';
      readonly body: OnnxBody;
      readonly inputs: readonly string[];
      readonly outputs: readonly string[];
    }
  | {
      readonly kind: 'host';
      readonly program: HostProgram;
      readonly inputs: readonly string[];
      readonly outputs: readonly string[];
    };

export interface CompiledSignature extends Omit<SignaturePlan, 'stages'> {
  readonly stages: readonly CompiledStage[];
  /** Operations of the graph, by name, for the summary. */
  readonly ops: ReadonlyMap<string, number>;
}

export interface CompiledModel {
  /** Content hash of the model and of what was asked for. */
  readonly source: string;
  readonly signatures: readonly CompiledSignature[];
  readonly refused: readonly RefusedSignature[];
  /** What was given up of float32 precision; absent when nothing was. */
  readonly precision?: NonNullable<Plan['precision']>;
}

export function isRefused(result: CompiledSignature | RefusedSignature): result is RefusedSignature {
  return 'blockers' in result;
}
