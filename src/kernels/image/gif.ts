import { checkImageSize, imageFault } from './limits.js';

export interface Animation {
  readonly width: number;
  readonly height: number;
  /** RGB pixels of each frame, one after the other. */
  readonly data: Uint8Array;
  readonly frames: number;
}

interface GifFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly isInterlaced: boolean;
  readonly colors: Uint8Array;
  readonly transparent: number;
  readonly codes: Uint8Array;
  readonly minBits: number;
}

class ByteReader {
  at = 6;
  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw imageFault('GIF: the data ends too early');
    return value;
  }

  word(): number {
    return this.byte() | (this.byte() << 8);
  }

  take(count: number): Uint8Array {
    const part = this.bytes.subarray(this.at, this.at + count);
    if (part.length !== count) throw imageFault('GIF: the data ends too early');
    this.at += count;
    return part;
  }

  /** Blocks up to the empty one. */
  blocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let size = this.byte(); size > 0; size = this.byte()) parts.push(this.take(size));
    return Buffer.concat(parts);
  }
}

const colorTable = (reader: ByteReader, flags: number): Uint8Array => reader.take(3 * 2 ** ((flags & 7) + 1));

function readFrame(reader: ByteReader, shared: Uint8Array | undefined, transparent: number): GifFrame {
  const [left, top, width, height] = [reader.word(), reader.word(), reader.word(), reader.word()];
  const flags = reader.byte();
  const colors = (flags & 0x80) !== 0 ? colorTable(reader, flags) : shared;
  if (colors === undefined) throw imageFault('GIF: a frame has no color table');
  const minBits = reader.byte();
  if (minBits < 1 || minBits > 11) throw imageFault('GIF: a bad code size');
  return {
    left,
    top,
    width,
    height,
    isInterlaced: (flags & 0x40) !== 0,
    colors,
    transparent,
    minBits,
    codes: reader.blocks(),
  };
}

/** Color indices of a frame, by LZW. */
function readIndices({ codes, minBits, width, height }: GifFrame): Uint8Array {
  const out = new Uint8Array(width * height);
  const [clear, end] = [1 << minBits, (1 << minBits) + 1];
  const prefix = new Int16Array(4096);
  const suffix = new Uint8Array(4096);
  const length = new Uint16Array(4096).fill(1);
  for (let i = 0; i < clear; i++) suffix[i] = i;
  let [bits, count, size, next, before, at] = [0, 0, minBits + 1, end + 1, -1, 0];
  for (let i = 0; at < out.length; ) {
    while (count < size) {
      if (i >= codes.length) throw imageFault('GIF: the data ends too early');
      bits |= codes[i++]! << count;
      count += 8;
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size;
    count -= size;
    if (code === end) break;
    if (code === clear) {
      [size, next, before] = [minBits + 1, end + 1, -1];
      continue;
    }
    if (code > next || (code === next && before < 0)) throw imageFault('GIF: a bad code');
    if (before >= 0 && next < 4096) {
      let first = code === next ? before : code;
      while (first >= clear) first = prefix[first]!;
      prefix[next] = before;
      suffix[next] = first;
      length[next] = before < clear ? 2 : length[before]! + 1;
      next++;
    }
    const total = code < clear ? 1 : length[code]!;
    for (let k = total - 1, each = code; k >= 0; k--) {
      if (at + k < out.length) out[at + k] = suffix[each]!;
      each = prefix[each]!;
    }
    at += total;
    before = code;
    if (next === 1 << size && size < 12) size++;
  }
  if (at < out.length) throw imageFault('GIF: a frame ends too early');
  return out;
}

/** Order of the rows of an interlaced frame. */
function rowOrder(height: number, isInterlaced: boolean): number[] {
  const rows = Array.from({ length: height }, (_, y) => y);
  if (!isInterlaced) return rows;
  const passes: readonly ((y: number) => boolean)[] = [
    (y) => y % 8 === 0,
    (y) => y % 8 === 4,
    (y) => y % 4 === 2,
    (y) => y % 2 === 1,
  ];
  return passes.flatMap((isIn) => rows.filter(isIn));
}

/** Frames as TensorFlow gives them: each is drawn over the one before it. */
export function decodeGif(bytes: Uint8Array, isFirstOnly: boolean): Animation {
  const reader = new ByteReader(bytes);
  const [width, height] = [reader.word(), reader.word()];
  const flags = reader.byte();
  reader.at += 2;
  checkImageSize('GIF', width, height, 3);
  const shared = (flags & 0x80) !== 0 ? colorTable(reader, flags) : undefined;
  const frames: Uint8Array[] = [];
  let transparent = -1;
  for (;;) {
    const kind = reader.byte();
    if (kind === 0x3b || (isFirstOnly && frames.length > 0)) break;
    if (kind === 0x21) {
      const label = reader.byte();
      const body = reader.blocks();
      if (label === 0xf9 && body.length >= 4) transparent = (body[0]! & 1) !== 0 ? body[3]! : -1;
    } else if (kind === 0x2c) {
      const frame = readFrame(reader, shared, transparent);
      checkImageSize('GIF', width, height, 3 * (frames.length + 1));
      frames.push(draw(frame, width, height, frames.at(-1)));
    } else throw imageFault('GIF: an unknown block');
  }
  if (frames.length === 0) throw imageFault('GIF: it has no frame');
  return { width, height, frames: frames.length, data: Buffer.concat(frames) };
}

function draw(frame: GifFrame, width: number, height: number, before: Uint8Array | undefined): Uint8Array {
  const out = before === undefined ? new Uint8Array(width * height * 3) : Uint8Array.from(before);
  checkImageSize('GIF', frame.width, frame.height, 1);
  if (frame.left + frame.width > width || frame.top + frame.height > height) {
    throw imageFault('GIF: a frame is larger than the picture');
  }
  const indices = readIndices(frame);
  rowOrder(frame.height, frame.isInterlaced).forEach((y, line) => {
    for (let x = 0; x < frame.width; x++) {
      const index = indices[line * frame.width + x]!;
      if (index === frame.transparent) continue;
      if (3 * index + 2 >= frame.colors.length) throw imageFault('GIF: a color is outside its table');
      out.set(
        frame.colors.subarray(3 * index, 3 * index + 3),
        ((frame.top + y) * width + frame.left + x) * 3,
      );
    }
  });
  return out;
}
