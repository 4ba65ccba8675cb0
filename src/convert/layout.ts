import type { Graph } from '../graph/ir.js';
import { rewriteDilatedConvs } from './layout/dilated-conv.js';
import { emitGlobalPool } from './layout/global-pool.js';
import { guardPads } from './layout/guard-pads.js';
import { guardResizes } from './layout/guard-resize.js';
import { rewriteKeptMeans } from './layout/kept-mean.js';
import { pruneBody } from './layout/prune-body.js';
import { type LayoutTools, Sink } from './layout/sink.js';
import { SINK_RULES } from './layout/sink-rules.js';
import type { OnnxBody } from './types.js';

export type { LayoutTools } from './layout/sink.js';

/** Rewrites of the TensorFlow graph that make its convolutions plain. The graph is changed in place. */
export function rewriteVision(graph: Graph): void {
  rewriteDilatedConvs(graph);
  rewriteKeptMeans(graph);
}

/**
 * The graph with the transposes between channels-last and channels-first pushed towards the outputs, where
 * most of them meet their inverse and vanish, and without what nothing reads. Inputs and outputs of the graph
 * keep their layout.
 */
export function optimizeLayout(body: OnnxBody, tools: LayoutTools): OnnxBody {
  const pruned = pruneBody(body);
  const sink = new Sink({ ...pruned, initializers: body.initializers }, tools, SINK_RULES);
  for (const node of pruned.nodes) sink.add(node);
  for (const output of body.outputs) sink.make(output.name);
  const nodes = sink.nodes.flatMap((node) => emitGlobalPool(node, sink));
  return pruneBody({ ...body, nodes: guardResizes(guardPads(nodes, sink), sink) });
}
