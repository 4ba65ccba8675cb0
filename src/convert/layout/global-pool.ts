import type { OnnxAttr, OnnxNode } from '../types.js';
import type { Sink } from './sink.js';

/**
 * A mean over height and width of an [N, C, H, W] tensor as GlobalAveragePool, which ONNX Runtime runs in
 * the blocked layout of its convolutions. Other nodes stay.
 */
export function emitGlobalPool(node: OnnxNode, sink: Sink): OnnxNode[] {
  const input = node.inputs[0]!;
  if (node.op !== 'ReduceMean' || node.domain !== '' || sink.rankOf(input) !== 4) return [node];
  const axes = sink.intsOf(node.inputs[1]);
  if (axes?.join() !== '2,3' || sink.tools.dtypeOf(input) !== 'float32') return [node];
  const none = new Map<string, OnnxAttr>();
  if ((node.attrs.get('keepdims') ?? 1) === 1)
    return [{ ...node, op: 'GlobalAveragePool', inputs: [input], attrs: none }];
  const output = node.outputs[0]!;
  const pooled = sink.tools.declare(`${output}/pooled`, 'float32');
  return [
    { ...node, op: 'GlobalAveragePool', name: pooled, inputs: [input], outputs: [pooled], attrs: none },
    { ...node, op: 'Squeeze', inputs: [pooled, node.inputs[1]!], attrs: none },
  ];
}
