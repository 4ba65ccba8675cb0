import { joinShapes } from './dims.js';
import type { Inference } from './infer.js';
import type { Body, Node, Value } from './ir.js';

/**
 * If, Case and kept calls. When the condition is a constant, the nodes of the taken branch take the node's
 * place; else both are inferred, and an output has the shape on which all branches agree.
 */
export function inferBranches(inference: Inference, node: Node): readonly Node[] | undefined {
  const taken = inference.trialDepth === 0 ? takenBranch(node) : undefined;
  const skip = isCall(node) ? 0 : 1;
  if (taken !== undefined) {
    taken.inputs.forEach((input, i) => {
      inference.replace(input, node.inputs[skip + i]!);
    });
    taken.outputs.forEach((output, i) => {
      inference.replace(node.outputs[i]!, output);
    });
    return taken.nodes;
  }
  for (const body of node.bodies.values()) {
    passFacts(body.inputs, node.inputs.slice(skip));
    walkBody(inference, body);
  }
  const bodies = [...node.bodies.values()];
  node.outputs.forEach((output, i) => {
    const first = bodies[0]!.outputs[i]!;
    output.shape = bodies
      .slice(1)
      .reduce(
        (shape, body) => joinShapes(shape, body.outputs[i]!.shape, () => inference.names.size()),
        first.shape,
      );
    output.elements = undefined;
    output.constant = undefined;
  });
  return undefined;
}

function isCall(node: Node): boolean {
  return node.bodies.has('f');
}

/** A body sees what is known about the values that are passed to it. */
export function passFacts(inputs: readonly Value[], passed: readonly Value[]): void {
  inputs.forEach((input, i) => {
    const { shape, constant, elements } = passed[i]!;
    input.shape = shape;
    input.constant = constant;
    input.elements = elements;
  });
}

export function walkBody(inference: Inference, body: Body): void {
  const nodes = inference.walk(body.nodes);
  if (inference.trialDepth > 0) return;
  body.nodes = nodes;
  body.outputs = body.outputs.map((output) => inference.current(output));
}

/** TensorFlow's If takes any scalar as its condition: numbers other than 0, strings and lists that are not empty. */
function takenBranch(node: Node): Body | undefined {
  if (isCall(node)) return undefined;
  const constant = node.inputs[0]?.constant;
  if (constant === undefined || constant.shape.length > 0 || constant.dtype === 'string') return undefined;
  const value = Number((constant.read().data as ArrayLike<number | bigint>)[0]);
  const bodies = [...node.bodies.values()];
  if (!node.bodies.has('then_branch')) {
    const isInside = Number.isInteger(value) && value >= 0 && value < bodies.length;
    return bodies[isInside ? value : bodies.length - 1];
  }
  return node.bodies.get(value === 0 ? 'else_branch' : 'then_branch');
}
