import { elementCount } from '../../base/tensor.js';
import type { OnnxBody, OnnxNode, Ref } from '../types.js';
import { BodyEditor } from './body-editor.js';
import { type Int8Weights, quantizeWeights } from './int8-weights.js';

/** Smaller products gain nothing that pays for quantizing their input. */
const MIN_WEIGHTS = 1 << 14;

export interface QuantizedBody {
  readonly body: OnnxBody;
  /** Operators that compute with integers now. */
  readonly count: number;
}

/**
 * Matrix products with constant weights compute with 8-bit integers: the weights once per column, the other
 * operand on each run, by its own range. ONNX Runtime fuses the five operators into one.
 */
export function quantizeProducts(body: OnnxBody): QuantizedBody {
  const editor = new BodyEditor(body);
  const inputs = new Map<Ref, readonly [values: Ref, scale: Ref, zero: Ref]>();
  let count = 0;
  for (const node of body.nodes) {
    const weights = weightsOf(node, editor);
    if (weights === undefined) {
      editor.nodes.push(node);
      continue;
    }
    count++;
    const [x = '', w = ''] = node.inputs;
    const given = inputs.get(x) ?? quantizeInput(editor, x);
    inputs.set(x, given);
    multiply(editor, node, given, w, weights);
  }
  return { body: editor.finish(), count };
}

function weightsOf(node: OnnxNode, editor: BodyEditor): Int8Weights | undefined {
  if (node.op !== 'MatMul' || node.domain !== '') return undefined;
  const value = editor.constantOf(node.inputs[1]);
  if (value === undefined || value.dtype !== 'float32' || value.shape.length !== 2) return undefined;
  if (editor.constantOf(node.inputs[0]) !== undefined || elementCount(value.shape) < MIN_WEIGHTS)
    return undefined;
  return quantizeWeights(value, 'last');
}

function quantizeInput(editor: BodyEditor, x: Ref): readonly [Ref, Ref, Ref] {
  const outputs = ['int8', 'scale', 'zero'].map((part) => editor.name(`${x}/${part}`));
  editor.add('DynamicQuantizeLinear', [x], outputs);
  return outputs as unknown as [Ref, Ref, Ref];
}

function multiply(
  editor: BodyEditor,
  node: OnnxNode,
  [values, scale, zero]: readonly [Ref, Ref, Ref],
  w: Ref,
  weights: Int8Weights,
): void {
  const [output = ''] = node.outputs;
  const bytes = known(editor, `${w}/int8`, weights.values);
  const scales = known(editor, `${w}/scale`, weights.scales);
  const sum = editor.add('MatMulInteger', [values, bytes, zero], [editor.name(`${output}/integer`)]);
  const real = editor.add('Cast', [sum], [editor.name(`${output}/float`)], { to: 1 });
  const factor = editor.add('Mul', [scale, scales], [editor.name(`${output}/factor`)]);
  editor.add('Mul', [real, factor], node.outputs);
}

/** A weight that several products share is one constant. */
function known(editor: BodyEditor, wanted: string, value: Int8Weights['values']): Ref {
  const there = editor.initializers.get(wanted);
  return there === value ? wanted : editor.constant(wanted, value);
}
