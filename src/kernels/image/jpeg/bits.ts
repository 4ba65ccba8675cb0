import { imageFault } from '../limits.js';

const LOOK_BITS = 9;

/** Codes up to 9 bits are found at once: `size << 8 | value`; longer ones by their length. */
export interface Huffman {
  readonly quick: Uint16Array;
  /** Largest code of each length, −1 when there is none. */
  readonly maxCode: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

export function buildHuffman(counts: Uint8Array, values: Uint8Array): Huffman {
  const quick = new Uint16Array(1 << LOOK_BITS);
  const maxCode = new Int32Array(18).fill(-1);
  const offset = new Int32Array(18);
  let [code, at] = [0, 0];
  for (let size = 1; size <= 16; size++) {
    offset[size] = at - code;
    for (let i = 0; i < counts[size - 1]!; i++, code++, at++) {
      if (code >= 1 << size) throw imageFault('JPEG: a bad Huffman table');
      if (size > LOOK_BITS) continue;
      const first = code << (LOOK_BITS - size);
      quick.fill((size << 8) | values[at]!, first, first + (1 << (LOOK_BITS - size)));
    }
    if (counts[size - 1]! > 0) maxCode[size] = code - 1;
    code <<= 1;
  }
  return { quick, maxCode, offset, values: values.slice() };
}

/** Bits of entropy-coded data; stops at a marker, and refuses to read far beyond it. */
export class BitReader {
  #bits = 0;
  #count = 0;
  #missing = 0;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.bytes[this.at];
      if (byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0)) {
        // A few bits past the end are looked at, but not used, by a valid stream.
        if (++this.#missing > 4) throw imageFault('JPEG: the data ends too early');
        this.#bits = (this.#bits << 8) & 0xffffff;
        this.#count += 8;
        continue;
      }
      this.at += byte === 0xff ? 2 : 1;
      this.#bits = ((this.#bits << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
  }

  #peek(count: number): number {
    return (this.#bits >> (this.#count - count)) & ((1 << count) - 1);
  }

  /** Up to 16 bits as a number. */
  read(count: number): number {
    if (count === 0) return 0;
    if (this.#count < count) this.#fill();
    const value = this.#peek(count);
    this.#count -= count;
    return value;
  }

  /** A number of `size` bits whose first bit tells the sign. */
  readSigned(size: number): number {
    const value = this.read(size);
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  decode(table: Huffman): number {
    if (this.#count < 16) this.#fill();
    const known = table.quick[this.#peek(LOOK_BITS)]!;
    if (known !== 0) {
      this.#count -= known >> 8;
      return known & 255;
    }
    for (let size = LOOK_BITS + 1; size <= 16; size++) {
      const code = this.#peek(size);
      if (code > table.maxCode[size]!) continue;
      this.#count -= size;
      return table.values[code + table.offset[size]!]!;
    }
    throw imageFault('JPEG: a bad Huffman code');
  }

  /** Leaves the bits that are left, and the restart marker that must follow. */
  restart(index: number): void {
    this.#bits = this.#count = this.#missing = 0;
    while (this.bytes[this.at] === 0xff && this.bytes[this.at + 1] === 0xff) this.at++;
    if (this.bytes[this.at] !== 0xff || this.bytes[this.at + 1] !== 0xd0 + (index & 7)) {
      throw imageFault('JPEG: a restart marker is missing');
    }
    this.at += 2;
  }
}
