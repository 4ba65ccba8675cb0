import { TfdeployError } from '../base/error.js';
import type { Tensor, TensorMap } from '../base/tensor.js';
import { runKernel } from '../kernels/registry.js';
import { makeTable } from '../kernels/tables.js';
import type { HostValue } from '../kernels/types.js';
import type { Body, Graph, Node, Value } from './ir.js';

const DEFAULT_MAX_TURNS = 10_000_000;

export interface InterpretOptions {
  /** Turns that all loops of one run may take together. */
  readonly maxTurns?: number;
  /** Called with every computed node; for finding the first one that differs. */
  readonly observe?: (node: Node, outputs: readonly HostValue[]) => void;
}

/**
 * Computes a graph with host kernels, node by node: the reference that compiled plans are checked against.
 * Inputs that are left out take their default; a missing one is TFD_INPUT_INVALID.
 */
export function interpret(graph: Graph, inputs: TensorMap, options: InterpretOptions = {}): TensorMap {
  const run = new Run(options);
  const frame = new Frame(undefined);
  for (const [name, table] of graph.tables) {
    run.tables.set(name, { dtype: 'resource', table: makeTable(table.keys.read(), table.values.read()) });
  }
  for (const input of graph.inputs) {
    const given = inputs.get(input.name) ?? input.defaultValue?.read();
    if (given === undefined) {
      throw new TfdeployError('TFD_INPUT_INVALID', `input "${input.name}" is missing`);
    }
    if (given.dtype !== input.value.dtype) {
      throw new TfdeployError(
        'TFD_INPUT_INVALID',
        `input "${input.name}" is ${given.dtype}, not ${input.value.dtype}`,
      );
    }
    frame.set(input.value, given);
  }
  run.nodes(graph.nodes, frame);
  const outputs: TensorMap = new Map();
  for (const { name, value } of graph.outputs) outputs.set(name, run.read(frame, value) as Tensor);
  return outputs;
}

/** The values of some values that need no input. */
export function evaluate(nodes: readonly Node[], wanted: readonly Value[]): HostValue[] {
  const run = new Run({});
  const frame = new Frame(undefined);
  run.nodes(nodes, frame);
  return wanted.map((value) => run.read(frame, value));
}

/** The values of one body's run; what is not there is looked for outside. */
class Frame {
  readonly #values = new Map<Value, HostValue>();

  constructor(private readonly outer: Frame | undefined) {}

  set(value: Value, to: HostValue): void {
    this.#values.set(value, to);
  }

  get(value: Value): HostValue | undefined {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.outer) {
      const found = frame.#values.get(value);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

class Run {
  readonly tables = new Map<string, HostValue>();
  /** Constants are decoded once per run. */
  readonly #constants = new Map<Value, Tensor>();
  #turns = 0;

  constructor(private readonly options: InterpretOptions) {}

  read(frame: Frame, value: Value): HostValue {
    if (value.constant !== undefined) {
      const known = this.#constants.get(value) ?? value.constant.read();
      this.#constants.set(value, known);
      return known;
    }
    const found = frame.get(value) ?? this.tables.get(value.name);
    if (found !== undefined) return found;
    throw new TfdeployError('TFD_BUG', `value "${value.name}" is used before it is computed`);
  }

  nodes(nodes: readonly Node[], frame: Frame): void {
    for (const node of nodes) {
      if (node.outputs.some((output) => this.tables.has(output.name))) continue;
      const inputs = node.inputs.map((input) => this.read(frame, input));
      const outputs = node.bodies.size > 0 ? this.#flow(node, inputs, frame) : runKernel(node, inputs);
      this.options.observe?.(node, outputs);
      node.outputs.forEach((output, i) => {
        const value = outputs[i];
        if (value !== undefined) frame.set(output, value);
      });
    }
  }

  #body(body: Body, inputs: readonly HostValue[], outer: Frame): HostValue[] {
    const frame = new Frame(outer);
    body.inputs.forEach((input, i) => {
      frame.set(input, inputs[i]!);
    });
    this.nodes(body.nodes, frame);
    return body.outputs.map((output) => this.read(frame, output));
  }

  #flow(node: Node, inputs: readonly HostValue[], frame: Frame): HostValue[] {
    const called = node.bodies.get('f');
    if (called !== undefined) return this.#body(called, inputs, frame);
    const condition = node.bodies.get('cond');
    if (condition !== undefined) return this.#loop(node, condition, node.bodies.get('body')!, inputs, frame);
    return this.#body(chooseBody(node, inputs[0] as Tensor), inputs.slice(1), frame);
  }

  #loop(node: Node, condition: Body, body: Body, inputs: readonly HostValue[], frame: Frame): HostValue[] {
    let state: readonly HostValue[] = inputs;
    while (isTruthy(this.#body(condition, state, frame)[0] as Tensor)) {
      if (++this.#turns > (this.options.maxTurns ?? DEFAULT_MAX_TURNS)) {
        throw new TfdeployError('TFD_MODEL_LIMIT', `node "${node.name}" (${node.op}): the loop does not end`);
      }
      state = this.#body(body, state, frame);
    }
    return [...state];
  }
}

function chooseBody(node: Node, choice: Tensor): Body {
  const bodies = [...node.bodies.values()];
  const onTrue = node.bodies.get('then_branch');
  if (onTrue !== undefined) return isTruthy(choice) ? onTrue : node.bodies.get('else_branch')!;
  const index = Number(choice.data[0]);
  return bodies[index >= 0 && index < bodies.length ? index : bodies.length - 1]!;
}

/** TensorFlow's rule: a scalar that is not 0, a string that is not empty, or a tensor that has elements. */
function isTruthy(tensor: Tensor): boolean {
  if (tensor.shape.length > 0) return tensor.data.length > 0;
  if (tensor.dtype === 'string') return tensor.data[0]!.length > 0;
  return Number(tensor.data[0]) !== 0;
}
