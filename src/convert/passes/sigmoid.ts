import type { Graph, Node, Value } from '../../graph/ir.js';

/** Operations that leave the relative error of an element as it is, or pass it on as an absolute one. */
const KEEPING = new Set([
  ...[
    'Identity',
    'IdentityN',
    'StopGradient',
    'PreventGradient',
    'Snapshot',
    'EnsureShape',
    'Cast',
    'Neg',
    'Abs',
  ],
  ...['Reshape', 'Squeeze', 'ExpandDims', 'Transpose', 'Slice', 'StridedSlice', 'Split', 'SplitV', 'Unpack'],
  ...[
    'Concat',
    'ConcatV2',
    'Pack',
    'GatherV2',
    'GatherNd',
    'Tile',
    'ReverseV2',
    'TopKV2',
    'Select',
    'SelectV2',
  ],
  ...[
    'Mul',
    'RealDiv',
    'Log',
    'Sqrt',
    'Square',
    'Pow',
    'Max',
    'Min',
    'Mean',
    'Sum',
    'Prod',
    'Maximum',
    'Minimum',
  ],
]);

/** A sum with a constant, as scaling layers make. Other sums join branches: what one is off by drowns in the other. */
function isShift({ op, inputs }: Node): boolean {
  return (
    (op === 'AddV2' || op === 'Add' || op === 'Sub') && inputs.some((input) => input.constant !== undefined)
  );
}

/**
 * ONNX Runtime's Sigmoid is off by up to 2e-7 wherever it is near zero: an answer of 1e-4 would be wrong by a
 * thousandth, where TensorFlow's is right to the last digits. Where an answer is one, or a product of some, it is
 * computed as 1/(1 + e^(−x)). Gates inside a network keep the fast kernel: what they are off by drowns there.
 */
export function markAnswers(graph: Graph): void {
  const seen = new Set<Node>();
  const visit = (value: Value): void => {
    const node = value.producer;
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    if (node.op === 'Sigmoid' && value.dtype === 'float32') {
      node.op = '_SigmoidAnswer';
      node.attrs = new Map();
    } else if (KEEPING.has(node.op) || isShift(node)) node.inputs.forEach(visit);
  };
  for (const { value } of graph.outputs) visit(value);
}
