/**
 * A dimension: a known size, or the name of an unknown one. Equal names are equal sizes; a name is a
 * canonical expression such as `batch` or `(batch*4)`.
 */
export type Dim = number | string;

/** A shape with symbolic dimensions; `null` is an unknown rank (which is not the scalar `[]`). */
export type Shape = readonly Dim[] | null;

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape?.every((dim) => typeof dim === 'number') ?? false;
}

/** For people: `[?, 224, 224, 3]`, `[]` for a scalar, `<unknown>` for an unknown rank. */
export function formatShape(shape: Shape): string {
  if (shape === null) return '<unknown>';
  return `[${shape.map((dim) => (typeof dim === 'number' ? dim : '?')).join(', ')}]`;
}
