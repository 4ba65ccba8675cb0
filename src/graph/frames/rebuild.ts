import type { GraphDef } from '../../savedmodel/types.js';
import { rewriteConditionals } from './conditionals.js';
import { isLoopMerge, rewriteLoops } from './loops.js';
import { dataRefs, type NodeMap, splitRef } from './node-map.js';
import { rewriteTensorArrays } from './tensor-arrays.js';

const REBUILT = new WeakMap<GraphDef, GraphDef>();
const FRAME_OPS = /^(Ref)?(Enter|Switch|Merge)$|^TensorArrayV3$/;

/**
 * The graph with TensorFlow 1 control flow as functional control flow: loop frames as While, Switch and Merge
 * as If, TensorArray as lists of tensors. Names of tensors outside stay. A graph that has none is given back.
 * TFD_GRAPH_INVALID for frames that no TensorFlow program writes.
 */
export function rebuildFrames(graph: GraphDef): GraphDef {
  if (!graph.nodes.some((node) => FRAME_OPS.test(node.op))) return graph;
  const known = REBUILT.get(graph);
  if (known !== undefined) return known;
  const map: NodeMap = {
    nodes: new Map(graph.nodes.map((node) => [node.name, node])),
    functions: new Map(graph.functions),
  };
  rewriteTensorArrays(map);
  const gone = rewriteLoops(map);
  rewriteConditionals(map, withLoopMerges(map, gone));
  const rebuilt: GraphDef = { ...graph, nodes: [...map.nodes.values()], functions: map.functions };
  REBUILT.set(graph, rebuilt);
  return rebuilt;
}

/** Nodes of loops stay for those that name them, but nothing that is run reads them. */
function withLoopMerges(map: NodeMap, gone: ReadonlySet<string>): Set<string> {
  const skipped = new Set(gone);
  for (const node of map.nodes.values()) {
    if (/^(Ref)?Merge$/.test(node.op) && isLoopMerge(map, node)) skipped.add(node.name);
    else if (dataRefs(node).some((ref) => gone.has(splitRef(ref).name)) && !/Exit$/.test(node.op))
      skipped.add(node.name);
  }
  return skipped;
}
