import type { PlanTensor } from '../../convert/plan.js';
import { inputError } from '../codec/request-document.js';
import { elementBytes } from './raw-tensor.js';

/**
 * The shape of raw bytes for an input whose declared shape leaves at most one dimension open. Bytes of a
 * string input are one string.
 */
export function shapeOfRaw(input: PlanTensor, byteLength: number): number[] {
  const { name, shape, dtype } = input;
  const width = elementBytes(dtype as 'float32');
  if (shape === null)
    throw inputError(`input "${name}" has no declared shape`, 'name the shape of the raw bytes');
  const open = shape.filter((dim) => typeof dim !== 'number').length;
  if (width === undefined) return shape.map(() => 1);
  if (open > 1) {
    throw inputError(`input "${name}" leaves ${open} dimensions open`, 'name the shape of the raw bytes');
  }
  const known = shape.reduce<number>(
    (product, dim) => (typeof dim === 'number' ? product * dim : product),
    width,
  );
  const rest = known === 0 ? 0 : byteLength / known;
  if (!Number.isInteger(rest) || (open === 0 && rest !== 1)) {
    throw inputError(
      `input "${name}": ${byteLength} bytes are not a multiple of ${known}, the bytes of one row`,
    );
  }
  return shape.map((dim) => (typeof dim === 'number' ? dim : rest));
}
