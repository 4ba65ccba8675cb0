import type { Graph, Node, Value } from '../../graph/ir.js';
import { attrBool, forEachRegion } from '../layout/graph-reading.js';
import { madeBy } from './product.js';

/**
 * A tensor flattened to a matrix, multiplied by a constant one and given its axes back (Keras's Dense on more
 * than two axes) is a product of the tensor itself. The shapes computed for it are left without a reader.
 */
export function unfoldDense(graph: Graph): void {
  forEachRegion(graph, ({ nodes }) => {
    for (const node of nodes) rewrite(node);
  });
}

function rewrite(node: Node): void {
  const product = node.op === 'Reshape' ? madeBy(node.inputs[0], 'MatMul') : undefined;
  const [flat, weights] = product?.inputs ?? [];
  const source = unshuffled(madeBy(flat, 'Reshape')?.inputs[0]);
  if (product === undefined || source === undefined || weights?.constant === undefined) return;
  if (attrBool(product, 'transpose_a') || attrBool(product, 'transpose_b')) return;
  const [inner, width] = weights.constant.shape;
  const from = source.shape;
  const to = node.outputs[0]?.shape;
  if (from === null || !to || from.length < 3 || from.length !== to.length || flat?.shape?.[1] !== inner)
    return;
  if (from.at(-1) !== inner || to.at(-1) !== width || String(from.slice(0, -1)) !== String(to.slice(0, -1)))
    return;
  node.op = 'BatchMatMulV2';
  node.inputs = [source, weights];
  node.attrs = new Map([['T', product.attrs.get('T') ?? { kind: 'type', value: 1 }]]);
}

/** Looks through a transposition that changes nothing. */
function unshuffled(value: Value | undefined): Value | undefined {
  const node = madeBy(value, 'Transpose');
  const perm = node?.inputs[1]?.constant?.read();
  if (node === undefined || perm === undefined || perm.dtype === 'string') return value;
  return Array.from(perm.data, Number).every((axis, at) => axis === at) ? node.inputs[0] : value;
}
