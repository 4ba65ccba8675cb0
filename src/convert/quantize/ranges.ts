import { numericTensor } from '../../base/tensor.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { denseValue } from '../derive.js';

/** Smallest and largest number that a tensor held in the samples. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How real numbers are stored as unsigned bytes: `scale · (byte − zero)`. */
export interface ByteScale {
  readonly scale: number;
  readonly zero: number;
}

export function widenRange(range: Range | undefined, values: ArrayLike<number>): Range {
  let { min, max } = range ?? { min: 0, max: 0 };
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/**
 * The scale of a range, which always holds 0: padding must be exact, and after a Relu byte 0 must stand for 0, or
 * ONNX Runtime does not fuse it. Undefined for a range that is not finite.
 */
export function chooseScale({ min, max }: Range): ByteScale | undefined {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return undefined;
  const scale = Math.fround((max - min) / 255);
  // A denormal scale counts as zero in the engine.
  if (scale < 1e-30) return { scale: 1, zero: 0 };
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-min / scale))) };
}

export const scaleValue = ({ scale }: ByteScale): TensorValue =>
  denseValue(numericTensor('float32', [], [scale]));
export const zeroValue = ({ zero }: ByteScale): TensorValue => denseValue(numericTensor('uint8', [], [zero]));
