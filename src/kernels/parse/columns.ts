import { allocate, type DType } from '../../base/dtype.js';
import { elementCount, type Tensor } from '../../base/tensor.js';
import type { HostValue } from '../types.js';
import type { Feature } from './example.js';

export type FeatureDType = 'string' | 'float32' | 'int64';
export type Element = Uint8Array | number | bigint;
type Fail = (message: string) => Error;

const TF_NAMES = { string: 'string', float32: 'float', int64: 'int64' } as const;

export function requireFeatureDType(dtype: DType, fail: Fail): FeatureDType {
  if (dtype === 'string' || dtype === 'float32' || dtype === 'int64') return dtype;
  throw fail(`a feature can not be of type ${dtype}`);
}

export function toTensor(dtype: FeatureDType, shape: readonly number[], values: readonly Element[]): Tensor {
  if (dtype === 'string') return { dtype, shape, data: values as readonly Uint8Array[] };
  const data = allocate(dtype, values.length) as unknown as Element[];
  for (let index = 0; index < values.length; index++) data[index] = values[index] as Element;
  return { dtype, shape, data: data as never };
}

export function int64Tensor(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** The values of a feature, undefined when it is absent or has no kind; another kind is refused. */
export function valuesOf(
  feature: Feature | undefined,
  dtype: FeatureDType,
  key: string,
  fail: Fail,
): readonly Element[] | undefined {
  if (feature === undefined || feature.kind === 'none') return undefined;
  if (feature.kind !== dtype)
    throw fail(`Key: ${key}.  Data types don't match. Expected type: ${TF_NAMES[dtype]}`);
  return feature.values;
}

/** What every column is made from: one feature (or none) per example. */
export interface Column {
  readonly key: string;
  readonly dtype: FeatureDType;
  readonly features: readonly (Feature | undefined)[];
  readonly fail: Fail;
}

/** (indices, values, dense_shape) of a VarLen feature. */
export function sparseColumn({ key, dtype, features, fail }: Column): HostValue[] {
  const rows = features.map((feature) => valuesOf(feature, dtype, key, fail) ?? []);
  const indices = rows.flatMap((row, example) => row.flatMap((_, position) => [example, position]));
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const values = rows.flat();
  return [
    int64Tensor([values.length, 2], indices),
    toTensor(dtype, [values.length], values),
    int64Tensor([2], [rows.length, widest]),
  ];
}

/** (values, row_splits) of a ragged feature. */
export function raggedColumn({ key, dtype, features, fail }: Column, splitsDType: DType): HostValue[] {
  const rows = features.map((feature) => valuesOf(feature, dtype, key, fail) ?? []);
  const splits = [0];
  for (const row of rows) splits.push((splits.at(-1) ?? 0) + row.length);
  const values = rows.flat();
  const splitsTensor: Tensor =
    splitsDType === 'int32'
      ? { dtype: 'int32', shape: [splits.length], data: Int32Array.from(splits) }
      : int64Tensor([splits.length], splits);
  return [toTensor(dtype, [values.length], values), splitsTensor];
}

/** A FixedLen feature: every example has exactly the shape, or the default stands in. */
export function fixedColumn(
  column: Column,
  shape: readonly number[],
  fallback: Tensor,
  batch: readonly number[],
): Tensor {
  const { key, dtype, features, fail } = column;
  const size = elementCount(shape);
  const defaults = fallback.data as ArrayLike<Element>;
  const values: Element[] = [];
  for (const feature of features) {
    const own = valuesOf(feature, dtype, key, fail);
    if (own !== undefined && own.length !== size) {
      throw fail(
        `Key: ${key}.  Number of ${TF_NAMES[dtype]} values != expected.  values size: ${own.length} but output shape: [${shape}]`,
      );
    }
    if (own === undefined && defaults.length !== size) {
      throw fail(`Feature: ${key} (data type: ${TF_NAMES[dtype]}) is required but could not be found.`);
    }
    for (let index = 0; index < size; index++) values.push((own ?? defaults)[index] as Element);
  }
  return toTensor(dtype, [...batch, ...shape], values);
}

const ZERO: Readonly<Record<FeatureDType, Element>> = { string: new Uint8Array(), float32: 0, int64: 0n };

/** A FixedLenSequence feature: the unknown first dimension is padded to the longest example. */
export function paddedColumn(column: Column, inner: readonly number[], fallback: Tensor): Tensor {
  const { key, dtype, features, fail } = column;
  const stride = elementCount(inner);
  const rows = features.map((feature) => valuesOf(feature, dtype, key, fail) ?? []);
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const pad = (fallback.data as ArrayLike<Element>)[0] ?? ZERO[dtype];
  for (const row of rows) {
    if (stride === 0 || row.length % stride !== 0) {
      throw fail(
        `Key: ${key}.  Number of ${TF_NAMES[dtype]} values is not a multiple of stride length. Saw ${row.length} values but stride is ${stride}`,
      );
    }
  }
  const values = rows.flatMap((row) => [...row, ...new Array<Element>(longest - row.length).fill(pad)]);
  return toTensor(dtype, [rows.length, longest / stride, ...inner], values);
}
