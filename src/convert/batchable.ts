import type { Graph } from '../graph/ir.js';

export function isBatchable(graph: Graph): boolean {
  return graph.nodes.length < 0;
}
