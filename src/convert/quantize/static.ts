import type { NumericTensor } from '../../base/tensor.js';
import { denseValue } from '../derive.js';
import type { OnnxBody, OnnxNode, Ref } from '../types.js';
import { BodyEditor } from './body-editor.js';
import type { QuantizedBody } from './dynamic.js';
import { quantizeWeights } from './int8-weights.js';
import { type ByteScale, chooseScale, type Range, scaleValue, zeroValue } from './ranges.js';

/** Operators that run on bytes when all around them does; each with its float operands. */
const OPERANDS: Readonly<Record<string, (node: OnnxNode, editor: BodyEditor) => readonly Ref[]>> = {
  Conv: (node, editor) => (isFloat(editor, node.inputs[1]) ? node.inputs.slice(0, 1) : []),
  Add: (node, editor) => (node.inputs.some((ref) => editor.constantOf(ref) !== undefined) ? [] : node.inputs),
  GlobalAveragePool: (node) => node.inputs,
};

/** Activations that vanish in the rounding behind an operator above. */
const ABSORBED = new Set(['Relu', 'Clip']);
/** Operators that hand bytes on as they are. */
const PASSING = new Set(['MaxPool']);

function isFloat(editor: BodyEditor, ref: Ref | undefined): boolean {
  return editor.constantOf(ref)?.dtype === 'float32';
}

/** Where a tensor of the plan is rounded to bytes. */
interface Sites {
  readonly nodes: ReadonlySet<OnnxNode>;
  /** Tensors to round; each with the tensor whose scale it has. */
  readonly tensors: ReadonlyMap<Ref, Ref>;
}

/** Tensors whose ranges `quantizeConvolutions` needs to know. */
export function listTensors(body: OnnxBody): Ref[] {
  return [...new Set(findSites(new BodyEditor(body)).tensors.values())];
}

function findSites(editor: BodyEditor): Sites {
  const nodes = new Set<OnnxNode>();
  const tensors = new Map<Ref, Ref>();
  const isConvNear = new Set<Ref>();
  for (const node of editor.body.nodes) {
    if (node.domain !== '') continue;
    const [input = ''] = node.inputs;
    if (PASSING.has(node.op) && tensors.has(input) && node.outputs.length === 1) {
      tensors.set(node.outputs[0] as Ref, tensors.get(input) as Ref);
      isConvNear.add(node.outputs[0] as Ref);
      nodes.add(node);
      continue;
    }
    const operands = OPERANDS[node.op]?.(node, editor) ?? [];
    if (operands.length === 0) continue;
    // Sums of other things than convolutions are left alone.
    if (node.op !== 'Conv' && !operands.every((ref) => isConvNear.has(ref))) continue;
    nodes.add(node);
    for (const ref of operands) if (!tensors.has(ref)) tensors.set(ref, ref);
    const output = behindActivation(node, editor);
    tensors.set(output, output);
    isConvNear.add(output);
  }
  return { nodes, tensors };
}

/** The result of a node, or of the activation that alone reads it. */
function behindActivation(node: OnnxNode, editor: BodyEditor): Ref {
  const output = node.outputs[0] as Ref;
  const next = editor.onlyReader(output);
  const isAbsorbed = next !== undefined && next.domain === '' && ABSORBED.has(next.op);
  return isAbsorbed ? (next.outputs[0] as Ref) : output;
}

/**
 * Convolutions, and the sums and pools between them, compute with 8-bit integers: QuantizeLinear and
 * DequantizeLinear around each, which ONNX Runtime fuses. Activations are unsigned bytes by the ranges of the
 * samples, filters signed bytes per channel.
 */
export function quantizeConvolutions(body: OnnxBody, ranges: ReadonlyMap<Ref, Range>): QuantizedBody {
  const editor = new BodyEditor(body);
  const { nodes, tensors } = findSites(editor);
  const scaleOf = (ref: Ref): ByteScale | undefined => {
    const range = ranges.get(tensors.get(ref) ?? '');
    return range === undefined ? undefined : chooseScale(range);
  };
  const rounded = new Map<Ref, Ref>();
  const round = (ref: Ref): void => {
    const scale = scaleOf(ref);
    if (scale !== undefined && !rounded.has(ref)) rounded.set(ref, addRounding(editor, ref, scale));
  };
  for (const { name } of body.inputs) if (tensors.has(name)) round(name);
  let count = 0;
  for (const node of body.nodes) {
    const inputs = node.inputs.map((ref) => rounded.get(ref) ?? ref);
    const isHere = nodes.has(node);
    const [x = ''] = node.inputs;
    const scale = scaleOf(x);
    if (isHere && node.op === 'Conv' && scale !== undefined) {
      const packed = packConvolution(editor, node, inputs, scale);
      editor.nodes.push(packed ?? { ...node, inputs });
      if (packed !== undefined) count++;
    } else {
      editor.nodes.push({ ...node, inputs });
      if (isHere) count++;
    }
    for (const output of node.outputs) if (tensors.has(output)) round(output);
  }
  return { body: editor.finish(), count };
}

function addRounding(editor: BodyEditor, ref: Ref, scale: ByteScale): Ref {
  const parameters = [
    editor.constant(`${ref}/scale`, scaleValue(scale)),
    editor.constant(`${ref}/zero`, zeroValue(scale)),
  ];
  const bytes = editor.add('QuantizeLinear', [ref, ...parameters], [editor.name(`${ref}/bytes`)]);
  return editor.add('DequantizeLinear', [bytes, ...parameters], [editor.name(`${ref}/rounded`)]);
}

/** Filter and bias as integers with their own DequantizeLinear. */
function packConvolution(
  editor: BodyEditor,
  node: OnnxNode,
  inputs: readonly Ref[],
  { scale }: ByteScale,
): OnnxNode | undefined {
  const [x = '', w = '', b = ''] = inputs;
  const value = editor.constantOf(w);
  const bias = b === '' ? undefined : editor.constantOf(b);
  const weights = value === undefined ? undefined : quantizeWeights(value, 'first');
  if (weights === undefined || (b !== '' && bias?.dtype !== 'float32')) return undefined;
  const channels = weights.scaleOf.length;
  const zeros = denseValue({ dtype: 'int8', shape: [channels], data: new Int8Array(channels) });
  const filter = editor.add(
    'DequantizeLinear',
    [
      editor.constant(`${w}/int8`, weights.values),
      editor.constant(`${w}/scale`, weights.scales),
      editor.constant(`${w}/zero`, zeros),
    ],
    [editor.name(`${w}/rounded`)],
    { axis: 0 },
  );
  if (bias === undefined) return { ...node, inputs: [x, filter] };
  const factors = weights.scaleOf.map((each) => each * scale);
  const sums = (bias.read() as NumericTensor).data as Float32Array;
  const whole = Int32Array.from(sums, (each, c) => Math.round(each / factors[c]!));
  if (whole.some((each, c) => Math.abs(each - sums[c]! / factors[c]!) > 1)) return undefined;
  const shift = editor.add(
    'DequantizeLinear',
    [
      editor.constant(`${b}/int32`, denseValue({ dtype: 'int32', shape: [channels], data: whole })),
      editor.constant(`${b}/scale`, denseValue({ dtype: 'float32', shape: [channels], data: factors })),
    ],
    [editor.name(`${b}/rounded`)],
    { axis: 0 },
  );
  return { ...node, inputs: [x, filter, shift] };
}
