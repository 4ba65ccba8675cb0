import type { Graph } from '../graph/ir.js';
import { rewriteVision } from './layout.js';

type Pass = (graph: Graph) => void;

/** Rewrites in TensorFlow form, in order. */
const PASSES: readonly Pass[] = [rewriteVision];

/** Replaces groups of nodes by single ones that ONNX Runtime has fast kernels for. Changes the graph in place. */
export function simplify(graph: Graph): void {
  for (const pass of PASSES) pass(graph);
}
