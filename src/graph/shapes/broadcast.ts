import type { Dim, Shape } from '../../base/shape.js';

/** The size of a dimension after broadcasting; a canonical name where it depends on the run. */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return `broadcast(${[a, b].sort().join(',')})`;
}

/** The shape two shapes broadcast to, as numpy does it. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  if (a === null || b === null) return null;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) =>
    broadcastDim(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1),
  );
}

/** The more exact of two shapes that are known to be the same. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a === null) return b;
  if (b === null || a.length !== b.length) return a;
  return a.map((dim, i) => (typeof dim === 'number' ? dim : typeof b[i] === 'number' ? b[i]! : dim));
}
