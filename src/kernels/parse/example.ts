import { WIRE, WireReader } from '../../savedmodel/wire/reader.js';
import { decodeLatin1 } from '../text/bytes.js';

/** One feature of a tf.Example: a list of one of three kinds, or of none. */
export type Feature =
  | { readonly kind: 'string'; readonly values: Uint8Array[] }
  | { readonly kind: 'float32'; readonly values: number[] }
  | { readonly kind: 'int64'; readonly values: bigint[] }
  | { readonly kind: 'none' };

/** Features by name (latin1, so that every byte string is a distinct key). A name given twice: the last one counts. */
export type Features = ReadonlyMap<string, Feature>;

export interface SequenceExample {
  readonly context: Features;
  readonly lists: ReadonlyMap<string, readonly Feature[]>;
}

type OnField = (field: number, wireType: number) => void;

function eachField(reader: WireReader, length: number, depth: number, onField: OnField): void {
  reader.enter(depth);
  const outerEnd = reader.end;
  const end = reader.pos + length;
  reader.end = end;
  while (reader.pos < end) {
    const tag = reader.varint32();
    const at = reader.pos;
    onField(tag >>> 3, tag & 7);
    if (reader.pos === at) reader.skip(tag & 7, tag >>> 3, depth);
  }
  reader.end = outerEnd;
}

function readNumbers(reader: WireReader, depth: number, single: number, readOne: () => void): void {
  eachField(reader, reader.length(), depth, (field, wireType) => {
    if (field !== 1) return;
    if (wireType === single) readOne();
    else if (wireType === WIRE.bytes) {
      const end = reader.length() + reader.pos;
      while (reader.pos < end) readOne();
      if (reader.pos !== end) throw reader.fault('a packed list that ends in the middle of a number');
    }
  });
}

function readFeature(reader: WireReader, depth: number): Feature {
  let feature: Feature = { kind: 'none' };
  eachField(reader, reader.length(), depth, (field, wireType) => {
    if (wireType !== WIRE.bytes) return;
    if (field === 1) {
      const values: Uint8Array[] = feature.kind === 'string' ? feature.values : [];
      eachField(reader, reader.length(), depth + 1, (inner, innerType) => {
        if (inner === 1 && innerType === WIRE.bytes) values.push(reader.lengthDelimited());
      });
      feature = { kind: 'string', values };
    } else if (field === 2) {
      const values: number[] = feature.kind === 'float32' ? feature.values : [];
      readNumbers(reader, depth + 1, WIRE.fixed32, () => values.push(reader.float()));
      feature = { kind: 'float32', values };
    } else if (field === 3) {
      const values: bigint[] = feature.kind === 'int64' ? feature.values : [];
      readNumbers(reader, depth + 1, WIRE.varint, () => values.push(reader.int64()));
      feature = { kind: 'int64', values };
    }
  });
  return feature;
}

/** The entries of a protobuf map<string, T>, in any field order. */
function readMap<T>(
  reader: WireReader,
  depth: number,
  into: Map<string, T>,
  absent: T,
  readValue: () => T,
): void {
  eachField(reader, reader.length(), depth, (field, wireType) => {
    if (field !== 1 || wireType !== WIRE.bytes) return;
    let key = '';
    let value = absent;
    eachField(reader, reader.length(), depth + 1, (inner, innerType) => {
      if (innerType !== WIRE.bytes) return;
      if (inner === 1) key = decodeLatin1(reader.lengthDelimited());
      else if (inner === 2) value = readValue();
    });
    into.set(key, value);
  });
}

function createReader(bytes: Uint8Array, what: string): WireReader {
  return new WireReader(bytes, {
    what,
    code: 'TFD_KERNEL_INPUT',
    limitCode: 'TFD_KERNEL_INPUT',
    maxDepth: 16,
  });
}

/** The features of one serialized tf.Example. Bytes that are none throw TFD_KERNEL_INPUT. */
export function readExample(bytes: Uint8Array, what: string): Features {
  const reader = createReader(bytes, what);
  const features = new Map<string, Feature>();
  eachField(reader, bytes.length, 1, (field, wireType) => {
    if (field !== 1 || wireType !== WIRE.bytes) return;
    readMap<Feature>(reader, 2, features, { kind: 'none' }, () => readFeature(reader, 4));
  });
  return features;
}

/** Context and feature lists of one serialized tf.SequenceExample. */
export function readSequenceExample(bytes: Uint8Array, what: string): SequenceExample {
  const reader = createReader(bytes, what);
  const context = new Map<string, Feature>();
  const lists = new Map<string, readonly Feature[]>();
  eachField(reader, bytes.length, 1, (field, wireType) => {
    if (wireType !== WIRE.bytes) return;
    if (field === 1) readMap<Feature>(reader, 2, context, { kind: 'none' }, () => readFeature(reader, 4));
    else if (field === 2) {
      readMap<readonly Feature[]>(reader, 2, lists, [], () => {
        const list: Feature[] = [];
        eachField(reader, reader.length(), 4, (inner, innerType) => {
          if (inner === 1 && innerType === WIRE.bytes) list.push(readFeature(reader, 5));
        });
        return list;
      });
    }
  });
  return { context, lists };
}
