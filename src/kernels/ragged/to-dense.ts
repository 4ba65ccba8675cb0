import { elementCount } from '../../base/tensor.js';
import { integersOf } from '../lanes.js';
import { blankTensor, copyElements, stridesOf } from '../layout.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { int64Matrix, int64Vector, readSplits, rowIdsOf } from './row-splits.js';

const longest = (splits: readonly number[]): number =>
  splits.reduce((most, end, i) => (i === 0 ? 0 : Math.max(most, end - splits[i - 1]!)), 0);

function raggedTensorToSparse(context: KernelContext): HostValue[] {
  const rank = context.attrs.int('RAGGED_RANK');
  const values = context.tensor(rank);
  const levels = Array.from({ length: rank }, (_, i) =>
    readSplits(context, i, i === rank - 1 ? values.shape[0] : undefined),
  );
  const inner = values.shape.slice(1);
  let prefixes: number[][] = Array.from({ length: levels[0]!.length - 1 }, (_, row) => [row]);
  for (const splits of levels) {
    if (splits.length - 1 !== prefixes.length)
      throw context.fail('row splits of one level do not fit the next');
    prefixes = prefixes.flatMap((prefix, row) =>
      Array.from({ length: splits[row + 1]! - splits[row]! }, (_, i) => [...prefix, i]),
    );
  }
  const steps = stridesOf(inner);
  const count = elementCount(inner);
  const rows = prefixes.flatMap((prefix) =>
    Array.from({ length: count }, (_, at) => [
      ...prefix,
      ...inner.map((dim, axis) => Math.floor(at / steps[axis]!) % dim),
    ]),
  );
  const shape = [levels[0]!.length - 1, ...levels.map(longest), ...inner];
  return [int64Matrix(rows, shape.length), { ...values, shape: [rows.length] }, int64Vector(shape)];
}

/** Row of each child, for each kind of row partition that TensorFlow writes. */
function readPartition(context: KernelContext, kind: string, input: number, parents: number): number[] {
  if (kind === 'ROW_SPLITS') return rowIdsOf(readSplits(context, input));
  if (kind !== 'VALUE_ROWIDS') throw context.fail(`row partition type ${kind} is not known`);
  const ids = integersOf(context, input);
  ids.forEach((row, i) => {
    if (row < (ids[i - 1] ?? 0) || row >= parents) throw context.fail('row ids are not sorted or too large');
  });
  return ids;
}

/** Pads (or cuts) the rows of a ragged tensor to a dense one. */
function raggedTensorToTensor(context: KernelContext): HostValue[] {
  const types = context.attrs.strings('row_partition_types');
  const [values, fallback] = [context.tensor(1), context.tensor(2)];
  const wanted = context.numeric(0).shape.length === 0 ? [] : integersOf(context, 0);
  const isByIds = types[0] === 'FIRST_DIM_SIZE';
  const kinds = isByIds ? types.slice(1) : types;
  let rows = isByIds ? (integersOf(context, 3)[0] ?? 0) : context.numeric(3).shape[0]! - 1;
  const inner = values.shape.slice(1);
  const rank = 1 + kinds.length + inner.length;
  if (wanted.length > 0 && wanted.length !== rank) throw context.fail(`shape must have ${rank} sizes`);
  const pick = (axis: number, own: number) => {
    const given = wanted[axis] ?? -1;
    return given < 0 ? own : given;
  };
  const shape = [pick(0, rows)];
  let places = Array.from({ length: rows }, (_, i) => (i < shape[0]! ? i : -1));
  kinds.forEach((kind, level) => {
    const parents = readPartition(context, kind, 3 + level + (isByIds ? 1 : 0), rows);
    const offsets: number[] = [];
    parents.forEach((row, i) => {
      offsets.push(i > 0 && parents[i - 1] === row ? offsets[i - 1]! + 1 : 0);
    });
    const width = pick(
      level + 1,
      offsets.reduce((most, at) => Math.max(most, at + 1), 0),
    );
    shape.push(width);
    const before = places;
    places = parents.map((row, i) => {
      const place = before[row];
      if (place === undefined) throw context.fail('row partitions of one level do not fit the next');
      return place < 0 || offsets[i]! >= width ? -1 : place * width + offsets[i]!;
    });
    rows = parents.length;
  });
  inner.forEach((dim, axis) => {
    if (pick(1 + kinds.length + axis, dim) !== dim)
      throw context.fail(`shape does not fit values of [${values.shape}]`);
  });
  if (rows !== values.shape[0])
    throw context.fail(`row partitions tell of ${rows} values, there are ${values.shape[0]}`);
  return [fill()];

  function fill(): HostValue {
    const out = blankTensor(values.dtype, [...shape, ...inner]);
    const step = elementCount(inner);
    const fallbackCount = elementCount(fallback.shape);
    const isSuffix = fallback.shape.every(
      (dim, i) => dim === inner[inner.length - fallback.shape.length + i],
    );
    if (fallbackCount !== 1 && !isSuffix) throw context.fail('the default does not fit the values');
    for (let at = 0; at < elementCount(out.shape); at += fallbackCount)
      copyElements(fallback, 0, out, at, fallbackCount);
    places.forEach((place, i) => {
      if (place >= 0) copyElements(values, i * step, out, place * step, step);
    });
    return out;
  }
}

export const raggedDenseKernels: KernelFamily = {
  RaggedTensorToSparse: raggedTensorToSparse,
  RaggedTensorToTensor: raggedTensorToTensor,
};
