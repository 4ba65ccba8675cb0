import { DTYPES } from '../base/dtype.js';
import type { Graph, Node, Value } from '../graph/ir.js';
import type { Side } from './partition.js';

/**
 * onnxruntime-node can not carry bfloat16, which ONNX Runtime itself can cast: such inputs and outputs cross
 * as float32, with one Cast on the host and one behind the border. Returns the side each of these Casts is on;
 * changes the graph in place.
 */
export function bridgeBfloat16(graph: Graph): Map<Node, Side> {
  const sides = new Map<Node, Side>();
  let nextId = 1 + Math.max(0, ...graph.nodes.map(({ id }) => id));
  const addCast = (input: Value, to: 'float32' | 'bfloat16', suffix: string): Node => {
    const name = `${input.name}/${suffix}`;
    const attrs: Node['attrs'] = new Map([
      ['SrcT', { kind: 'type', value: DTYPES[input.dtype].tf }],
      ['DstT', { kind: 'type', value: DTYPES[to].tf }],
    ]);
    const origin = { node: name, calls: [], functionName: '' };
    const node: Node = {
      id: nextId++,
      op: 'Cast',
      name,
      origin,
      inputs: [input],
      attrs,
      outputs: [],
      bodies: new Map(),
    };
    node.outputs = [
      {
        id: -nextId,
        name,
        dtype: to,
        shape: input.shape,
        producer: node,
        index: 0,
        constant: undefined,
        elements: undefined,
      },
    ];
    return node;
  };
  for (const { value } of graph.inputs) {
    if (value.dtype !== 'bfloat16') continue;
    const outside = addCast(value, 'float32', 'as_float32');
    const inside = addCast(outside.outputs[0]!, 'bfloat16', 'as_bfloat16');
    replaceUses(graph, value, inside.outputs[0]!);
    sides.set(outside, 'host').set(inside, 'onnx');
    graph.nodes.unshift(outside, inside);
  }
  for (const output of graph.outputs) {
    const { value } = output;
    if (value.dtype !== 'bfloat16' || value.producer === undefined) continue;
    const inside = addCast(value, 'float32', 'out_float32');
    const outside = addCast(inside.outputs[0]!, 'bfloat16', 'out_bfloat16');
    output.value = outside.outputs[0]!;
    sides.set(outside, 'host').set(inside, 'onnx');
    graph.nodes.push(inside, outside);
  }
  return sides;
}

function replaceUses(graph: Graph, from: Value, to: Value): void {
  for (const node of graph.nodes) node.inputs = node.inputs.map((input) => (input === from ? to : input));
  for (const output of graph.outputs) if (output.value === from) output.value = to;
}
