import { WIRE } from './reader.js';
import type { CompiledMessage, Encodable, Field, MessageTables, ScalarName, Schema } from './schema.js';
import { WireWriter } from './writer.js';

interface ScalarCodec {
  readonly wire: number;
  readonly write: (writer: WireWriter, value: never) => void;
}

const varint: ScalarCodec = { wire: WIRE.varint, write: (w, value: number | bigint) => w.varint(value) };
const fixed32: ScalarCodec = { wire: WIRE.fixed32, write: (w, value: number) => w.fixed32(value) };
const fixed64: ScalarCodec = { wire: WIRE.fixed64, write: (w, value: number | bigint) => w.fixed64(value) };
const zigzag: ScalarCodec = {
  wire: WIRE.varint,
  write: (w, value: number | bigint) => w.varint((BigInt(value) << 1n) ^ (BigInt(value) >> 63n)),
};

const SCALARS: Readonly<Record<ScalarName, ScalarCodec>> = {
  int32: varint,
  int53: varint,
  int64: varint,
  uint32: varint,
  uint64: varint,
  sint32: zigzag,
  sint64: zigzag,
  bool: { wire: WIRE.varint, write: (w, value: boolean | number) => w.varint(Number(value)) },
  fixed32,
  sfixed32: fixed32,
  fixed64,
  sfixed64: fixed64,
  float: { wire: WIRE.fixed32, write: (w, value: number) => w.float(value) },
  double: { wire: WIRE.fixed64, write: (w, value: number) => w.double(value) },
  string: { wire: WIRE.bytes, write: (w, value: string) => w.string(value) },
  bytes: { wire: WIRE.bytes, write: (w, value: Uint8Array) => w.bytes(value) },
};

/** Encodes a message by its table: fields in the order of their numbers, repeated numbers packed. */
export function encodeMessage<T extends MessageTables, N extends keyof T & string>(
  schema: Schema<T>,
  name: N,
  message: Encodable<T, N>,
): Uint8Array {
  const writer = spare ?? new WireWriter();
  spare = undefined;
  encodeBody(schema, schema.message(name), message as Record<string, unknown>, writer);
  const bytes = writer.take();
  spare = writer;
  return bytes;
}

/** Used from message to message; absent while it is in use, and after an error. */
let spare: WireWriter | undefined;

function encodeBody(
  schema: Schema,
  message: CompiledMessage,
  source: Record<string, unknown>,
  writer: WireWriter,
): void {
  for (const field of message.byNumber) {
    const value = field === undefined ? undefined : source[field.name];
    if (field === undefined || value === undefined) continue;
    if (field.kind === 'map') {
      for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
        const start = writer.open(field.number);
        encodeBody(schema, field.entry!, { key, value: item }, writer);
        writer.close(start);
      }
    } else if (field.isRepeated) encodeList(schema, field, value as Iterable<unknown>, writer);
    else if (field.hasPresence || !isDefault(value)) encodeOne(schema, field, value, writer);
  }
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === 0 ? !Object.is(value, -0) : value === 0n || value === false || value === '';
}

function encodeOne(schema: Schema, field: Field, value: unknown, writer: WireWriter): void {
  if (field.kind === 'message') {
    if (field.isLazy) {
      writer.bytesField(field.number, value as Uint8Array);
      return;
    }
    const start = writer.open(field.number);
    encodeBody(schema, schema.message(field.message), value as Record<string, unknown>, writer);
    writer.close(start);
    return;
  }
  const { wire, write } = SCALARS[field.scalar];
  writer.tag(field.number, wire);
  write(writer, value as never);
}

function encodeList(schema: Schema, field: Field, values: Iterable<unknown>, writer: WireWriter): void {
  const { wire, write } = SCALARS[field.scalar];
  if (field.kind === 'message' || wire === WIRE.bytes) {
    for (const value of values) encodeOne(schema, field, value, writer);
    return;
  }
  let start = 0;
  for (const value of values) {
    if (start === 0) start = writer.open(field.number);
    write(writer, value as never);
  }
  if (start > 0) writer.close(start);
}
