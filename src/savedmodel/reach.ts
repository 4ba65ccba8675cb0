import { referredNode } from './refs.js';
import { isVariableNode } from './restore.js';
import type { AttrValue, GraphDef, MetaGraph, NodeDef, SignatureDef, TensorInfo } from './types.js';

/** What a signature needs of the graph. */
export interface Reach {
  /** Number of nodes by operation; the body of a function counts once, however often it is called. */
  readonly ops: ReadonlyMap<string, number>;
  readonly functions: ReadonlySet<string>;
  /** Names of the variable nodes of the main graph. */
  readonly variables: ReadonlySet<string>;
}

/** Everything between a signature's outputs and the tensors it is fed with, functions included. */
export function reachSignature({ graph }: MetaGraph, signature: SignatureDef): Reach {
  const fed = new Set(namesOf(signature.inputs));
  const starts = namesOf(signature.outputs);
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const reached: NodeDef[] = [];
  const seen = new Set<string>();
  const todo = [...starts];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const node = nodes.get(name);
    if (node === undefined || seen.has(name)) continue;
    seen.add(name);
    reached.push(node);
    if (!fed.has(name)) for (const input of node.inputs) todo.push(referredNode(input));
  }
  return countReached(graph, reached);
}

/** Everything in a graph and its library. */
export function reachAll(graph: GraphDef): Reach {
  const reach = countReached(graph, graph.nodes);
  const ops = new Map(reach.ops);
  for (const { name, nodes } of graph.functions.values()) {
    if (!reach.functions.has(name)) count(ops, graph, nodes);
  }
  return { ...reach, ops };
}

function countReached(graph: GraphDef, reached: readonly NodeDef[]): Reach {
  const ops = new Map<string, number>();
  const functions = new Set<string>();
  count(ops, graph, reached);
  const todo = reached.flatMap((node) => calledFunctions(node, graph));
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const body = graph.functions.get(name);
    if (body === undefined || functions.has(name)) continue;
    functions.add(name);
    count(ops, graph, body.nodes);
    for (const node of body.nodes) todo.push(...calledFunctions(node, graph));
  }
  const variables = new Set(reached.filter(isVariableNode).map((node) => node.name));
  return { ops, functions, variables };
}

function count(ops: Map<string, number>, graph: GraphDef, nodes: readonly NodeDef[]): void {
  for (const { op } of nodes) {
    // A call by the function's own name is no operation of TensorFlow.
    const name = graph.functions.has(op) ? 'PartitionedCall' : op;
    ops.set(name, (ops.get(name) ?? 0) + 1);
  }
}

function calledFunctions(node: NodeDef, graph: GraphDef): string[] {
  const called = graph.functions.has(node.op) ? [node.op] : [];
  for (const attr of node.attrs.values()) collectFunctions(attr, called);
  return called;
}

function collectFunctions(attr: AttrValue, into: string[]): void {
  if (attr.kind === 'func') into.push(attr.value.name);
  else if (attr.kind === 'list') for (const item of attr.value) collectFunctions(item, into);
}

function namesOf(infos: ReadonlyMap<string, TensorInfo>): string[] {
  return [...infos.values()].flatMap((info) =>
    info.components === undefined ? [referredNode(info.name)] : namesOf(info.components),
  );
}
