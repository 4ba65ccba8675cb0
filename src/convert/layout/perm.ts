/** A permutation of axes: axis `i` of the result is axis `perm[i]` of the source. */
export type Perm = readonly number[];

export function isIdentity(perm: Perm): boolean {
  return perm.every((axis, index) => axis === index);
}

export function invertPerm(perm: Perm): number[] {
  const inverse = new Array<number>(perm.length).fill(0);
  perm.forEach((axis, index) => {
    inverse[axis] = index;
  });
  return inverse;
}

/** The permutation that does `first`, then `second`. */
export function composePerms(first: Perm, second: Perm): number[] {
  return second.map((axis) => first[axis]!);
}

export function isSamePerm(a: Perm, b: Perm): boolean {
  return a.length === b.length && a.every((axis, index) => axis === b[index]);
}

/** Between channels-last and channels-first of images and volumes; other transposes mean something else. */
export function isLayoutPerm(perm: Perm): boolean {
  if (perm.length < 4 || perm[0] !== 0) return false;
  const rest = perm.slice(1);
  const last = perm.length - 1;
  const isToLast = rest.every((axis, index) => axis === (index + 1 < last ? index + 2 : 1));
  const isToFirst = rest.every((axis, index) => axis === (index === 0 ? last : index));
  return isToLast || isToFirst;
}

/** What is left of a permutation when these axes of its result are dropped. */
export function dropAxes(perm: Perm, axes: readonly number[]): number[] {
  const kept = perm.filter((_, index) => !axes.includes(index));
  const order = [...kept].sort((a, b) => a - b);
  return kept.map((axis) => order.indexOf(axis));
}

/** The permutation with a new axis, number `axis` of the result and number `place` of the source. */
export function addAxis(perm: Perm, axis: number, place: number): number[] {
  const shifted = perm.map((each) => (each >= place ? each + 1 : each));
  return [...shifted.slice(0, axis), place, ...shifted.slice(axis)];
}

/** Axes counted from the end made positive. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}
