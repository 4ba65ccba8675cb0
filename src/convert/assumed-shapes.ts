import type { Graph } from '../graph/ir.js';
import type { SignaturePlan } from './plan.js';

/**
 * What a compiled graph relies on about its inputs: rank and known dimensions as it was built with. Shapes
 * are folded into constants everywhere, so all of them count; an input of unknown rank was not relied on.
 */
export function findAssumedShapes(graph: Graph): SignaturePlan['assumedShapes'] {
  return Object.fromEntries(
    graph.inputs.flatMap(({ name, value: { shape } }) =>
      shape === null ? [] : [[name, shape.map((dim) => (typeof dim === 'number' ? dim : null))]],
    ),
  );
}
