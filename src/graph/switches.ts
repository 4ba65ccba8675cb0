import { intValue } from './constants.js';
import type { Inference } from './infer.js';
import type { Node, Value } from './ir.js';

/**
 * Cuts TensorFlow 1 conditionals whose predicate is a constant (a learning phase, say): Switch becomes its
 * taken output, what depends on the other output is dead, and Merge becomes its one live input. True when
 * something was cut.
 */
export function resolveSwitches(inference: Inference, nodes: readonly Node[]): boolean {
  const dead = new Set<Value>();
  let hasCut = false;
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => inference.current(input));
    if (isSwitch(node)) hasCut = cutSwitch(inference, node, inputs, dead) || hasCut;
    else if (isMerge(node)) hasCut = cutMerge(inference, node, inputs, dead) || hasCut;
    else if (inputs.some((input) => dead.has(input))) for (const output of node.outputs) dead.add(output);
  }
  return hasCut;
}

const isSwitch = (node: Node) => node.op === 'Switch' || node.op === 'RefSwitch';
const isMerge = (node: Node) => node.op === 'Merge' || node.op === 'RefMerge';

function cutSwitch(inference: Inference, node: Node, inputs: readonly Value[], dead: Set<Value>): boolean {
  const [data, predicate] = inputs;
  if (data === undefined || dead.has(data)) {
    for (const output of node.outputs) dead.add(output);
    return false;
  }
  const constant = predicate?.constant;
  if (constant?.dtype !== 'bool') return false;
  const taken = Number(constant.read().data[0]) === 0 ? 0 : 1;
  dead.add(node.outputs[1 - taken]!);
  if (inference.current(node.outputs[taken]!) === data) return false;
  inference.replace(node.outputs[taken]!, data);
  return true;
}

function cutMerge(inference: Inference, node: Node, inputs: readonly Value[], dead: Set<Value>): boolean {
  const live = inputs.flatMap((input, i) => (dead.has(input) ? [] : [i]));
  if (live.length === 0) {
    for (const output of node.outputs) dead.add(output);
    return false;
  }
  if (live.length > 1 || inputs.length === 1) return false;
  inference.replace(node.outputs[0]!, inputs[live[0]!]!);
  const position = node.outputs[1];
  if (position !== undefined) {
    position.constant = intValue('int32', [live[0]!], []);
    position.shape = [];
    position.producer = undefined;
  }
  return true;
}
