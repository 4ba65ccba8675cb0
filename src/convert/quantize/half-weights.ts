import { toHalfBits } from '../../base/half.js';
import { elementCount, type NumericTensor } from '../../base/tensor.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { mapConstant } from '../derive.js';
import type { OnnxBody } from '../types.js';
import { BodyEditor } from './body-editor.js';
import type { QuantizedBody } from './dynamic.js';

/** Vectors and small tensors (biases, statistics, thresholds) stay as they are. */
const MIN_ELEMENTS = 1024;
const LARGEST_HALF = 65504;

/**
 * Float weights are stored in 16 bits and widened when the engine loads them: half the file, the same compute
 * time. A tensor with numbers beyond the range of float16 stays float32.
 */
export function storeHalf(body: OnnxBody): QuantizedBody {
  const editor = new BodyEditor(body);
  let count = 0;
  for (const [name, value] of body.initializers) {
    if (!canHalve(value)) continue;
    count++;
    editor.initializers.delete(name);
    const half = mapConstant(value, 'float16', { dtype: 'float16', shape: value.shape }, halve);
    editor.add('Cast', [editor.constant(`${name}/half`, half)], [name], { to: 1 });
  }
  editor.nodes.push(...body.nodes);
  return { body: editor.finish(), count };
}

function canHalve(value: TensorValue): boolean {
  if (value.dtype !== 'float32' || value.shape.length < 2 || elementCount(value.shape) < MIN_ELEMENTS)
    return false;
  const { data } = value.read() as NumericTensor;
  return (data as Float32Array).every((each) => Math.abs(each) <= LARGEST_HALF);
}

function halve({ shape, data }: NumericTensor): NumericTensor {
  return { dtype: 'float16', shape, data: Uint16Array.from(data as Float32Array, toHalfBits) };
}
