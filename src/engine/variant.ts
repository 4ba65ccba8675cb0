import type { SignaturePlan } from '../convert/plan.js';
import type { InputShapes } from './types.js';

/**
 * True when the inputs' shapes contradict what the plan was compiled for: another rank, or another size
 * where the plan relies on one.
 */
export function needsVariant(plan: SignaturePlan, shapes: InputShapes): boolean {
  for (const [name, assumed] of Object.entries(plan.assumedShapes)) {
    const shape = shapes[name];
    if (shape === undefined) continue;
    if (shape.length !== assumed.length) return true;
    if (assumed.some((dim, axis) => dim !== null && dim !== shape[axis])) return true;
  }
  return false;
}

/** The shapes of a request's inputs, by name. */
export function shapesOf(inputs: ReadonlyMap<string, { readonly shape: readonly number[] }>): InputShapes {
  return Object.fromEntries([...inputs].map(([name, { shape }]) => [name, shape]));
}
