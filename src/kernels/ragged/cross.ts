import { numericTensor, type Tensor } from '../../base/tensor.js';
import { fingerprintCat64 } from '../hash/fingerprint-cat.js';
import { fingerprint64 } from '../hash/fingerprint64.js';
import { sipHash } from '../hash/sip-hash.js';
import { integersOf, refuseDType } from '../lanes.js';
import { concatBytes, encodeUtf8 } from '../text/bytes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { int64Matrix, int64Vector, readSplits, splitsTensor } from './row-splits.js';

type Cell = Uint8Array | bigint;

/** The features of one column, by row. */
interface Column {
  readonly rows: number;
  readonly row: (index: number) => readonly Cell[];
}

/** Strings as bytes, integers of any width as int64. */
function cellsOf(context: KernelContext, tensor: Tensor): readonly Cell[] {
  if (tensor.dtype === 'string') return tensor.data;
  if (tensor.dtype !== 'int64' && tensor.dtype !== 'int32') throw refuseDType(context, tensor.dtype);
  return Array.from(tensor.data as ArrayLike<number | bigint>, BigInt);
}

function sparseColumn(context: KernelContext, indices: number, values: number, shape: number): Column {
  const cells = cellsOf(context, context.tensor(values));
  const width = context.tensor(indices).shape[1] ?? 2;
  const flat = integersOf(context, indices);
  const size = integersOf(context, shape)[0] ?? 0;
  const rows = Array.from({ length: size }, () => [] as Cell[]);
  cells.forEach((cell, i) => {
    const row = rows[flat[i * width]!];
    if (row === undefined) throw context.fail('an index is outside the dense shape');
    row.push(cell);
  });
  return { rows: size, row: (index) => rows[index]! };
}

function denseColumn(context: KernelContext, input: number): Column {
  const tensor = context.tensor(input);
  const cells = cellsOf(context, tensor);
  const [rows = 0, width = 0] = tensor.shape;
  if (tensor.shape.length !== 2) throw context.fail(`dense inputs are matrices, not [${tensor.shape}]`);
  return { rows, row: (index) => cells.slice(index * width, (index + 1) * width) };
}

function raggedColumn(context: KernelContext, values: number, splits: number): Column {
  const cells = cellsOf(context, context.tensor(values));
  const ends = readSplits(context, splits, cells.length);
  return { rows: ends.length - 1, row: (index) => cells.slice(ends[index], ends[index + 1]) };
}

/** All combinations of one feature per column; the last column turns fastest. */
function combine(features: readonly (readonly Cell[])[], visit: (chosen: readonly Cell[]) => void): void {
  const chosen: Cell[] = [];
  const step = (column: number): void => {
    if (column === features.length) {
      visit(chosen);
      return;
    }
    for (const cell of features[column]!) {
      chosen[column] = cell;
      step(column + 1);
    }
  };
  step(0);
}

type Join = (chosen: readonly Cell[]) => Cell;

function joinText(separator: Uint8Array): Join {
  return (chosen) =>
    concatBytes(
      chosen.flatMap((cell, i) => {
        const bytes = typeof cell === 'bigint' ? encodeUtf8(String(cell)) : cell;
        return i === 0 ? [bytes] : [separator, bytes];
      }),
    );
}

const INT64_MAX = 2n ** 63n - 1n;

/** The combined fingerprint as a bucket; without buckets, a number below the largest int64. */
function joinHashes(hash: (cell: Cell) => bigint, start: bigint | undefined, buckets: bigint): Join {
  return (chosen) => {
    const hashes = chosen.map(hash);
    const first = start ?? hashes.shift() ?? 0n;
    return hashes.reduce(fingerprintCat64, first) % (buckets > 0n ? buckets : INT64_MAX);
  };
}

const asUnsigned = (value: bigint) => BigInt.asUintN(64, value);
const plainHash = (cell: Cell) => (typeof cell === 'bigint' ? asUnsigned(cell) : fingerprint64(cell));

function joinByAttributes(context: KernelContext): Join {
  if (!context.attrs.bool('hashed_output')) return joinText(encodeUtf8('_X_'));
  const key = asUnsigned(context.attrs.bigint('hash_key'));
  return joinHashes(plainHash, key, context.attrs.bigint('num_buckets'));
}

/** Every cross of every row. */
function crossRows(context: KernelContext, columns: readonly Column[], join: Join): Cell[][] {
  const rows = columns[0]?.rows ?? 0;
  if (columns.some((column) => column.rows !== rows)) throw context.fail('inputs have different batch sizes');
  return Array.from({ length: rows }, (_, row) => {
    const crosses: Cell[] = [];
    combine(
      columns.map((column) => column.row(row)),
      (chosen) => crosses.push(join(chosen)),
    );
    return crosses;
  });
}

function valuesTensor(cells: readonly Cell[], isText: boolean): Tensor {
  if (isText) return { dtype: 'string', shape: [cells.length], data: cells as Uint8Array[] };
  return numericTensor('int64', [cells.length], cells as bigint[]);
}

/** `extra` inputs follow the columns. */
function crossSparse(context: KernelContext, extra: number, isText: boolean, join: Join): HostValue[] {
  const n = context.attrs.int('N');
  const dense = context.inputs.length - 3 * n - extra;
  const columns = [
    ...Array.from({ length: n }, (_, i) => sparseColumn(context, i, n + i, 2 * n + i)),
    ...Array.from({ length: dense }, (_, i) => denseColumn(context, 3 * n + i)),
  ];
  const rows = crossRows(context, columns, join);
  const indices = rows.flatMap((row, r) => row.map((_, i) => [r, i]));
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return [int64Matrix(indices, 2), valuesTensor(rows.flat(), isText), int64Vector([rows.length, width])];
}

const sparseCross = (context: KernelContext) =>
  crossSparse(context, 0, !context.attrs.bool('hashed_output'), joinByAttributes(context));

const sparseCrossV2 = (context: KernelContext) =>
  crossSparse(context, 1, true, joinText(context.strings(context.inputs.length - 1).data[0]!));

function sparseCrossHashed(context: KernelContext): HostValue[] {
  const first = context.inputs.length - 3;
  const buckets = BigInt(integersOf(context, first)[0]!);
  for (let input = 3 * context.attrs.int('N'); input < first; input++) {
    if (context.tensor(input).dtype !== 'string') throw refuseDType(context, context.tensor(input).dtype);
  }
  const isStrong = context.numeric(first + 1).data[0] === 1;
  const salt = Array.from(context.numeric(first + 2).data as BigInt64Array, asUnsigned);
  // TensorFlow hashes only the first four bytes of an integer here.
  const bytesOf = (cell: Cell) =>
    typeof cell === 'bigint' ? new Uint8Array(Uint32Array.of(Number(cell & 0xffffffffn)).buffer) : cell;
  const hash = isStrong
    ? (cell: Cell) => sipHash(bytesOf(cell), salt[0]!, salt[1]!)
    : (cell: Cell) => fingerprint64(bytesOf(cell));
  return crossSparse(context, 3, false, joinHashes(hash, undefined, buckets));
}

/** Crosses of ragged, sparse and dense columns, in the order that `input_order` tells, as ragged rows. */
function raggedCross(context: KernelContext): HostValue[] {
  const sparse = context.attrs.int('Nsparse');
  const ragged = context.attrs.dtypes('ragged_values_types').length;
  const next = { R: 0, S: 0, D: 0 };
  const columns = Array.from(context.attrs.string('input_order'), (kind) => {
    if (kind === 'R') return raggedColumn(context, next.R, ragged + next.R++);
    if (kind === 'S') {
      const at = 2 * ragged + next.S++;
      return sparseColumn(context, at, at + sparse, at + 2 * sparse);
    }
    if (kind === 'D') return denseColumn(context, 2 * ragged + 3 * sparse + next.D++);
    throw context.fail(`input_order holds "${kind}"`);
  });
  const isText = !context.attrs.bool('hashed_output');
  const rows = crossRows(context, columns, joinByAttributes(context));
  const splits = [0];
  for (const row of rows) splits.push(splits[splits.length - 1]! + row.length);
  return [
    valuesTensor(rows.flat(), isText),
    splitsTensor(context.attrs.dtype('out_row_splits_type'), splits),
  ];
}

export const crossKernels: KernelFamily = {
  SparseCross: sparseCross,
  SparseCrossV2: sparseCrossV2,
  SparseCrossHashed: sparseCrossHashed,
  RaggedCross: raggedCross,
};
