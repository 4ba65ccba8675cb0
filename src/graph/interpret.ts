import { TfdeployError } from '../base/error.js';
import type { Tensor, TensorMap } from '../base/tensor.js';
import { runFlow, TurnCounter } from '../kernels/flow.js';
import { runKernel } from '../kernels/registry.js';
import { makeTable } from '../kernels/tables.js';
import type { HostValue } from '../kernels/types.js';
import type { Body, Graph, Node, Value } from './ir.js';

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
  for (const [handle, { name, value }] of graph.variables)
    run.tables.set(handle, { dtype: 'resource', variable: { name, value: value.read() } });
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
  readonly #turns: TurnCounter;

  constructor(private readonly options: InterpretOptions) {
    this.#turns = new TurnCounter(options.maxTurns);
  }

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
    return runFlow(
      node,
      inputs,
      (key, given) => this.#body(node.bodies.get(key)!, given, frame),
      this.#turns,
    );
  }
}
