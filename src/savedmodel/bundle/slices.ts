import { TfdeployError } from '../../base/error.js';

/** A box inside a tensor: per dimension where it starts and how long it is. */
export interface Box {
  readonly start: readonly number[];
  readonly length: readonly number[];
}

export function fullBox(shape: readonly number[]): Box {
  return { start: shape.map(() => 0), length: shape };
}

/** Row-major slices read or kept as one run of bytes: all dimensions but the first ones of size 1 are whole. */
export function isContiguous(box: Box, shape: readonly number[]): boolean {
  const first = box.length.findIndex((length) => length !== 1);
  if (first < 0) return true;
  return box.length.every((length, i) => i <= first || length === shape[i]);
}

/** Elements before the box in row-major order. */
export function offsetOf(box: Box, shape: readonly number[]): number {
  return box.start.reduce((offset, start, i) => offset * shape[i]! + start, 0);
}

/** The part that two boxes share, or undefined. */
export function intersect(a: Box, b: Box): Box | undefined {
  const start = a.start.map((at, i) => Math.max(at, b.start[i]!));
  const length = start.map((at, i) => Math.min(a.start[i]! + a.length[i]!, b.start[i]! + b.length[i]!) - at);
  return length.some((count) => count <= 0) ? undefined : { start, length };
}

/**
 * RestoreV2's `shape_and_slices`: `dim0 dim1 start,length:-` (`-` is the whole dimension); empty for the
 * whole tensor. TFD_MODEL_CORRUPT when it does not fit the shape.
 */
export function parseSlice(spec: string, shape: readonly number[], what: string): Box {
  if (spec === '') return fullBox(shape);
  const words = spec.split(' ');
  const ranges = words.pop()!.split(':');
  const isShape = words.length === shape.length && words.every((word, i) => word === String(shape[i]));
  if (!isShape || ranges.length !== shape.length) throw misfit(spec, shape, what);
  const pairs = ranges.map((range, i): readonly [number, number] => {
    if (range === '-') return [0, shape[i]!];
    const match = /^(\d{1,15}),(\d{1,15})$/.exec(range);
    if (match === null) throw misfit(spec, shape, what);
    return [Number(match[1]), Number(match[2])];
  });
  return checkBox(pairs, shape, spec, what);
}

/** Starts and lengths as a box; a length of −1 is the whole dimension. */
export function checkBox(
  pairs: readonly (readonly [start: number, length: number])[],
  shape: readonly number[],
  spec: string,
  what: string,
): Box {
  const length = pairs.map(([, count], i) => (count === -1 ? (shape[i] ?? 0) : count));
  const isInside = pairs.every(
    ([start], i) => start >= 0 && length[i]! >= 0 && start + length[i]! <= (shape[i] ?? -1),
  );
  if (pairs.length !== shape.length || !isInside) throw misfit(spec, shape, what);
  return { start: pairs.map(([start]) => start), length };
}

function misfit(spec: string, shape: readonly number[], what: string): TfdeployError {
  return new TfdeployError(
    'TFD_MODEL_CORRUPT',
    `${what}: the slice "${spec}" does not fit the shape [${shape.join(', ')}]`,
  );
}

/** A row-major array of bytes that holds the elements of a box. */
export interface Grid {
  readonly bytes: Uint8Array;
  readonly box: Box;
}

/** Copies what two grids have in common from one to the other. */
export function copyOverlap(from: Grid, to: Grid, elementBytes: number): void {
  const common = intersect(from.box, to.box);
  if (common === undefined) return;
  const rank = common.length.length;
  const runElements = rank === 0 ? 1 : common.length[rank - 1]!;
  const position = [...common.start];
  const runBytes = runElements * elementBytes;
  for (;;) {
    const source = elementIndex(position, from.box) * elementBytes;
    to.bytes.set(
      from.bytes.subarray(source, source + runBytes),
      elementIndex(position, to.box) * elementBytes,
    );
    let dim = rank - 2;
    while (dim >= 0 && ++position[dim]! >= common.start[dim]! + common.length[dim]!) {
      position[dim] = common.start[dim]!;
      dim--;
    }
    if (dim < 0) return;
  }
}

function elementIndex(position: readonly number[], box: Box): number {
  return position.reduce((index, at, i) => index * box.length[i]! + at - box.start[i]!, 0);
}
