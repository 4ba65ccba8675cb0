import type { DType } from '../../base/dtype.js';
import { DTYPES } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import { numericTensor } from '../../base/tensor.js';
import { Inference } from '../../graph/infer.js';
import type { Body, Graph, Node, Origin, Value } from '../../graph/ir.js';
import { pruneNodes } from '../../graph/prune.js';
import type { AttrValue, TensorValue } from '../../savedmodel/types.js';
import { denseValue } from '../derive.js';

/** Where nodes stand: the graph itself or a body, with the body's inputs. */
export interface RegionView {
  nodes: Node[];
  readonly inputs: readonly Value[];
  readonly outer: RegionView | undefined;
  /** The control-flow node whose body this is. */
  readonly owner: Node | undefined;
}

/** Makes nodes and values for a graph that is already built. */
export class GraphEditor {
  #nextId: number;
  readonly #names: Set<string>;

  constructor(readonly graph: Graph) {
    let highest = 0;
    const names = new Set<string>();
    const see = (value: Value): void => {
      highest = Math.max(highest, value.id);
      names.add(value.name);
    };
    for (const { value } of graph.inputs) see(value);
    eachRegion(graph, (region) => {
      region.inputs.forEach(see);
      for (const node of region.nodes) {
        highest = Math.max(highest, node.id);
        node.inputs.forEach(see);
        node.outputs.forEach(see);
      }
    });
    this.#nextId = highest + 1;
    this.#names = names;
  }

  value(wanted: string, dtype: DType, shape: Shape): Value {
    let name = wanted;
    for (let i = 1; this.#names.has(name); i++) name = `${wanted}__${i}`;
    this.#names.add(name);
    return {
      id: this.#nextId++,
      name,
      dtype,
      shape,
      producer: undefined,
      index: 0,
      constant: undefined,
      elements: undefined,
    };
  }

  constant(wanted: string, tensor: TensorValue): Value {
    const value = this.value(wanted, tensor.dtype, tensor.shape);
    value.constant = tensor;
    return value;
  }

  ints(wanted: string, values: readonly number[], dtype: 'int32' | 'int64' = 'int32'): Value {
    return this.constant(wanted, denseValue(numericTensor(dtype, [values.length], values)));
  }

  int(wanted: string, value: number, dtype: 'int32' | 'int64' = 'int32'): Value {
    return this.constant(wanted, denseValue(numericTensor(dtype, [], [value])));
  }

  /** A node with one new output, or with the outputs given. */
  node(
    op: string,
    inputs: readonly Value[],
    attrs: Readonly<Record<string, AttrValue>>,
    result: {
      readonly name: string;
      readonly dtype: DType;
      readonly origin: Origin;
      readonly outputs?: Value[];
    },
  ): Node {
    const node: Node = {
      id: this.#nextId++,
      op,
      name: result.name,
      origin: result.origin,
      inputs: [...inputs],
      attrs: new Map(Object.entries(attrs)),
      outputs: result.outputs ?? [this.value(result.name, result.dtype, null)],
      bodies: new Map(),
    };
    for (const output of node.outputs) output.producer = node;
    return node;
  }
}

/** Visits the graph and all bodies, each before the bodies in it. */
export function eachRegion(graph: Graph, visit: (region: RegionView) => void): void {
  const enter = (region: RegionView): void => {
    visit(region);
    for (const node of region.nodes)
      for (const body of node.bodies.values()) enter(viewOf(body, region, node));
  };
  enter(viewOfGraph(graph));
}

function viewOfGraph(graph: Graph): RegionView {
  return {
    get nodes() {
      return graph.nodes;
    },
    set nodes(nodes: Node[]) {
      graph.nodes = nodes;
    },
    inputs: graph.inputs.map(({ value }) => value),
    outer: undefined,
    owner: undefined,
  };
}

function viewOf(body: Body, outer: RegionView, owner: Node): RegionView {
  return {
    get nodes() {
      return body.nodes;
    },
    set nodes(nodes: Node[]) {
      body.nodes = nodes;
    },
    inputs: body.inputs,
    outer,
    owner,
  };
}

/** Folds and infers again after an edit, and takes away what nothing reads any more. */
export function inferAgain(graph: Graph): void {
  const inference = new Inference(graph.nodes.length);
  graph.nodes = inference.walk(graph.nodes);
  for (const output of graph.outputs) output.value = inference.current(output.value);
  graph.nodes = pruneNodes(
    graph.nodes,
    graph.outputs.map(({ value }) => value),
  );
}

export function typeAttr(dtype: DType): AttrValue {
  return { kind: 'type', value: DTYPES[dtype].tf };
}
