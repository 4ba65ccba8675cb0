import type { DType } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import { elementCount, type Tensor } from '../../base/tensor.js';
import { decodeLatin1, encodeUtf8 } from '../text/bytes.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import {
  type Element,
  type FeatureDType,
  fixedColumn,
  int64Tensor,
  raggedColumn,
  requireFeatureDType,
  sparseColumn,
  toTensor,
  valuesOf,
} from './columns.js';
import { readSequenceExample, type SequenceExample } from './example.js';

interface KeyRow {
  readonly key: string;
  readonly dtype: DType;
}
interface DenseRow extends KeyRow {
  readonly shape: Shape;
}
interface Wanted {
  readonly contextSparse: readonly KeyRow[];
  readonly contextDense: readonly (DenseRow & { readonly fallback: Tensor })[];
  readonly contextRagged: readonly (KeyRow & { readonly splits: DType })[];
  readonly listSparse: readonly KeyRow[];
  readonly listDense: readonly (DenseRow & { readonly mayBeMissing: boolean })[];
  readonly listRagged: readonly (KeyRow & { readonly splits: DType })[];
}

const EMPTY: Readonly<Record<FeatureDType, Element>> = { string: new Uint8Array(), float32: 0, int64: 0n };

function sizesOf(context: KernelContext, { key, shape }: DenseRow): number[] {
  if (shape === null || shape.some((dim) => typeof dim !== 'number')) {
    throw context.fail(`Key: ${key}. a dense feature needs a known shape`);
  }
  return [...shape] as number[];
}

/** For each example, the values of each step of one feature list. */
function stepsOf(context: KernelContext, examples: readonly SequenceExample[], { key, dtype }: KeyRow) {
  const fail = (message: string) => context.fail(message);
  const type = requireFeatureDType(dtype, fail);
  const rows = examples.map(({ lists }) =>
    lists.get(key)?.map((feature) => valuesOf(feature, type, key, fail) ?? []),
  );
  return { type, rows };
}

const longest = (rows: readonly { readonly length: number }[]) =>
  rows.reduce((most, { length }) => Math.max(most, length), 0);

function listSparse(context: KernelContext, examples: readonly SequenceExample[], row: KeyRow): HostValue[] {
  const { type, rows } = stepsOf(context, examples, row);
  const indices: number[] = [];
  const values: Element[] = [];
  const [steps, widths] = [longest(rows.map((each) => each ?? [])), rows.map((each) => longest(each ?? []))];
  rows.forEach((each, batch) => {
    each?.forEach((items, time) => {
      items.forEach((item, i) => {
        indices.push(batch, time, i);
        values.push(item);
      });
    });
  });
  return [
    int64Tensor([values.length, 3], indices),
    toTensor(type, [values.length], values),
    int64Tensor([3], [rows.length, steps, Math.max(0, ...widths)]),
  ];
}

function listDense(
  context: KernelContext,
  examples: readonly SequenceExample[],
  row: DenseRow & { readonly mayBeMissing: boolean },
): HostValue[] {
  const { type, rows } = stepsOf(context, examples, row);
  const shape = sizesOf(context, row);
  const size = elementCount(shape);
  const steps = longest(rows.map((each) => each ?? []));
  const values = rows.flatMap((each, i) => {
    if (each === undefined && !row.mayBeMissing) {
      throw context.fail(
        `Name: <unknown>, Feature list: ${row.key} is required but could not be found (example ${i})`,
      );
    }
    for (const items of each ?? []) {
      if (items.length !== size)
        throw context.fail(`Key: ${row.key}. a step has ${items.length} values, not ${size}`);
    }
    const flat = (each ?? []).flat();
    return [...flat, ...new Array<Element>(steps * size - flat.length).fill(EMPTY[type])];
  });
  return [
    toTensor(type, [rows.length, steps, ...shape], values),
    int64Tensor(
      [rows.length],
      rows.map((each) => each?.length ?? 0),
    ),
  ];
}

function splitsOf(dtype: DType, lengths: readonly number[]): Tensor {
  const splits = [0];
  for (const length of lengths) splits.push(splits[splits.length - 1]! + length);
  if (dtype === 'int32') return { dtype: 'int32', shape: [splits.length], data: Int32Array.from(splits) };
  return int64Tensor([splits.length], splits);
}

function listRagged(
  context: KernelContext,
  examples: readonly SequenceExample[],
  row: KeyRow & { readonly splits: DType },
): HostValue[] {
  const { type, rows } = stepsOf(context, examples, row);
  const steps = rows.flatMap((each) => each ?? []);
  const values = steps.flat();
  return [
    toTensor(type, [values.length], values),
    splitsOf(
      row.splits,
      rows.map((each) => each?.length ?? 0),
    ),
    splitsOf(
      row.splits,
      steps.map(({ length }) => length),
    ),
  ];
}

function parse(context: KernelContext, wanted: Wanted): HostValue[] {
  const serialized = context.strings(0);
  if (serialized.shape.length !== 1) throw context.fail('serialized must be a vector of sequence examples');
  const examples = serialized.data.map((bytes, i) =>
    readSequenceExample(
      bytes,
      `node "${context.nodeName}" (${context.op}): Could not parse example input ${i}`,
    ),
  );
  const fail = (message: string) => context.fail(message);
  const columnOf = ({ key, dtype }: KeyRow) => ({
    key,
    dtype: requireFeatureDType(dtype, fail),
    features: examples.map((example) => example.context.get(key)),
    fail,
  });
  const transposed = (groups: readonly (readonly HostValue[])[], parts: number): HostValue[] =>
    Array.from({ length: parts }, (_, part) => groups.map((group) => group[part]!)).flat();
  return [
    ...transposed(
      wanted.contextSparse.map((row) => sparseColumn(columnOf(row))),
      3,
    ),
    ...wanted.contextDense.map((row) =>
      fixedColumn(columnOf(row), sizesOf(context, row), row.fallback, [examples.length]),
    ),
    ...transposed(
      wanted.contextRagged.map((row) => raggedColumn(columnOf(row), row.splits)),
      2,
    ),
    ...transposed(
      wanted.listSparse.map((row) => listSparse(context, examples, row)),
      3,
    ),
    ...transposed(
      wanted.listDense.map((row) => listDense(context, examples, row)),
      2,
    ),
    ...transposed(
      wanted.listRagged.map((row) => listRagged(context, examples, row)),
      3,
    ),
  ];
}

function pairUp(keys: readonly string[], types: readonly DType[]): KeyRow[] {
  return keys.map((key, i) => ({ key, dtype: types[i] ?? 'string' }));
}

const parseSequenceExampleV2: Kernel = (context) => {
  const { attrs } = context;
  const keys = (input: number) => context.strings(input).data.map(decodeLatin1);
  const missing = context.numeric(8).data;
  const [contextShapes, listShapes] = [
    attrs.shapes('context_dense_shapes', []),
    attrs.shapes('feature_list_dense_shapes', []),
  ];
  const withSplits = (rows: KeyRow[], splits: readonly DType[]) =>
    rows.map((row, i) => ({ ...row, splits: splits[i] ?? 'int64' }));
  return parse(context, {
    contextSparse: pairUp(keys(2), attrs.dtypes('context_sparse_types')),
    contextDense: pairUp(keys(3), attrs.dtypes('Tcontext_dense')).map((row, i) => ({
      ...row,
      shape: contextShapes[i] ?? null,
      fallback: context.tensor(9 + i),
    })),
    contextRagged: withSplits(
      pairUp(keys(4), attrs.dtypes('context_ragged_value_types')),
      attrs.dtypes('context_ragged_split_types'),
    ),
    listSparse: pairUp(keys(5), attrs.dtypes('feature_list_sparse_types')),
    listDense: pairUp(keys(6), attrs.dtypes('feature_list_dense_types')).map((row, i) => ({
      ...row,
      shape: listShapes[i] ?? null,
      mayBeMissing: missing[i] === 1,
    })),
    listRagged: withSplits(
      pairUp(keys(7), attrs.dtypes('feature_list_ragged_value_types')),
      attrs.dtypes('feature_list_ragged_split_types'),
    ),
  });
};

const parseSequenceExample: Kernel = (context) => {
  const { attrs } = context;
  const keys = (name: string) => attrs.strings(name).map((key) => decodeLatin1(encodeUtf8(key)));
  const missing = new Set(keys('feature_list_dense_missing_assumed_empty'));
  const [contextShapes, listShapes] = [
    attrs.shapes('context_dense_shapes', []),
    attrs.shapes('feature_list_dense_shapes', []),
  ];
  return parse(context, {
    contextSparse: pairUp(keys('context_sparse_keys'), attrs.dtypes('context_sparse_types')),
    contextDense: pairUp(keys('context_dense_keys'), attrs.dtypes('Tcontext_dense')).map((row, i) => ({
      ...row,
      shape: contextShapes[i] ?? null,
      fallback: context.tensor(2 + i),
    })),
    contextRagged: [],
    listSparse: pairUp(keys('feature_list_sparse_keys'), attrs.dtypes('feature_list_sparse_types')),
    listDense: pairUp(keys('feature_list_dense_keys'), attrs.dtypes('feature_list_dense_types')).map(
      (row, i) => ({ ...row, shape: listShapes[i] ?? null, mayBeMissing: missing.has(row.key) }),
    ),
    listRagged: [],
  });
};

/** Serialized tf.SequenceExamples to tensors. */
export const sequenceFamily: KernelFamily = {
  ParseSequenceExample: parseSequenceExample,
  ParseSequenceExampleV2: parseSequenceExampleV2,
};
