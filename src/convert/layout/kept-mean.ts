import type { Shape } from '../../base/shape.js';
import type { Graph, Node, Value } from '../../graph/ir.js';
import { attrBool, constInts, forEachRegion } from './graph-reading.js';

/**
 * A mean over height and width whose result is reshaped from [N, C] to [N, 1, 1, C] (squeeze and excitation)
 * becomes a mean that keeps its axes: a Reshape would stand in the way of the layout of the convolutions.
 * What made the new shape is left without a reader.
 */
export function rewriteKeptMeans(graph: Graph): void {
  forEachRegion(graph, (region, outputs) => {
    const readers = new Map<Value, Node[]>();
    for (const node of region.nodes) {
      for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
    }
    for (const node of region.nodes) {
      const pooled = node.op === 'Reshape' ? node.inputs[0]! : undefined;
      const mean = pooled?.producer;
      if (pooled === undefined || mean === undefined || !isSpatialMean(mean)) continue;
      const others = readers.get(pooled)!.filter((reader) => reader !== node);
      if (outputs.includes(pooled) || others.some((reader) => reader.op !== 'Shape')) continue;
      if (isSpreadAgain(pooled.shape, node.outputs[0]!.shape)) keepAxes(node, mean);
    }
  });
}

/** Makes a node compute the mean itself. */
function keepAxes(node: Node, mean: Node): void {
  node.op = mean.op;
  node.inputs = [...mean.inputs];
  node.attrs = new Map(mean.attrs).set('keep_dims', { kind: 'b', value: true });
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
