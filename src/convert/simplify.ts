import type { Graph } from '../graph/ir.js';

type Pass = (graph: Graph) => void;

/** Rewrites in TensorFlow form, in order. */
const PASSES: readonly Pass[] = [];

/** Replaces groups of nodes by single ones that ONNX Runtime has fast kernels for. Changes the graph in place. */
export function simplify(graph: Graph): void {
  for (const pass of PASSES) pass(graph);
}
