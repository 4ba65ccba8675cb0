import type { DType } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import type { StringTensor, Tensor } from '../../base/tensor.js';
import { decodeLatin1, encodeUtf8 } from '../text/bytes.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import {
  type Column,
  fixedColumn,
  paddedColumn,
  raggedColumn,
  requireFeatureDType,
  sparseColumn,
} from './columns.js';
import { type Features, readExample } from './example.js';

interface DenseSpec {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly fallback: Tensor;
}

interface RaggedSpec {
  readonly key: string;
  readonly dtype: DType;
  readonly splitsDType: DType;
}

interface ParseSpec {
  readonly sparse: readonly { readonly key: string; readonly dtype: DType }[];
  readonly dense: readonly DenseSpec[];
  readonly ragged: readonly RaggedSpec[];
}

function columnOf(context: KernelContext, examples: readonly Features[], key: string, dtype: DType): Column {
  const fail = (message: string) => context.fail(message);
  return {
    key,
    dtype: requireFeatureDType(dtype, fail),
    features: examples.map((features) => features.get(key)),
    fail,
  };
}

function parseDense(
  context: KernelContext,
  examples: readonly Features[],
  spec: DenseSpec,
  batch: readonly number[],
): Tensor {
  const column = columnOf(context, examples, spec.key, spec.dtype);
  const { shape } = spec;
  if (shape === null) throw context.fail(`Key: ${spec.key}. its shape has no rank`);
  const [first, ...inner] = shape;
  if (inner.some((dim) => typeof dim !== 'number')) {
    throw context.fail(`Key: ${spec.key}. only the first dimension of its shape may be unknown`);
  }
  if (typeof first === 'string') {
    if (batch.length === 0) throw context.fail(`Key: ${spec.key}. a single example can not be padded`);
    return paddedColumn(column, inner as number[], spec.fallback);
  }
  return fixedColumn(column, shape as readonly number[], spec.fallback, batch);
}

/** Outputs grouped as the ops want them: all indices, all values, all shapes, dense, ragged values, splits. */
function parse(context: KernelContext, serialized: StringTensor, spec: ParseSpec): HostValue[] {
  if (serialized.shape.length > 1)
    throw context.fail(`serialized must be a scalar or a vector, not of shape [${serialized.shape}]`);
  const isSingle = serialized.shape.length === 0;
  const examples = serialized.data.map((bytes, index) =>
    readExample(bytes, `node "${context.nodeName}" (${context.op}): Could not parse example input ${index}`),
  );
  const sparse = spec.sparse.map(({ key, dtype }) => sparseColumn(columnOf(context, examples, key, dtype)));
  const ragged = spec.ragged.map(({ key, dtype, splitsDType }) =>
    raggedColumn(columnOf(context, examples, key, dtype), splitsDType),
  );
  const dense = spec.dense.map((row) =>
    parseDense(context, examples, row, isSingle ? [] : [examples.length]),
  );
  const single = isSingle ? sparse.map(dropBatchDimension) : sparse;
  const column = (index: number, of: readonly (readonly HostValue[])[]) =>
    of.flatMap((parts) => (parts[index] === undefined ? [] : [parts[index]]));
  return [
    ...column(0, single),
    ...column(1, single),
    ...column(2, single),
    ...dense,
    ...column(0, ragged),
    ...(isSingle ? column(1, ragged).map(toEmptySplits) : column(1, ragged)),
  ];
}

/** A single example has no batch dimension: indices lose their first column, the shape its first entry. */
function dropBatchDimension(parts: readonly HostValue[]): HostValue[] {
  const [indices, values, shape] = parts as [Tensor, Tensor, Tensor];
  const rows = indices.shape[0] ?? 0;
  const all = indices.data as BigInt64Array;
  return [
    {
      dtype: 'int64',
      shape: [rows, 1],
      data: BigInt64Array.from({ length: rows }, (_, row) => all[2 * row + 1] ?? 0n),
    },
    values,
    { dtype: 'int64', shape: [1], data: (shape.data as BigInt64Array).slice(1) },
  ];
}

/** A single example has one row of each ragged feature, and no row splits. */
function toEmptySplits(splits: HostValue): HostValue {
  return splits.dtype === 'int32'
    ? { dtype: 'int32', shape: [0], data: new Int32Array() }
    : { dtype: 'int64', shape: [0], data: new BigInt64Array() };
}

const scalarKey = (context: KernelContext, index: number) =>
  decodeLatin1(context.strings(index).data[0] ?? new Uint8Array());
const vectorKeys = (context: KernelContext, index: number) => context.strings(index).data.map(decodeLatin1);

function denseSpecs(context: KernelContext, keys: readonly string[], firstDefault: number): DenseSpec[] {
  const dtypes = context.attrs.dtypes('Tdense');
  const shapes = context.attrs.shapes('dense_shapes');
  return keys.map((key, index) => ({
    key,
    dtype: dtypes[index] ?? 'float32',
    shape: shapes[index] ?? null,
    fallback: context.tensor(firstDefault + index),
  }));
}

const parseExample: Kernel = (context) => {
  const sparseCount = context.attrs.int('Nsparse');
  const denseCount = context.attrs.int('Ndense');
  const sparseTypes = context.attrs.dtypes('sparse_types');
  const sparse = sparseTypes.map((dtype, index) => ({ key: scalarKey(context, 2 + index), dtype }));
  const denseKeys = Array.from({ length: denseCount }, (_, index) =>
    scalarKey(context, 2 + sparseCount + index),
  );
  const dense = denseSpecs(context, denseKeys, 2 + sparseCount + denseCount);
  return parse(context, context.strings(0), { sparse, dense, ragged: [] });
};

const parseExampleV2: Kernel = (context) => {
  const sparseKeys = vectorKeys(context, 2);
  const raggedKeys = vectorKeys(context, 4);
  const sparseTypes = context.attrs.dtypes('sparse_types');
  const raggedTypes = context.attrs.dtypes('ragged_value_types');
  const splitTypes = context.attrs.dtypes('ragged_split_types');
  if (sparseKeys.length !== context.attrs.int('num_sparse'))
    throw context.fail('num_sparse does not fit the keys');
  return parse(context, context.strings(0), {
    sparse: sparseKeys.map((key, index) => ({ key, dtype: sparseTypes[index] ?? 'string' })),
    dense: denseSpecs(context, vectorKeys(context, 3), 5),
    ragged: raggedKeys.map((key, index) => ({
      key,
      dtype: raggedTypes[index] ?? 'string',
      splitsDType: splitTypes[index] ?? 'int64',
    })),
  });
};

const parseSingleExample: Kernel = (context) => {
  const latin1 = (text: string) => decodeLatin1(encodeUtf8(text));
  const sparseTypes = context.attrs.dtypes('sparse_types');
  const sparseKeys = context.attrs.strings('sparse_keys').map(latin1);
  if (sparseKeys.length !== context.attrs.int('num_sparse'))
    throw context.fail('num_sparse does not fit the keys');
  return parse(context, context.strings(0), {
    sparse: sparseKeys.map((key, index) => ({ key, dtype: sparseTypes[index] ?? 'string' })),
    dense: denseSpecs(context, context.attrs.strings('dense_keys').map(latin1), 1),
    ragged: [],
  });
};

/** Serialized tf.Examples to tensors. */
export const parseFamily: KernelFamily = {
  ParseExample: parseExample,
  ParseExampleV2: parseExampleV2,
  ParseSingleExample: parseSingleExample,
};
