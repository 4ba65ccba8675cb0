import { WIRE } from './reader.js';

const encoder = new TextEncoder();

/** Strings up to this length are written byte by byte where they are ASCII. */
const SHORT_STRING = 32;
/** A writer that has grown beyond this gives its memory away with its bytes. */
const KEPT_BYTES = 64 * 1024;

/** A growing buffer of protobuf wire bytes. */
export class WireWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** The bytes written so far (a view: finish writing first). */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The bytes written so far; the writer begins anew. */
  take(): Uint8Array {
    const bytes = this.finish();
    this.#length = 0;
    if (this.#bytes.length <= KEPT_BYTES) return bytes.slice();
    this.#bytes = new Uint8Array(256);
    this.#view = new DataView(this.#bytes.buffer);
    return bytes;
  }

  /** Field numbers have 29 bits at most. */
  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** Begins a length-delimited field; what is written until `close` with the place it gives is its content. */
  open(number: number): number {
    this.tag(number, WIRE.bytes);
    this.#reserve(1);
    return ++this.#length;
  }

  close(start: number): void {
    const size = this.#length - start;
    if (size >= 0x80) {
      // One byte was left for the length; the content makes room for the rest of it.
      const lengthBytes = varintBytes(size);
      this.#reserve(lengthBytes - 1);
      this.#bytes.copyWithin(start + lengthBytes - 1, start, this.#length);
    }
    let at = start - 1;
    let left = size;
    for (; left >= 0x80; left = Math.floor(left / 128)) this.#bytes[at++] = (left % 128) | 0x80;
    this.#bytes[at++] = left;
    this.#length = at + size;
  }

  /** Any integer in [−2^63, 2^64); negative ones take 10 bytes, as protobuf wants. */
  varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= 0x7fffffff) {
      this.#reserve(5);
      let left = value;
      for (; left >= 0x80; left >>= 7) this.#bytes[this.#length++] = (left & 0x7f) | 0x80;
      this.#bytes[this.#length++] = left;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value >>> 0, true);
    this.#length += 4;
  }

  fixed64(value: number | bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, BigInt(value)), true);
    this.#length += 8;
  }

  float(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Length and bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  string(value: string): void {
    if (value.length > SHORT_STRING || !this.#shortAscii(value)) this.bytes(encoder.encode(value));
  }

  /** Length and characters; false, with nothing written, where one is not ASCII. */
  #shortAscii(value: string): boolean {
    this.#reserve(1 + value.length);
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[start + index] = code;
    }
    bytes[this.#length] = value.length;
    this.#length = start + value.length;
    return true;
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** A whole length-delimited field. */
  bytesField(number: number, value: Uint8Array): void {
    this.tag(number, WIRE.bytes);
    this.bytes(value);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
