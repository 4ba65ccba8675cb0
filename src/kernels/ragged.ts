import { elementCount, numericTensor, type Tensor } from '../base/tensor.js';
import { integersOf, laneOf, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { blankTensor, copyElements } from './layout.js';
import { broadcastTo, withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Row `i` of a level is the items `splits[i]`…`splits[i + 1]` of the level below. */
type Splits = readonly number[];

function checkSplits(context: KernelContext, splits: Splits): Splits {
  const isBad = splits.length === 0 || splits[0] !== 0 || splits.some((at, i) => at < (splits[i - 1] ?? 0));
  if (isBad) throw context.fail(`row splits [${splits.slice(0, 8).join(', ')}] do not start at 0 or go down`);
  return splits;
}

/** Row ids as splits; the number of rows comes from the level above. */
function splitsOfRowIds(context: KernelContext, ids: readonly number[], rows: number): Splits {
  const splits = new Array<number>(rows + 1).fill(0);
  ids.forEach((id, i) => {
    if (id < (ids[i - 1] ?? 0) || id >= rows)
      throw context.fail(`row id ${id} goes down or is not below ${rows}`);
    splits[id + 1]!++;
  });
  for (let row = 0; row < rows; row++) splits[row + 1]! += splits[row]!;
  return splits;
}

/** The levels of a ragged tensor from the inputs `first`…, outermost first. */
function readLevels(context: KernelContext, first: number): Splits[] {
  const types = context.attrs.strings('row_partition_types');
  const levels: Splits[] = [];
  let rows: number | undefined;
  types.forEach((type, i) => {
    const values = integersOf(context, first + i);
    if (type === 'FIRST_DIM_SIZE' && i === 0) rows = values[0];
    else if (type === 'ROW_SPLITS') levels.push(checkSplits(context, values));
    else if (type === 'VALUE_ROWIDS' && rows !== undefined)
      levels.push(splitsOfRowIds(context, values, rows));
    else throw context.fail(`row partition "${type}" is not read at position ${i}`);
    const last = levels[levels.length - 1];
    if (last !== undefined) rows = last[last.length - 1];
  });
  return levels;
}

/** Rows of unequal length side by side, cut or filled up to the longest, or to the sizes that are asked for. */
function raggedToTensor(context: KernelContext): HostValue[] {
  const values = context.tensor(1);
  const levels = readLevels(context, 3);
  const inner = values.shape.slice(1);
  const wanted = context.numeric(0).shape.length === 0 ? [] : integersOf(context, 0);
  const natural = [
    levels[0]!.length - 1,
    ...levels.map((splits) =>
      splits.reduce((longest, end, i) => Math.max(longest, i === 0 ? 0 : end - splits[i - 1]!), 0),
    ),
    ...inner,
  ];
  if (wanted.length > 0 && wanted.length !== natural.length) {
    throw context.fail(`a shape of ${wanted.length} dimensions is asked of a tensor of ${natural.length}`);
  }
  const shape = natural.map((size, i) => ((wanted[i] ?? -1) < 0 ? size : wanted[i]!));
  if (shape.slice(levels.length + 1).join() !== inner.join())
    throw context.fail('inner sizes do not fit the shape');
  const run = elementCount(inner);
  const out = blankTensor(values.dtype, shape);
  const fallback = broadcastTo(context, context.tensor(2), inner);
  for (let i = 0; i < elementCount(shape.slice(0, levels.length + 1)); i++)
    copyElements(fallback, 0, out, i * run, run);
  // Where the items of each level go; −1 is cut off.
  let places: number[] = Array.from({ length: natural[0]! }, (_, i) => (i < shape[0]! ? i : -1));
  levels.forEach((splits, level) => {
    const size = shape[level + 1]!;
    places = places.flatMap((place, row) =>
      Array.from({ length: splits[row + 1]! - splits[row]! }, (_, k) =>
        place < 0 || k >= size ? -1 : place * size + k,
      ),
    );
  });
  if (places.length !== values.shape[0])
    throw context.fail(`row partitions are for ${places.length} values, not ${values.shape[0]}`);
  places.forEach((place, i) => {
    if (place >= 0) copyElements(values, i * run, out, place * run, run);
  });
  return [out];
}

/** Index tuples, values and shape, as a sparse tensor has them. */
function raggedToSparse(context: KernelContext): HostValue[] {
  const levels = Array.from({ length: context.inputs.length - 1 }, (_, i) =>
    checkSplits(context, integersOf(context, i)),
  );
  const values = context.tensor(-1);
  const inner = values.shape.slice(1);
  let tuples: number[][] = Array.from({ length: levels[0]!.length - 1 }, (_, i) => [i]);
  for (const splits of levels) {
    tuples = tuples.flatMap((tuple, row) =>
      Array.from({ length: splits[row + 1]! - splits[row]! }, (_, k) => [...tuple, k]),
    );
  }
  for (const size of inner)
    tuples = tuples.flatMap((tuple) => Array.from({ length: size }, (_, k) => [...tuple, k]));
  const longest = levels.map((splits) =>
    splits.reduce((max, end, i) => Math.max(max, i === 0 ? 0 : end - splits[i - 1]!), 0),
  );
  const shape = [levels[0]!.length - 1, ...longest, ...inner];
  return [
    numericTensor('int64', [tuples.length, shape.length], tuples.flat()),
    withShape(values, [tuples.length]),
    numericTensor('int64', [shape.length], shape),
  ];
}

/** One range per row, all behind one another. Scalars serve every row. */
function raggedRange(context: KernelContext): HostValue[] {
  const inputs = [0, 1, 2].map((i) => context.numeric(i));
  const { dtype } = inputs[0]!;
  if (laneOf(dtype) === 'complex') throw refuseDType(context, dtype);
  const isBig = laneOf(dtype) === 'big';
  const lists = inputs.map((tensor) =>
    isBig ? Array.from(tensor.data as BigInt64Array, Number) : Array.from(realsOf(tensor)),
  );
  const rows = Math.max(...lists.map((list, i) => (inputs[i]!.shape.length === 0 ? 1 : list.length)));
  const hasVector = inputs.some((tensor) => tensor.shape.length > 0);
  const count = hasVector
    ? Math.min(...lists.flatMap((list, i) => (inputs[i]!.shape.length === 0 ? [] : [list.length])))
    : 1;
  if (hasVector && count !== rows && !(rows === 1 && count === 0))
    throw context.fail('its inputs differ in length');
  const at = (i: number, row: number) => lists[i]![inputs[i]!.shape.length === 0 ? 0 : row]!;
  const items: number[] = [];
  const splits = [0];
  for (let row = 0; row < count; row++) {
    const [start, limit, delta] = [at(0, row), at(1, row), at(2, row)];
    if (delta === 0) throw context.fail('a step is 0');
    const size = Math.max(0, Math.ceil((limit - start) / delta));
    for (let k = 0; k < size; k++) items.push(start + k * delta);
    splits.push(items.length);
  }
  const splitType = context.attrs.dtype('Tsplits', 'int64') === 'int32' ? 'int32' : 'int64';
  const nested = numericTensor(splitType, [splits.length], splits);
  if (isBig) return [nested, numericTensor(dtype, [items.length], items)];
  const out = workArray(dtype, items.length);
  out.set(items);
  return [nested, seal(dtype, [items.length], out)];
}

/** Rows of a ragged tensor by index; deeper levels go along. */
function raggedGather(context: KernelContext): HostValue[] {
  const rank = context.attrs.int('PARAMS_RAGGED_RANK');
  const levels = Array.from({ length: rank }, (_, i) => checkSplits(context, integersOf(context, i)));
  const values = context.tensor(rank);
  const indices = integersOf(context, rank + 1);
  const indexShape = context.numeric(rank + 1).shape;
  const splitType = context.numeric(0).dtype;
  const nested: Tensor[] = [];
  // Leading axes of the indices are uniform rows of their own.
  for (let axis = 1; axis < indexShape.length; axis++) {
    const rows = elementCount(indexShape.slice(0, axis));
    nested.push(
      numericTensor(
        splitType,
        [rows + 1],
        Array.from({ length: rows + 1 }, (_, i) => i * indexShape[axis]!),
      ),
    );
  }
  let picked = indices;
  for (const splits of levels) {
    const ends = [0];
    picked = picked.flatMap((row) => {
      if (row < 0 || row >= splits.length - 1)
        throw context.fail(`index ${row} is not in [0, ${splits.length - 1})`);
      const [from, to] = [splits[row]!, splits[row + 1]!];
      ends.push(ends[ends.length - 1]! + to - from);
      return Array.from({ length: to - from }, (_, k) => from + k);
    });
    nested.push(numericTensor(splitType, [ends.length], ends));
  }
  const run = elementCount(values.shape.slice(1));
  const out = blankTensor(values.dtype, [picked.length, ...values.shape.slice(1)]);
  picked.forEach((row, i) => {
    copyElements(values, row * run, out, i * run, run);
  });
  return [...nested, out];
}

export const raggedKernels: KernelFamily = {
  RaggedTensorToTensor: raggedToTensor,
  RaggedTensorToSparse: raggedToSparse,
  RaggedRange: raggedRange,
  RaggedGather: raggedGather,
};
