import { TfdeployError } from '../base/error.js';
import { opDef } from './opdefs.js';
import type { GraphDef, NodeDef } from './types.js';

/**
 * Refuses a node that lacks an attribute its operation can not do without, as TensorFlow does when it loads
 * a graph: a torn name or a graph put together by hand shows here, before anyone guesses a default.
 * Operations that are not in the registry are left to whoever converts them.
 */
export function validateGraph(graph: GraphDef, where: string): void {
  for (const node of graph.nodes) validateNode(node, where);
  for (const definition of graph.functions.values()) {
    for (const node of definition.nodes) validateNode(node, `${where}: function "${definition.name}"`);
  }
}

function validateNode(node: NodeDef, where: string): void {
  for (const attr of opDef(node.op)?.attrs.values() ?? []) {
    if (attr.default !== undefined || node.attrs.has(attr.name)) continue;
    const present = [...node.attrs.keys()].filter((name) => !name.startsWith('_'));
    throw new TfdeployError(
      'TFD_GRAPH_INVALID',
      `${where}: node "${node.name}" (${node.op}) lacks the attribute "${attr.name}"`,
      {
        hint: `it has ${present.length === 0 ? 'none' : present.join(', ')}: export the model again`,
        details: { node: node.name, op: node.op, attribute: attr.name },
      },
    );
  }
}
