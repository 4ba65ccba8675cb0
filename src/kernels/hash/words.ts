/** Arithmetic on unsigned 64-bit words as BigInt; every result is taken modulo 2^64. */
export const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

export const multiply = (a: bigint, b: bigint): bigint => BigInt.asUintN(64, a * b);

export const rotateRight = (value: bigint, bits: bigint): bigint =>
  bits === 0n ? value : (value >> bits) | wrap(value << (64n - bits));

export const rotateLeft = (value: bigint, bits: bigint): bigint =>
  wrap(value << bits) | (value >> (64n - bits));

/** Little-endian words read from bytes at any offset. */
export class WordReader {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  u32(offset: number): bigint {
    return BigInt(this.#view.getUint32(offset, true));
  }
}
