import type { Graph } from '../graph/ir.js';
import { pruneNodes } from '../graph/prune.js';
import { rewriteVision } from './layout.js';
import { fuseActivations } from './passes/activations.js';
import { unfoldDense } from './passes/dense.js';
import { fuseLayerNorms } from './passes/layer-norm.js';
import { markAnswers } from './passes/sigmoid.js';

type Pass = (graph: Graph) => void;

/** Rewrites in TensorFlow form, in order. */
const PASSES: readonly Pass[] = [rewriteVision, unfoldDense, fuseLayerNorms, fuseActivations, markAnswers];

/** Replaces groups of nodes by single ones that ONNX Runtime has fast kernels for. Changes the graph in place. */
export function simplify(graph: Graph): void {
  for (const pass of PASSES) pass(graph);
  const outputs = graph.outputs.map(({ value }) => value);
  graph.nodes = pruneNodes(graph.nodes, outputs);
}
