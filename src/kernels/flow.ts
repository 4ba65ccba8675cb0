import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import type { HostValue } from './types.js';

/** Runs one body of a control-flow node: its inputs in, its outputs out. */
export type RunBody = (key: string, inputs: readonly HostValue[]) => HostValue[];

/** A control-flow node as its runner sees it. */
export interface FlowNode {
  readonly op: string;
  readonly name: string;
  /** `then_branch` and `else_branch`; `branches:0`…; `cond` and `body`; or `f`. */
  readonly bodies: { keys(): Iterable<string>; has(key: string): boolean };
}

const DEFAULT_MAX_TURNS = 10_000_000;

/** Counts the turns of all loops of one run. */
export class TurnCounter {
  #turns = 0;

  constructor(private readonly maxTurns = DEFAULT_MAX_TURNS) {}

  /** TFD_MODEL_LIMIT when the loops of a run take more turns together than they may. */
  count(node: FlowNode): void {
    if (++this.#turns > this.maxTurns) {
      throw new TfdeployError('TFD_MODEL_LIMIT', `node "${node.name}" (${node.op}): the loop does not end`);
    }
  }
}

/**
 * If, Case, While and kept calls with TensorFlow's rules: any scalar is a condition, an index that is no branch
 * takes the last one, and a loop runs while its condition holds.
 */
export function runFlow(
  node: FlowNode,
  inputs: readonly HostValue[],
  run: RunBody,
  turns: TurnCounter,
): HostValue[] {
  if (node.bodies.has('f')) return run('f', inputs);
  if (node.bodies.has('cond')) {
    let state: readonly HostValue[] = inputs;
    while (isTruthy(run('cond', state)[0] as Tensor)) {
      turns.count(node);
      state = run('body', state);
    }
    return [...state];
  }
  return run(chooseBranch(node, inputs[0] as Tensor), inputs.slice(1));
}

function chooseBranch(node: FlowNode, choice: Tensor): string {
  if (node.bodies.has('then_branch')) return isTruthy(choice) ? 'then_branch' : 'else_branch';
  const keys = [...node.bodies.keys()];
  const index = Number(choice.data[0]);
  return keys[index >= 0 && index < keys.length ? index : keys.length - 1]!;
}

/** TensorFlow's rule: a scalar that is not 0, a string that is not empty, or a tensor that has elements. */
export function isTruthy(tensor: Tensor): boolean {
  if (tensor.shape.length > 0) return tensor.data.length > 0;
  if (tensor.dtype === 'string') return tensor.data[0]!.length > 0;
  return Number(tensor.data[0]) !== 0;
}
