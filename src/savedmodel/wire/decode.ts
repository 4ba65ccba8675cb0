import { LIST_TYPES } from './compile.js';
import { WIRE, type WireOptions, WireReader } from './reader.js';
import type { CompiledMessage, Decoded, Field, MessageTables, ScalarName, Schema } from './schema.js';

type Target = Record<string, unknown>;
type Value = number | bigint | boolean | string | Uint8Array;

interface ScalarCodec {
  readonly wire: number;
  readonly read: (reader: WireReader) => Value;
}

const varint = (read: ScalarCodec['read']): ScalarCodec => ({ wire: WIRE.varint, read });

const SCALARS: Readonly<Record<ScalarName, ScalarCodec>> = {
  int32: varint((r) => r.varint32() | 0),
  uint32: varint((r) => r.varint32()),
  int53: varint((r) => r.int53()),
  int64: varint((r) => r.int64()),
  uint64: varint((r) => r.uint64()),
  sint32: varint((r) => {
    const value = r.varint32();
    return (value >>> 1) ^ -(value & 1);
  }),
  sint64: varint((r) => {
    const value = r.uint64();
    return (value >> 1n) ^ -(value & 1n);
  }),
  bool: varint((r) => r.bool()),
  fixed32: { wire: WIRE.fixed32, read: (r) => r.fixed32() },
  sfixed32: { wire: WIRE.fixed32, read: (r) => r.fixed32() | 0 },
  float: { wire: WIRE.fixed32, read: (r) => r.float() },
  fixed64: { wire: WIRE.fixed64, read: (r) => r.fixed64() },
  sfixed64: { wire: WIRE.fixed64, read: (r) => BigInt.asIntN(64, r.fixed64()) },
  double: { wire: WIRE.fixed64, read: (r) => r.double() },
  string: { wire: WIRE.bytes, read: (r) => r.string() },
  bytes: { wire: WIRE.bytes, read: (r) => r.lengthDelimited() },
};

const FIXED_BYTES: Readonly<Record<number, number>> = { [WIRE.fixed32]: 4, [WIRE.fixed64]: 8 };

/**
 * Decodes protobuf bytes by a message's table. `bytes` fields are views of the input. Unknown fields are
 * skipped; a known field with a foreign wire type, a length past its parent's end or a string that is not
 * UTF-8 is an error of `options.code`; depth and number of messages are limited.
 */
export function decodeMessage<T extends MessageTables, N extends keyof T & string>(
  schema: Schema<T>,
  name: N,
  bytes: Uint8Array,
  options: WireOptions = {},
): Decoded<T, N> {
  const reader = new WireReader(bytes, options);
  return decodeBody(schema, schema.message(name), reader, 1, undefined) as Decoded<T, N>;
}

function decodeBody(
  schema: Schema,
  message: CompiledMessage,
  reader: WireReader,
  depth: number,
  onto: Target | undefined,
): Target {
  reader.enter(depth);
  const target: Target = onto ?? new message.Target();
  let pending: Map<Field, Value[]> | undefined;
  while (reader.pos < reader.end) {
    const tag = reader.varint32();
    const number = tag >>> 3;
    const wire = tag & 7;
    if (number === 0) throw reader.fault('field number 0');
    const field = message.byNumber[number];
    if (field === undefined) {
      reader.skip(wire, number, depth);
      continue;
    }
    for (const rival of field.rivals) target[rival] = message.template[rival];
    if (field.kind === 'scalar' && field.isRepeated && LIST_TYPES.has(field.scalar)) {
      pending = readNumbers(field, wire, reader, target, pending);
    } else if (field.kind === 'scalar') {
      const { wire: expected, read } = SCALARS[field.scalar];
      expectWire(reader, message, field, wire, expected);
      if (field.isRepeated) append(target, field, message, reader, wire, read);
      else target[field.name] = read(reader);
    } else {
      expectWire(reader, message, field, wire, WIRE.bytes);
      readNested(schema, message, field, reader, depth, target);
    }
  }
  if (pending !== undefined)
    for (const [field, values] of pending) target[field.name] = toList(field, values);
  return target;
}

function expectWire(
  reader: WireReader,
  message: CompiledMessage,
  field: Field,
  wire: number,
  expected: number,
): void {
  if (wire === expected || (wire === WIRE.bytes && field.isRepeated && field.scalar === 'int53')) return;
  throw reader.fault(`${message.name}.${field.name} has wire type ${wire} instead of ${expected}`);
}

/** Runs `read` with the reader confined to the next length-delimited value. */
function within<R>(reader: WireReader, read: () => R): R {
  const length = reader.length();
  const outer = reader.end;
  reader.end = reader.pos + length;
  const result = read();
  reader.pos = reader.end;
  reader.end = outer;
  return result;
}

function readNested(
  schema: Schema,
  message: CompiledMessage,
  field: Field,
  reader: WireReader,
  depth: number,
  target: Target,
): void {
  const { name } = field;
  if (field.kind === 'map') {
    const entry = within(reader, () => decodeBody(schema, field.entry!, reader, depth + 1, undefined));
    let map = target[name] as Map<unknown, unknown>;
    if (map === message.template[name]) {
      map = new Map();
      target[name] = map;
    }
    map.set(entry.key, entry.value ?? emptyEntryValue(schema, field));
    return;
  }
  if (field.isLazy) {
    const bytes = reader.lengthDelimited();
    if (field.isRepeated) push(target, field, message, bytes);
    else target[name] = joinBytes(target[name] as Uint8Array | undefined, bytes);
    return;
  }
  // Protobuf merges a message field that occurs twice.
  const onto = field.isRepeated ? undefined : (target[name] as Target | undefined);
  const inner = schema.message(field.message);
  const value = within(reader, () => decodeBody(schema, inner, reader, depth + 1, onto));
  if (field.isRepeated) push(target, field, message, value);
  else target[name] = value;
}

/** A map entry without a value holds the value type's empty message. */
function emptyEntryValue(schema: Schema, field: Field): unknown {
  const value = field.entry!.byName.get('value')!;
  if (value.isLazy) return new Uint8Array(0);
  return new (schema.message(value.message).Target)();
}

/** Bytes of two occurrences of a message, one after the other, are the merged message. */
function joinBytes(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second;
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function push(target: Target, field: Field, message: CompiledMessage, value: unknown): void {
  const list = target[field.name] as unknown[];
  if (list === message.template[field.name]) target[field.name] = [value];
  else list.push(value);
}

function append(
  target: Target,
  field: Field,
  message: CompiledMessage,
  reader: WireReader,
  wire: number,
  read: ScalarCodec['read'],
): void {
  if (wire !== WIRE.bytes || field.scalar === 'string' || field.scalar === 'bytes') {
    reader.enter(0);
    push(target, field, message, read(reader));
    return;
  }
  within(reader, () => {
    while (reader.pos < reader.end) push(target, field, message, read(reader));
  });
}

function toList(field: Field, values: readonly Value[]): unknown {
  const List = LIST_TYPES.get(field.scalar)!;
  return new List((field.scalar === 'bool' ? values.map(Number) : values) as unknown as ArrayLike<never>);
}

/** Packed or unpacked numbers; a lone packed run, which is what writers make, is decoded without a detour. */
function readNumbers(
  field: Field,
  wire: number,
  reader: WireReader,
  target: Target,
  pending: Map<Field, Value[]> | undefined,
): Map<Field, Value[]> | undefined {
  const { wire: elementWire, read } = SCALARS[field.scalar];
  const soFar = target[field.name] as ArrayLike<Value>;
  if (wire === WIRE.bytes && soFar.length === 0 && pending?.has(field) !== true) {
    target[field.name] = within(reader, () => readPacked(field, reader, elementWire, read));
    return pending;
  }
  const lists = pending ?? new Map<Field, Value[]>();
  let values = lists.get(field);
  if (values === undefined) {
    values = Array.from(soFar);
    lists.set(field, values);
  }
  if (wire === elementWire) values.push(read(reader));
  else if (wire === WIRE.bytes) {
    const list = values;
    within(reader, () => {
      while (reader.pos < reader.end) list.push(read(reader));
    });
  } else throw reader.fault(`${field.name} has wire type ${wire} instead of ${elementWire}`);
  return lists;
}

function readPacked(
  field: Field,
  reader: WireReader,
  elementWire: number,
  read: ScalarCodec['read'],
): unknown {
  const length = reader.end - reader.pos;
  const size = FIXED_BYTES[elementWire];
  if (size !== undefined && length % size !== 0) throw reader.fault(`${field.name}: a torn packed field`);
  const count = size === undefined ? reader.countVarints(length) : length / size;
  const List = LIST_TYPES.get(field.scalar)! as unknown as new (count: number) => Record<number, unknown>;
  const list = new List(count);
  if (field.scalar === 'bool') for (let i = 0; i < count; i++) list[i] = read(reader) ? 1 : 0;
  else for (let i = 0; i < count; i++) list[i] = read(reader);
  if (reader.pos !== reader.end) throw reader.fault(`${field.name}: a torn packed field`);
  return list;
}
