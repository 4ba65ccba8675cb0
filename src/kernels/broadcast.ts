import { elementCount } from '../base/tensor.js';
import { gridPositions, stridesOf } from './layout.js';

/** The shape two shapes broadcast to; undefined when they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape[i] = x === 1 ? y : x;
  }
  return shape;
}

/** Positions in a tensor of shape `from` for each element of the shape it is broadcast to. */
export function broadcastPositions(from: readonly number[], to: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  const steps = to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : strides[axis - lead]!));
  return gridPositions(to, steps, 0);
}

/** How the elements of an operand are found: one for all, each its own, or by position. */
export type Reach =
  | { readonly kind: 'one' }
  | { readonly kind: 'each' }
  | { readonly kind: 'at'; readonly positions: Int32Array };

export function reachOf(from: readonly number[], to: readonly number[]): Reach {
  const count = elementCount(from);
  if (count === 1) return { kind: 'one' };
  if (count === elementCount(to)) return { kind: 'each' };
  return { kind: 'at', positions: broadcastPositions(from, to) };
}
