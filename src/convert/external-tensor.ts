import { DTYPES, isNumericDType, viewAs } from '../base/dtype.js';
import { elementCount, type NumericTensor, type Tensor } from '../base/tensor.js';
import type { TensorValue } from '../savedmodel/types.js';
import { denseValue } from './derive.js';
import type { ExternalLocation } from './onnx/model.js';
import { type PlanReader, type TensorJson, tensorToJson } from './plan-json.js';

/** Smaller tensors stay in the stage's own file, where they can be looked at. */
const MIN_BYTES = 4096;
const LENGTH_BYTES = 4;

/** Puts bytes into a file of the plan. */
export type PlaceBytes = (value: TensorValue) => ExternalLocation;
/** Reads them back. */
export type ReadBytes = (location: ExternalLocation) => Uint8Array;

const PACKED = new WeakMap<TensorValue, TensorValue>();

/** Strings as bytes: the length of each in four bytes, little-endian, then all of them one after the other. */
function packStrings(data: readonly Uint8Array[]): NumericTensor {
  const total = data.reduce((sum, bytes) => sum + bytes.byteLength, data.length * LENGTH_BYTES);
  const packed = new Uint8Array(total);
  const view = new DataView(packed.buffer);
  let at = data.length * LENGTH_BYTES;
  data.forEach((bytes, index) => {
    view.setUint32(index * LENGTH_BYTES, bytes.byteLength, true);
    packed.set(bytes, at);
    at += bytes.byteLength;
  });
  return { dtype: 'uint8', shape: [total], data: packed };
}

function unpackStrings(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = count * LENGTH_BYTES;
  if (at > bytes.byteLength) return undefined;
  const data: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const length = view.getUint32(index * LENGTH_BYTES, true);
    if (at + length > bytes.byteLength) return undefined;
    data.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.byteLength ? data : undefined;
}

/** The value as bytes that a file can hold; undefined when it is small. */
function storable(value: TensorValue): TensorValue | undefined {
  if (value.dtype !== 'string') return value.byteLength < MIN_BYTES ? undefined : value;
  const known = PACKED.get(value);
  if (known !== undefined) return known;
  const packed = packStrings(value.read().data as readonly Uint8Array[]);
  if (packed.data.byteLength < MIN_BYTES) return undefined;
  const made = denseValue(packed);
  PACKED.set(value, made);
  return made;
}

/** A constant of a host stage in JSON: small ones whole, large ones as a place in another file. */
export function constantToJson(value: TensorValue, place: PlaceBytes | undefined): unknown {
  const stored = place === undefined ? undefined : storable(value);
  if (place === undefined || stored === undefined) return tensorToJson(value.read()) satisfies TensorJson;
  return { dtype: value.dtype, shape: value.shape, external: place(stored) };
}

/** The constant in JSON, its bytes left where they are. TFD_PLAN_CORRUPT for anything else. */
export function readConstant(
  reader: PlanReader,
  item: unknown,
  path: string,
  readBytes: ReadBytes | undefined,
): TensorValue {
  const json = reader.record(item, path);
  if (json.external === undefined) return denseValue(reader.tensor(item, path));
  if (readBytes === undefined) throw reader.fail(path, 'lies in another file');
  const dtype = reader.dtype(json.dtype, `${path}.dtype`);
  const shape = reader.list(json.shape, `${path}.shape`, reader.count);
  const place = reader.record(json.external, `${path}.external`);
  const location: ExternalLocation = {
    location: reader.fileName(place.location, `${path}.external.location`),
    offset: reader.count(place.offset, `${path}.external.offset`),
    length: reader.count(place.length, `${path}.external.length`),
  };
  const count = elementCount(shape);
  if (dtype !== 'string' && !isNumericDType(dtype)) throw reader.fail(path, `is of type ${dtype}`);
  if (dtype !== 'string' && location.length !== count * DTYPES[dtype].bytes)
    throw reader.fail(path, 'has the wrong number of bytes');
  const read = (): Tensor => {
    const bytes = readBytes(location);
    if (bytes.byteLength !== location.length) throw reader.fail(path, 'lies beyond the end of its file');
    if (dtype !== 'string') return { dtype, shape, data: viewAs(dtype, bytes) };
    const data = unpackStrings(bytes, count);
    if (data === undefined) throw reader.fail(path, 'holds other strings than it says');
    return { dtype, shape, data };
  };
  return { dtype, shape, byteLength: location.length, read };
}
