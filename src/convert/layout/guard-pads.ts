import type { OnnxNode, Ref } from '../types.js';
import type { Sink } from './sink.js';

/** Operators whose results are never negative. */
const NOT_NEGATIVE = new Set(['Relu', 'Sigmoid', 'Abs', 'Softplus', 'Exp']);

/**
 * Pads in front of pools, told apart from the pools' own padding. ONNX Runtime moves a Pad with zeros into the
 * pool behind it, where the border takes no part: a maximum of negative numbers and an average come out wrong. A Pad
 * that names its axes is left alone.
 */
export function guardPads(nodes: readonly OnnxNode[], sink: Sink): OnnxNode[] {
  const readers = new Map<Ref, OnnxNode[]>();
  const makers = new Map<Ref, OnnxNode>();
  for (const node of nodes) {
    for (const ref of node.inputs) readers.set(ref, [...(readers.get(ref) ?? []), node]);
    for (const ref of node.outputs) makers.set(ref, node);
  }
  return nodes.map((node) => {
    const pads = node.op === 'Pad' && node.domain === '' ? sink.intsOf(node.inputs[1]) : undefined;
    if (pads === undefined || node.inputs.length > 3) return node;
    const behind = (readers.get(node.outputs[0]!) ?? []).flatMap((each) =>
      each.op === 'Cast' ? (readers.get(each.outputs[0]!) ?? []) : [each],
    );
    const maker = makers.get(node.inputs[0]!);
    const isHarmless = behind.every(
      (each) =>
        (each.op !== 'MaxPool' && each.op !== 'AveragePool') ||
        (each.op === 'MaxPool' && NOT_NEGATIVE.has(maker?.op ?? '') && isSmall(pads, each)),
    );
    if (isHarmless) return node;
    const [data, amounts, value = ''] = node.inputs;
    const axes = Array.from({ length: pads.length / 2 }, (_, axis) => axis);
    return { ...node, inputs: [data!, amounts!, value, sink.i64(axes)] };
  });
}

/** A pool refuses to be loaded with a border as wide as its window. */
function isSmall(pads: readonly number[], pool: OnnxNode): boolean {
  const kernel = pool.attrs.get('kernel_shape') as readonly number[];
  const own = pool.attrs.get('pads') as readonly number[] | undefined;
  const rank = kernel.length;
  return kernel.every((size, axis) => {
    const before = pads[axis + 2]! + (own?.[axis] ?? 0);
    const after = pads[axis + 4 + rank]! + (own?.[axis + rank] ?? 0);
    return before < size && after < size;
  });
}
