import type { Body, Node, Value } from '../../graph/ir.js';

/** What the bodies of a control-flow node read beside their own inputs. */
export interface Captures {
  /** Values made outside, tables included. */
  readonly outside: ReadonlySet<Value>;
  /** Constants that stand in the bodies. */
  readonly constants: ReadonlySet<Value>;
}

const NONE: Captures = { outside: new Set(), constants: new Set() };

/** The values that a node's bodies, at any depth, take from around the node. */
export function capturesOf(node: Node): Captures {
  if (node.bodies.size === 0) return NONE;
  const made = new Set<Value>();
  const read = new Set<Value>();
  for (const body of node.bodies.values()) collect(body, made, read);
  const outside = new Set<Value>();
  const constants = new Set<Value>();
  for (const value of read) {
    if (value.constant !== undefined) constants.add(value);
    else if (!made.has(value)) outside.add(value);
  }
  return { outside, constants };
}

function collect(body: Body, made: Set<Value>, read: Set<Value>): void {
  for (const input of body.inputs) made.add(input);
  for (const node of body.nodes) {
    for (const input of node.inputs) read.add(input);
    for (const output of node.outputs) made.add(output);
    for (const inner of node.bodies.values()) collect(inner, made, read);
  }
  for (const output of body.outputs) read.add(output);
}

/** Every value a node needs from around it: its inputs and what its bodies capture. */
export function readsOf(node: Node): readonly Value[] {
  if (node.bodies.size === 0) return node.inputs;
  const { outside, constants } = capturesOf(node);
  return [...new Set([...node.inputs, ...outside, ...constants])];
}

/** A node and all nodes in its bodies. */
export function withInner(node: Node): Node[] {
  const found: Node[] = [];
  const visit = (each: Node): void => {
    found.push(each);
    for (const body of each.bodies.values()) body.nodes.forEach(visit);
  };
  visit(node);
  return found;
}
