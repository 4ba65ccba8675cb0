import { elementCount, type NumericTensor } from '../../base/tensor.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { denseValue } from '../derive.js';
import type { OnnxBody, OnnxNode, Ref } from '../types.js';
import { BodyEditor } from './body-editor.js';

/** A convolution's result per channel: `factor · y + shift`. */
interface Affine {
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Convolutions take in the scales and shifts per channel behind them (bias, batch normalization). ONNX Runtime
 * does so itself, but only with float weights.
 */
export function foldConvolutions(body: OnnxBody): OnnxBody {
  const editor = new BodyEditor(body);
  const absorbed = new Set<OnnxNode>();
  for (const node of body.nodes) {
    if (absorbed.has(node)) continue;
    const folded = node.op === 'Conv' && node.domain === '' ? fold(node, editor, absorbed) : undefined;
    editor.nodes.push(folded ?? node);
  }
  return editor.finish();
}

function fold(node: OnnxNode, editor: BodyEditor, absorbed: Set<OnnxNode>): OnnxNode | undefined {
  const [x = '', w = '', b] = node.inputs;
  const weights = editor.constantOf(w);
  const bias = b === undefined || b === '' ? undefined : editor.constantOf(b);
  const channels = weights?.shape[0];
  if (weights?.dtype !== 'float32' || channels === undefined || (b !== undefined && bias === undefined))
    return undefined;
  const rank = weights.shape.length;
  const total: Affine = { factor: new Float64Array(channels).fill(1), shift: new Float64Array(channels) };
  let output = node.outputs[0] as Ref;
  for (;;) {
    const next = editor.onlyReader(output);
    const step = next === undefined ? undefined : readStep(next, output, editor, channels, rank);
    if (next === undefined || step === undefined) break;
    for (let c = 0; c < channels; c++) {
      total.factor[c]! *= step.factor[c]!;
      total.shift[c] = total.shift[c]! * step.factor[c]! + step.shift[c]!;
    }
    absorbed.add(next);
    output = next.outputs[0] as Ref;
  }
  if (output === node.outputs[0]) return undefined;
  const made = editor.constant(`${w}/folded`, scaled(weights, total.factor));
  const shifted = editor.constant(`${w}/bias`, shiftedBias(bias, total));
  return { ...node, inputs: [x, made, shifted], outputs: [output] };
}

type Step = (value: number) => readonly [factor: number, shift: number];

const STEPS: Readonly<Record<string, Step>> = {
  Add: (value) => [1, value],
  Sub: (value) => [1, -value],
  Mul: (value) => [value, 0],
  Div: (value) => [1 / value, 0],
};

/** What a node does to each channel, if that is all it does. */
function readStep(
  node: OnnxNode,
  from: Ref,
  editor: BodyEditor,
  channels: number,
  rank: number,
): Affine | undefined {
  if (node.domain !== '') return undefined;
  if (node.op === 'BatchNormalization') return readNormalization(node, editor);
  const step = STEPS[node.op];
  const at = node.inputs.indexOf(from);
  if (step === undefined || ((node.op === 'Sub' || node.op === 'Div') && at !== 0)) return undefined;
  const values = channelValues(editor.constantOf(node.inputs[1 - at]), channels, rank);
  if (values === undefined) return undefined;
  const rows = Array.from(values, step);
  return { factor: Float64Array.from(rows, ([f]) => f), shift: Float64Array.from(rows, ([, s]) => s) };
}

/** One number per channel of [N, C, …spatial]; undefined for a constant of another form. */
function channelValues(
  value: TensorValue | undefined,
  channels: number,
  rank: number,
): Float32Array | undefined {
  if (value?.dtype !== 'float32') return undefined;
  const count = elementCount(value.shape);
  if (count === 1 && value.shape.length <= rank) {
    return new Float32Array(channels).fill((value.read() as NumericTensor).data[0] as number);
  }
  const axis = value.shape.length - (rank - 1);
  const isPerChannel = (axis === 0 || axis === 1) && count === channels && value.shape[axis] === channels;
  return isPerChannel ? ((value.read() as NumericTensor).data as Float32Array) : undefined;
}

function readNormalization(node: OnnxNode, editor: BodyEditor): Affine | undefined {
  const parts = node.inputs.slice(1).map((ref) => editor.constantOf(ref));
  const known = parts.filter((part) => part?.dtype === 'float32');
  if (parts.length !== 4 || known.length !== 4 || node.outputs.length !== 1) return undefined;
  const [scale, offset, mean, variance] = known.map(
    (part) => (part!.read() as NumericTensor).data as Float32Array,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const attr = node.attrs.get('epsilon');
  const epsilon = typeof attr === 'object' && 'float' in attr ? attr.float : 1e-5;
  const factor = Float64Array.from(scale, (each, c) => each / Math.sqrt(variance[c]! + epsilon));
  return { factor, shift: factor.map((each, c) => offset[c]! - mean[c]! * each) };
}

/** Filters are [out channels, …]. Computed when read: the filter of one layer at a time is in memory. */
function scaled(weights: TensorValue, factor: Float64Array): TensorValue {
  const { dtype, shape, byteLength } = weights;
  const inner = elementCount(shape) / factor.length;
  return {
    dtype,
    shape,
    byteLength,
    read: () => {
      const data = ((weights.read() as NumericTensor).data as Float32Array).map(
        (value, at) => value * factor[Math.floor(at / inner)]!,
      );
      return { dtype: 'float32', shape, data };
    },
  };
}

function shiftedBias(bias: TensorValue | undefined, { factor, shift }: Affine): TensorValue {
  const before = bias === undefined ? undefined : ((bias.read() as NumericTensor).data as Float32Array);
  const data = Float32Array.from(shift, (each, c) => (before?.[c] ?? 0) * factor[c]! + each);
  return denseValue({ dtype: 'float32', shape: [data.length], data });
}
