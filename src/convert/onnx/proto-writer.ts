const encoder = new TextEncoder();

/** Builds one protobuf message; nested messages are written by callbacks. */
export class ProtoWriter {
  #parts: Uint8Array[] = [];
  #buffer = new Uint8Array(256);
  #used = 0;
  #flushed = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#flushed + this.#used;
  }

  int(field: number, value: number | bigint): this {
    this.#varint(BigInt((field << 3) | 0));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(BigInt((field << 3) | 5));
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#raw(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.byteLength));
    this.#raw(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  packedInts(field: number, values: readonly (number | bigint)[]): this {
    return this.#nested(field, (inner) => {
      for (const value of values) inner.#varint(BigInt.asUintN(64, BigInt(value)));
    });
  }

  packedFloats(field: number, values: readonly number[]): this {
    const bytes = new Uint8Array(values.length * 4);
    const view = new DataView(bytes.buffer);
    values.forEach((value, index) => {
      view.setFloat32(index * 4, value, true);
    });
    return this.bytes(field, bytes);
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    return this.#nested(field, write);
  }

  finish(): Uint8Array {
    this.#flush();
    const all = new Uint8Array(this.#flushed);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.byteLength;
    }
    return all;
  }

  #nested(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    inner.#flush();
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(inner.#flushed));
    for (const part of inner.#parts) this.#raw(part);
    return this;
  }

  #varint(value: bigint): void {
    let rest = value;
    this.#reserve(10);
    if (rest < 0x80n) {
      this.#buffer[this.#used++] = Number(rest);
      return;
    }
    while (rest >= 0x80n) {
      this.#buffer[this.#used++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#used++] = Number(rest);
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.byteLength <= this.#buffer.byteLength - this.#used) {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.byteLength;
      return;
    }
    this.#flush();
    this.#parts.push(bytes);
    this.#flushed += bytes.byteLength;
  }

  #reserve(bytes: number): void {
    if (this.#buffer.byteLength - this.#used < bytes) this.#flush();
  }

  #flush(): void {
    if (this.#used > 0) {
      this.#parts.push(this.#buffer.subarray(0, this.#used));
      this.#flushed += this.#used;
    }
    this.#buffer = new Uint8Array(Math.min(65536, Math.max(256, this.#flushed)));
    this.#used = 0;
  }
}
