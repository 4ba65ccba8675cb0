import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import { type BuildOptions, buildGraph } from '../../src/graph/build.js';
import { interpret } from '../../src/graph/interpret.js';
import type { Graph, Node } from '../../src/graph/ir.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import {
  attr,
  memoryModel,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
  type TensorSpec,
} from '../fixtures/saved-model-writer.js';

/** The graph of a signature of a written model. */
export function graphOf(
  spec: SavedModelSpec,
  options: BuildOptions = {},
  signature = 'serving_default',
): Graph {
  const model = openSavedModel(memoryModel(spec), 'model');
  return buildGraph(model, selectMetaGraph(model), signature, options);
}

/** Runs the interpreter and gives the outputs as plain numbers (or text). */
export function run(graph: Graph, inputs: Readonly<Record<string, Tensor>> = {}): Record<string, unknown[]> {
  const outputs: TensorMap = interpret(graph, new Map(Object.entries(inputs)));
  return Object.fromEntries([...outputs].map(([name, tensor]) => [name, plain(tensor)]));
}

function plain(tensor: Tensor): unknown[] {
  if (tensor.dtype === 'string') return tensor.data.map((bytes) => new TextDecoder().decode(bytes));
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

export function floats(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

export function ints(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { dtype: 'int32', shape, data: Int32Array.from(values) };
}

export function texts(values: readonly string[]): Tensor {
  return {
    dtype: 'string',
    shape: [values.length],
    data: values.map((text) => new TextEncoder().encode(text)),
  };
}

/** Ops of a graph in order. */
export function ops(nodes: readonly Node[]): string[] {
  return nodes.map(({ op }) => op);
}

export const T = { T: attr.type('float32') };

export function tensor(
  name: string,
  shape: readonly number[] | null = [-1],
  dtype: TensorSpec['dtype'] = 'float32',
): TensorSpec {
  return { tensor: name, dtype, shape };
}

/** A model with a float input `x` and an output `y`, made of some nodes. */
export function small(
  nodes: readonly NodeSpec[],
  changes: Partial<SavedModelSpec> = {},
  shape: readonly number[] = [-1],
): SavedModelSpec {
  return {
    nodes: [placeholder('x', 'float32', shape), ...nodes],
    signatures: {
      serving_default: { inputs: { x: tensor('x:0', shape) }, outputs: { y: tensor('y:0', null) } },
    },
    ...changes,
  };
}

/** A call of a function, stateful as tf.function exports it. */
export function call(
  name: string,
  functionName: string,
  inputs: readonly string[],
  dtypes: readonly TensorSpec['dtype'][] = inputs.map(() => 'float32'),
): NodeSpec {
  return node(name, 'StatefulPartitionedCall', inputs, {
    Tin: attr.types(dtypes),
    Tout: attr.types(['float32']),
    f: attr.func(functionName),
  });
}
