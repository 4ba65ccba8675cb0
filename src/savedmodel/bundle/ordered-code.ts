import { TfdeployError } from '../../base/error.js';

/** The key under which a checkpoint keeps one slice of a partitioned variable. */
export interface SliceKey {
  readonly name: Uint8Array;
  /** Per dimension start and length; a length of −1 is the whole dimension. */
  readonly ranges: readonly (readonly [start: number, length: number])[];
}

/** Keys of slices begin with an ordered 0; no tensor has a name like that. */
export function isSliceKey(key: Uint8Array): boolean {
  return key.length > 1 && key[0] === 0;
}

/** Decodes the ordered code of (0, name, rank, start and length per dimension). */
export function decodeSliceKey(key: Uint8Array, what: string): SliceKey {
  const cursor = new OrderedReader(key, what);
  if (cursor.unsigned() !== 0) throw cursor.corrupt();
  const name = cursor.string();
  const rank = cursor.unsigned();
  if (rank > 254) throw cursor.corrupt();
  const ranges: [number, number][] = [];
  for (let dim = 0; dim < rank; dim++) ranges.push([cursor.signed(), cursor.signed()]);
  if (!cursor.isDone) throw cursor.corrupt();
  return { name, ranges };
}

class OrderedReader {
  #pos = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {}

  get isDone(): boolean {
    return this.#pos === this.bytes.length;
  }

  corrupt(): TfdeployError {
    return new TfdeployError('TFD_MODEL_CORRUPT', `${this.what}: the key of a slice is torn`);
  }

  #byte(): number {
    const byte = this.bytes[this.#pos++];
    if (byte === undefined) throw this.corrupt();
    return byte;
  }

  /** A length byte, then that many bytes, most significant first. */
  unsigned(): number {
    const count = this.#byte();
    if (count > 8) throw this.corrupt();
    let value = 0n;
    for (let i = 0; i < count; i++) value = (value << 8n) | BigInt(this.#byte());
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.corrupt();
    return Number(value);
  }

  /** Bytes up to `00 01`, in which `00 ff` stands for 00 and `ff 00` for ff. */
  string(): Uint8Array {
    const name: number[] = [];
    for (;;) {
      const byte = this.#byte();
      if (byte !== 0 && byte !== 0xff) {
        name.push(byte);
        continue;
      }
      const next = this.#byte();
      if (byte === 0 && next === 1) return Uint8Array.from(name);
      if (next !== (byte === 0 ? 0xff : 0)) throw this.corrupt();
      name.push(byte);
    }
  }

  /**
   * The number of leading ones (of zeros for a negative number) is the length in bytes; the rest is the
   * number in two's complement, most significant byte first.
   */
  signed(): number {
    const first = this.#byte();
    const isNegative = first < 0x80;
    const ones = isNegative ? ~first & 0xff : first;
    let count = Math.clz32(~(ones << 24));
    let value = BigInt(first);
    if (count >= 8) {
      const second = this.#byte();
      const more = isNegative ? ~second & 0xff : second;
      count = 8 + Math.clz32(~(more << 24));
      if (count > 10) throw this.corrupt();
      value = (value << 8n) | BigInt(second);
    }
    for (let read = count >= 8 ? 2 : 1; read < count; read++) {
      value = (value << 8n) | BigInt(this.#byte());
    }
    const bits = BigInt(count * 8);
    const header = ((1n << BigInt(count)) - 1n) << (bits - BigInt(count));
    const result = isNegative ? BigInt.asIntN(64, value | (-1n << (bits - BigInt(count)))) : value ^ header;
    if (result > BigInt(Number.MAX_SAFE_INTEGER) || result < BigInt(Number.MIN_SAFE_INTEGER)) {
      throw this.corrupt();
    }
    return Number(result);
  }
}
