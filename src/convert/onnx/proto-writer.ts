import { WIRE } from '../../savedmodel/wire/reader.js';
import { WireWriter } from '../../savedmodel/wire/writer.js';

/** Writes the fields of one protobuf message; nested messages by callbacks. */
export class ProtoWriter {
  readonly #wire = new WireWriter();

  int(field: number, value: number | bigint): this {
    this.#wire.tag(field, WIRE.varint);
    this.#wire.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#wire.tag(field, WIRE.fixed32);
    this.#wire.float(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#wire.bytesField(field, value);
    return this;
  }

  string(field: number, value: string): this {
    this.#wire.tag(field, WIRE.bytes);
    this.#wire.string(value);
    return this;
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.#wire.finish();
  }
}
