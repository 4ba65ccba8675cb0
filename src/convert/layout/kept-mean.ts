import type { Shape } from '../../base/shape.js';
import type { Graph, Node } from '../../graph/ir.js';
import { attrBool, constInts, countUses, forEachRegion, takeOutputs } from './graph-reading.js';

/**
 * A mean over height and width whose result is reshaped from [N, C] to [N, 1, 1, C] (squeeze and excitation)
 * becomes a mean that keeps its axes: a Reshape would stand in the way of the layout of the convolutions.
 */
export function rewriteKeptMeans(graph: Graph): void {
  forEachRegion(graph, (region, outputs) => {
    const uses = countUses(region.nodes, outputs);
    const dropped = new Set<Node>();
    for (const node of region.nodes) {
      const mean = node.op === 'Reshape' ? node.inputs[0]?.producer : undefined;
      if (mean === undefined || uses.get(mean.outputs[0]!) !== 1 || !isSpatialMean(mean)) continue;
      if (!isSpreadAgain(mean.outputs[0]!.shape, node.outputs[0]!.shape)) continue;
      mean.attrs.set('keep_dims', { kind: 'b', value: true });
      takeOutputs(mean, node);
      dropped.add(node);
    }
    if (dropped.size > 0) region.nodes = region.nodes.filter((node) => !dropped.has(node));
  });
}

function isSpatialMean(node: Node): boolean {
  if (node.op !== 'Mean' || attrBool(node, 'keep_dims') || node.inputs[0]?.shape?.length !== 4) return false;
  const axes = constInts(node.inputs[1])?.map((axis) => (axis < 0 ? axis + 4 : axis));
  return axes?.sort().join() === '1,2';
}

function isSpreadAgain(mean: Shape, reshaped: Shape): boolean {
  if (mean?.length !== 2 || reshaped?.length !== 4) return false;
  return reshaped[0] === mean[0] && reshaped[1] === 1 && reshaped[2] === 1 && reshaped[3] === mean[1];
}
