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
  const data = (value.read() as NumericTensor).data as Float32Array;
  for (let at = 0; at < data.length; at++) if (!(Math.abs(data[at]!) <= LARGEST_HALF)) return false;
  return true;
}

/** Exponent 15 − 127 in float32's place, and the least float32 bits of a normal float16. */
const REBIAS = 0x38000000;
const LEAST_NORMAL = 0x38800000;
/** Added to and taken from a small double, it leaves a whole number, rounded half to even. */
const ROUNDER = 1.5 * 2 ** 52;

/** Nearest float16, ties to even; for finite numbers within its range. By bits: weights are many. */
function halve({ shape, data }: NumericTensor): NumericTensor {
  const values = data as Float32Array;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const word = bits[at]!;
    const size = word & 0x7fffffff;
    const half =
      size < LEAST_NORMAL
        ? Math.abs(values[at]!) * 2 ** 24 + ROUNDER - ROUNDER
        : (size + 0xfff + ((size >>> 13) & 1) - REBIAS) >>> 13;
    halves[at] = ((word >>> 16) & 0x8000) | half;
  }
  return { dtype: 'float16', shape, data: halves };
}
