import type { OnnxAttr, OnnxBody, OnnxNode, Ref } from '../types.js';

/** Tensors of the outer graph that a body of If or Loop reads by name. */
function captured(attr: OnnxAttr, into: Set<Ref>): void {
  if (typeof attr !== 'object' || !('graph' in attr)) return;
  for (const output of attr.graph.outputs) into.add(output.name);
  for (const node of attr.graph.nodes) readsOf(node, into);
}

function readsOf(node: OnnxNode, into: Set<Ref>): void {
  for (const ref of node.inputs) into.add(ref);
  for (const attr of node.attrs.values()) captured(attr, into);
}

/** The graph without nodes and initializers that no output depends on. */
export function pruneBody(body: OnnxBody): OnnxBody {
  const read = new Set<Ref>(body.outputs.map((output) => output.name));
  const kept: OnnxNode[] = [];
  for (const node of [...body.nodes].reverse()) {
    if (!node.outputs.some((ref) => read.has(ref))) continue;
    readsOf(node, read);
    kept.push(node);
  }
  const initializers = new Map([...body.initializers].filter(([name]) => read.has(name)));
  return { ...body, nodes: kept.reverse(), initializers };
}
