import { isTfdeployError } from '../../base/error.js';
import type { Tensor, TensorMap } from '../../base/tensor.js';
import { interpret } from '../../graph/interpret.js';
import type { Graph, Node } from '../../graph/ir.js';

/** What the reference interpreter computed: the answer, and every tensor on the way by its name. */
export interface Reference {
  readonly outputs: TensorMap;
  readonly inner: ReadonlyMap<string, Tensor>;
}

/** Operations whose results differ from run to run. */
export const RANDOM = /^(Random|StatelessRandom|Multinomial|TruncatedNormal|ParameterizedTruncatedNormal)/;

/**
 * Computes a graph with the host kernels and keeps what each node of its top level made. Undefined, with a
 * reason, where there is no kernel for a node or the made-up inputs do not suit it.
 */
export function runReference(graph: Graph, inputs: TensorMap): Reference | { readonly why: string } {
  const inner = new Map<string, Tensor>();
  const own = new Set<Node>(graph.nodes);
  try {
    const outputs = interpret(graph, inputs, {
      observe: (node, made) => {
        if (!own.has(node)) return;
        node.outputs.forEach(({ name }, at) => {
          const value = made[at];
          if (value !== undefined && value.dtype !== 'resource' && value.dtype !== 'variant')
            inner.set(name, value);
        });
      },
    });
    return { outputs, inner };
  } catch (error) {
    if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
    return { why: error.message };
  }
}
