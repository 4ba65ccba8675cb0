import type { Dim, Shape } from '../base/shape.js';
import type { Inference } from './infer.js';
import { walkBody } from './infer-branches.js';
import type { Body, Node } from './ir.js';

const MAX_TRIALS = 6;

/**
 * While loops. Variables that the body gives back unchanged stop being variables: condition and body refer
 * to the value outside. The shapes of the others are widened until a walk of the body does not change them.
 */
export function inferLoop(inference: Inference, node: Node): void {
  if (inference.trialDepth === 0) dropInvariants(inference, node);
  const [condition, body] = [node.bodies.get('cond')!, node.bodies.get('body')!];
  const shapes = settleShapes(inference, node, body);
  setShapes(body, shapes);
  setShapes(condition, shapes);
  walkBody(inference, condition);
  walkBody(inference, body);
  node.outputs.forEach((output, i) => {
    // A size that varies from turn to turn has another value after the loop than inside it.
    const last = shapes[i]!;
    output.shape =
      last === null
        ? null
        : last.map((dim, axis) => (node.inputs[i]!.shape?.[axis] === dim ? dim : inference.names.size()));
    output.elements = undefined;
    output.constant = undefined;
  });
}

function setShapes(body: Body, shapes: readonly Shape[]): void {
  body.inputs.forEach((input, i) => {
    input.shape = shapes[i]!;
    input.elements = undefined;
    input.constant = undefined;
  });
}

/** Removes what the body only passes on, wherever it is used inside. */
function dropInvariants(inference: Inference, node: Node): void {
  const [condition, body] = [node.bodies.get('cond')!, node.bodies.get('body')!];
  const isKept = body.inputs.map((input, i) => body.outputs[i] !== input);
  if (isKept.every(Boolean)) return;
  isKept.forEach((kept, i) => {
    if (kept) return;
    inference.replace(body.inputs[i]!, node.inputs[i]!);
    inference.replace(condition.inputs[i]!, node.inputs[i]!);
    inference.replace(node.outputs[i]!, node.inputs[i]!);
  });
  const keep = <T>(items: readonly T[]) => items.filter((_, i) => isKept[i]);
  node.bodies.set('cond', { ...condition, inputs: keep(condition.inputs) });
  node.bodies.set('body', { ...body, inputs: keep(body.inputs), outputs: keep(body.outputs) });
  node.inputs = keep(node.inputs);
  node.outputs = keep(node.outputs);
  const types = node.attrs.get('T');
  if (types?.kind === 'list') node.attrs.set('T', { kind: 'list', value: keep(types.value) });
}

/** Shapes of the loop variables that hold at the start of every turn. */
function settleShapes(inference: Inference, node: Node, body: Body): Shape[] {
  let shapes: Shape[] = node.inputs.map((input) => input.shape);
  const widened = shapes.map(() => new Set<number>());
  inference.trialDepth++;
  try {
    for (let trial = 0; trial < MAX_TRIALS && inference.trialBudget > 0; trial++) {
      setShapes(body, shapes);
      walkBody(inference, body);
      const returned = body.outputs.map((output) => inference.current(output).shape);
      let isSettled = true;
      shapes = shapes.map((shape, i) => {
        const next = widen(shape, returned[i]!, widened[i]!, () => inference.names.size());
        if (next !== shape) isSettled = false;
        return next;
      });
      if (isSettled) return shapes;
    }
  } finally {
    inference.trialDepth--;
  }
  return shapes.map(() => null);
}

/** The same shape when the returned one fits it; else one that holds for both. */
function widen(shape: Shape, returned: Shape, widened: Set<number>, fresh: () => Dim): Shape {
  if (shape === null) return null;
  if (returned === null || returned.length !== shape.length) return null;
  const differs = shape.map((dim, axis) => dim !== returned[axis] && !widened.has(axis));
  if (!differs.some(Boolean)) return shape;
  return shape.map((dim, axis) => {
    if (!differs[axis]) return dim;
    widened.add(axis);
    return fresh();
  });
}
