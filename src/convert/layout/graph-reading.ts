import type { Body, Graph, Node, Value } from '../../graph/ir.js';
import type { AttrValue } from '../../savedmodel/types.js';

/** How often each value is read in a list of nodes, counting the outputs of the list. */
export function countUses(nodes: readonly Node[], outputs: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of nodes) node.inputs.forEach(count);
  outputs.forEach(count);
  return uses;
}

/** A graph and the bodies of its control flow, all of which a rewrite should see. */
export function forEachRegion(
  graph: Graph,
  visit: (region: { nodes: Node[] }, outputs: readonly Value[]) => void,
): void {
  const visitBodies = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      for (const body of node.bodies.values()) visitBody(body);
    }
  };
  const visitBody = (body: Body): void => {
    visit(body, body.outputs);
    visitBodies(body.nodes);
  };
  visit(
    graph,
    graph.outputs.map((output) => output.value),
  );
  visitBodies(graph.nodes);
}

export function constInts(value: Value | undefined): number[] | undefined {
  const tensor = value?.constant?.read();
  return tensor === undefined || tensor.dtype === 'string' ? undefined : Array.from(tensor.data, Number);
}

export function attrText(node: Node, name: string): string | undefined {
  const attr = node.attrs.get(name);
  return attr?.kind === 's' ? new TextDecoder().decode(attr.value) : undefined;
}

export function attrInts(node: Node, name: string): number[] | undefined {
  const attr = node.attrs.get(name);
  if (attr?.kind !== 'list') return undefined;
  return attr.value.map((item) => (item.kind === 'i' ? Number(item.value) : Number.NaN));
}

export function attrBool(node: Node, name: string): boolean {
  const attr = node.attrs.get(name);
  return attr?.kind === 'b' && attr.value;
}

export function textAttr(text: string): AttrValue {
  return { kind: 's', value: new TextEncoder().encode(text) };
}

export function intsAttr(values: readonly number[]): AttrValue {
  return { kind: 'list', value: values.map((value) => ({ kind: 'i', value: BigInt(value) })) };
}

/** Lets `node` make the values that another node made so far. */
export function takeOutputs(node: Node, from: Node): void {
  node.outputs = from.outputs;
  for (const output of node.outputs) output.producer = node;
}
