import type { Body, Node, Value } from './ir.js';

/** Ops that change state: they count although nothing reads what they give. */
const WRITES =
  /^(Assign(Add|Sub)?VariableOp|ResourceScatter(Nd)?\w+|LookupTable(Insert|Import|Remove)(V2)?)$/;

export function changesState(node: Node): boolean {
  if (WRITES.test(node.op)) return true;
  return [...node.bodies.values()].some((body) => body.nodes.some(changesState));
}

/** Keeps the nodes that change state or that the wanted values need, also through bodies that refer to values outside. */
export function pruneNodes(nodes: readonly Node[], wanted: Iterable<Value>): Node[] {
  const needed = new Set(wanted);
  return pruneInto(nodes, needed);
}

function pruneInto(nodes: readonly Node[], needed: Set<Value>): Node[] {
  const kept: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.outputs.some((output) => needed.has(output)) && !changesState(node)) continue;
    for (const body of node.bodies.values()) pruneBody(body, needed);
    for (const input of node.inputs) needed.add(input);
    kept.push(node);
  }
  return kept.reverse();
}

function pruneBody(body: Body, needed: Set<Value>): void {
  for (const output of body.outputs) needed.add(output);
  body.nodes = pruneInto(body.nodes, needed);
}
