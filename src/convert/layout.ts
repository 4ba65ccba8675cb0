import type { Graph } from '../graph/ir.js';
import { rewriteDilatedConvs } from './layout/dilated-conv.js';
import { emitGlobalPool } from './layout/global-pool.js';
import { rewriteKeptMeans } from './layout/kept-mean.js';
import { type LayoutTools, Sink } from './layout/sink.js';
import { SINK_RULES } from './layout/sink-rules.js';
import type { OnnxBody, OnnxNode } from './types.js';

export type { LayoutTools } from './layout/sink.js';

/** Rewrites of the TensorFlow graph that make its convolutions plain. The graph is changed in place. */
export function rewriteVision(graph: Graph): void {
  rewriteDilatedConvs(graph);
  rewriteKeptMeans(graph);
}

/**
 * The nodes with the transposes between channels-last and channels-first pushed towards the outputs, where
 * most of them meet their inverse and vanish. Inputs and outputs of the graph keep their layout. Nodes that
 * nothing reads any more are still there.
 */
export function sinkTransposes(body: OnnxBody, tools: LayoutTools): OnnxNode[] {
  const sink = new Sink(body, tools, SINK_RULES);
  for (const node of body.nodes) sink.add(node);
  for (const output of body.outputs) sink.make(output.name);
  return sink.nodes.flatMap((node) => emitGlobalPool(node, sink));
}
