import type { Code } from '../../base/codes.js';
import { TfdeployError } from '../../base/error.js';

/** How faults of a byte source are reported. */
export interface WireOptions {
  /** What is being read, in front of every message: a path, "request body", … */
  readonly what?: string;
  /** Code of a fault in the bytes. Default TFD_MODEL_CORRUPT. */
  readonly code?: Code;
  /** Code of a limit passed. Default TFD_MODEL_LIMIT. */
  readonly limitCode?: Code;
  /** Nesting allowed; protobuf's own default is 100. */
  readonly maxDepth?: number;
  /**
   * Messages and repeated strings allowed, so that a file of empty ones can not fill the memory. Default 20
   * million.
   */
  readonly maxMessages?: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const INTERN_SLOTS = 4096;
const INTERN_MAX_BYTES = 40;
const interned: string[] = new Array(INTERN_SLOTS).fill('');

/** Protobuf wire types. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** A bounds-checked cursor over protobuf wire bytes. Every read past `end` is a coded error. */
export class WireReader {
  pos = 0;
  end: number;
  readonly #view: DataView;
  readonly #what: string;
  readonly #code: Code;
  readonly #limitCode: Code;
  readonly maxDepth: number;
  #messagesLeft: number;

  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, options: WireOptions = {}) {
    // Views of a Node.js Buffer are Buffers, which are slower to make and alias on slice().
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = options.what ?? 'message';
    this.#code = options.code ?? 'TFD_MODEL_CORRUPT';
    this.#limitCode = options.limitCode ?? 'TFD_MODEL_LIMIT';
    this.maxDepth = options.maxDepth ?? 100;
    this.#messagesLeft = options.maxMessages ?? 20_000_000;
  }

  fault(message: string): TfdeployError {
    return new TfdeployError(this.#code, `${this.#what}: byte ${this.pos}: ${message}`, {
      details: { offset: this.pos },
    });
  }

  /** Counts one message at a nesting depth; throws when a limit is passed. */
  enter(depth: number): void {
    if (depth <= this.maxDepth && --this.#messagesLeft >= 0) return;
    const limit = depth > this.maxDepth ? `nested deeper than ${this.maxDepth}` : 'too many messages';
    throw new TfdeployError(this.#limitCode, `${this.#what}: byte ${this.pos}: ${limit}`, {
      details: { offset: this.pos },
    });
  }

  /** The low 32 bits of a varint, unsigned. */
  varint32(): number {
    const { bytes } = this;
    if (this.pos < this.end && bytes[this.pos]! < 0x80) return bytes[this.pos++]!;
    this.#varint();
    return this.#low >>> 0;
  }

  /** A varint as a number in the range of int64; a fault when it is not a safe integer. */
  int53(): number {
    if (this.pos < this.end && this.bytes[this.pos]! < 0x80) return this.bytes[this.pos++]!;
    this.#varint();
    const value = (this.#high | 0) * 4294967296 + (this.#low >>> 0);
    if (!Number.isSafeInteger(value)) throw this.fault('a 64-bit number that is out of range');
    return value;
  }

  uint64(): bigint {
    if (this.pos < this.end && this.bytes[this.pos]! < 0x80) return BigInt(this.bytes[this.pos++]!);
    this.#varint();
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  fixed32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** Length prefix of a string, bytes, message or packed field, checked against the bytes that are left. */
  length(): number {
    const length = this.int53();
    if (length < 0 || length > this.end - this.pos) {
      throw this.fault(`a length of ${length} where ${this.end - this.pos} bytes are left`);
    }
    return length;
  }

  /** A view, not a copy. */
  lengthDelimited(): Uint8Array {
    const length = this.length();
    this.pos += length;
    return this.bytes.subarray(this.pos - length, this.pos);
  }

  string(): string {
    const length = this.length();
    const start = this.pos;
    this.pos += length;
    if (length <= INTERN_MAX_BYTES) {
      const short = this.#shortAscii(start, length);
      if (short !== undefined) return short;
    }
    try {
      return utf8.decode(this.bytes.subarray(start, this.pos));
    } catch {
      this.pos = start;
      throw this.fault('a string that is not UTF-8');
    }
  }

  /** Number of varints in the next `length` bytes. */
  countVarints(length: number): number {
    let count = 0;
    for (let at = this.pos; at < this.pos + length; at++) if (this.bytes[at]! < 0x80) count++;
    return count;
  }

  /** Skips a value of the wire type; groups are skipped up to their end tag. */
  skip(wireType: number, fieldNumber: number, depth: number): void {
    if (wireType === WIRE.varint) this.#varint();
    else if (wireType === WIRE.fixed64) this.#take(8);
    else if (wireType === WIRE.bytes) this.lengthDelimited();
    else if (wireType === WIRE.fixed32) this.#take(4);
    else if (wireType === WIRE.startGroup) this.#skipGroup(fieldNumber, depth + 1);
    else throw this.fault(`wire type ${wireType} is not allowed here`);
  }

  #skipGroup(fieldNumber: number, depth: number): void {
    this.enter(depth);
    for (;;) {
      const tag = this.varint32();
      if ((tag & 7) === WIRE.endGroup) {
        if (tag >>> 3 !== fieldNumber) throw this.fault('a group that ends with another number');
        return;
      }
      this.skip(tag & 7, tag >>> 3, depth);
    }
  }

  #low = 0;
  #high = 0;

  #varint(): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.pos >= end) throw this.fault('ends in the middle of a number');
      const byte = bytes[this.pos++]!;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high |= (byte & 0x7f) >>> 4;
      } else if (shift < 63) high |= (byte & 0x7f) << (shift - 32);
      else high |= (byte & 0x01) << 31;
      if (byte < 0x80) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    throw this.fault('a number of more than 10 bytes');
  }

  #take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) throw this.fault('ends in the middle of a number');
    this.pos += count;
    return at;
  }

  /** Names of ops and attributes come by the thousand: equal ones are one string. */
  #shortAscii(start: number, length: number): string | undefined {
    const { bytes } = this;
    let hash = length;
    for (let at = start; at < start + length; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = (hash ^ (hash >>> 12)) & (INTERN_SLOTS - 1);
    const known = interned[slot]!;
    if (known.length === length) {
      let at = 0;
      while (at < length && known.charCodeAt(at) === bytes[start + at]) at++;
      if (at === length) return known;
    }
    const text = String.fromCharCode(...bytes.subarray(start, start + length));
    interned[slot] = text;
    return text;
  }
}
