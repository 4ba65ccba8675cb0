import { crc32, inflateSync } from 'node:zlib';
import { checkImageSize, imageFault, type Pixels } from './limits.js';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: number;
  readonly isInterlaced: boolean;
}

interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
  readonly data: Uint8Array;
}

/** Samples per pixel of each colour type. */
const SAMPLES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);
const DEPTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);
const PALETTE = 3;

function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [header, palette, transparency]: [Header?, Uint8Array?, Uint8Array?] = [];
  const parts: Uint8Array[] = [];
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw imageFault('PNG: the data ends too early');
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw imageFault('PNG: a chunk ends too early');
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, end);
    const isNeeded = /^[A-Z]/.test(kind);
    if (isNeeded && crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw imageFault(`PNG: the checksum of ${kind} is wrong`);
    }
    if (header === undefined && kind !== 'IHDR') throw imageFault('PNG: it does not start with IHDR');
    if (kind === 'IHDR') header = readHeader(body);
    else if (kind === 'PLTE') palette = body;
    else if (kind === 'tRNS') transparency = body;
    else if (kind === 'IDAT') parts.push(body);
    else if (kind === 'IEND') break;
    else if (isNeeded) throw imageFault(`PNG: the chunk ${kind} is not known`);
    at = end + 4;
  }
  if (header === undefined) throw imageFault('PNG: it has no header');
  if (header.color === PALETTE && palette === undefined) throw imageFault('PNG: it has no palette');
  return { header, palette, transparency, data: Buffer.concat(parts) };
}

function readHeader(body: Uint8Array): Header {
  if (body.length !== 13) throw imageFault('PNG: a bad header');
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, color = 0, compression, filter, interlace = 0] = body.subarray(8);
  if (DEPTHS.get(color)?.includes(depth) !== true || compression !== 0 || filter !== 0 || interlace > 1) {
    throw imageFault('PNG: a bad header');
  }
  checkImageSize('PNG', width, height, 4 * (depth === 16 ? 2 : 1));
  return { width, height, depth, color, isInterlaced: interlace === 1 };
}

/** Start and step of the passes of an interlaced picture: x, y, dx, dy. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function unfilter(row: Uint8Array, above: Uint8Array, step: number, filter: number): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : row[i - step]!;
    const up = above[i]!;
    const corner = i < step ? 0 : above[i - step]!;
    if (filter === 1) row[i]! += left;
    else if (filter === 2) row[i]! += up;
    else if (filter === 3) row[i]! += (left + up) >> 1;
    else if (filter === 4) row[i]! += paeth(left, up, corner);
    else if (filter !== 0) throw imageFault(`PNG: the filter ${filter} is not known`);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Samples as they are stored: palette indices, or 1 to 16 bits. */
function readSamples({ header, data }: Chunks): Uint16Array {
  const { width, height, depth, color, isInterlaced } = header;
  const perPixel = SAMPLES.get(color)!;
  const passes = isInterlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  const lineBytes = (pixels: number) => Math.ceil((pixels * perPixel * depth) / 8);
  const sizes = passes.map(
    ([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)] as const,
  );
  const total = sizes.reduce((sum, [w, h]) => sum + (w > 0 && h > 0 ? h * (1 + lineBytes(w)) : 0), 0);
  const raw = inflate(data, total);
  const out = new Uint16Array(width * height * perPixel);
  let at = 0;
  passes.forEach(([x0, y0, dx, dy], pass) => {
    const [wide, high] = sizes[pass]!;
    if (wide <= 0 || high <= 0) return;
    let above: Uint8Array = new Uint8Array(lineBytes(wide));
    for (let y = 0; y < high; y++) {
      const row = raw.subarray(at + 1, at + 1 + above.length);
      unfilter(row, above, Math.max(1, (perPixel * depth) >> 3), raw[at]!);
      at += 1 + above.length;
      for (let x = 0; x < wide; x++) {
        const to = ((y0 + y * dy) * width + x0 + x * dx) * perPixel;
        for (let k = 0; k < perPixel; k++) out[to + k] = sampleAt(row, x * perPixel + k, depth);
      }
      above = row;
    }
  });
  return out;
}

function sampleAt(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index]!;
  if (depth === 16) return (row[2 * index]! << 8) | row[2 * index + 1]!;
  const bit = index * depth;
  return (row[bit >> 3]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function inflate(data: Uint8Array, size: number): Uint8Array {
  try {
    const raw = inflateSync(data, { maxOutputLength: size + 65536 });
    if (raw.length >= size) return raw;
  } catch (error) {
    throw imageFault(`PNG: ${(error as Error).message}`);
  }
  throw imageFault('PNG: the data ends too early');
}

/** Weights for gray in 1/32768, as libpng rounds them. */
const [RED, GREEN] = [9797, 19234] as const;

/** Pixels of 8 or 16 bits; `channels` 0 takes what the file has, a palette counting as RGB. */
export function decodePng(bytes: Uint8Array, channels: number, isWide: boolean): Pixels {
  const chunks = readChunks(bytes);
  const { width, height, depth, color } = chunks.header;
  const { transparency, palette } = chunks;
  const own = color === PALETTE ? (transparency === undefined ? 3 : 4) : SAMPLES.get(color)!;
  const count = channels === 0 ? own : channels;
  const samples = readSamples(chunks);
  const perPixel = SAMPLES.get(color)!;
  const largest = color === PALETTE ? 255 : 2 ** depth - 1;
  // libpng fills in alpha by the depth of the file, also where it widens the colors.
  const opaque = 2 ** depth - 1;
  const isDeep = depth === 16;
  const toByte = (value: number) => (depth === 8 || color === PALETTE ? value : value * (255 / largest));
  const to = (value: number): number => {
    if (isDeep) return isWide ? value : value >> 8;
    return isWide ? toByte(value) * 257 : toByte(value);
  };
  const toAlpha = (value: number): number => {
    if (isDeep) return isWide ? value : value >> 8;
    return isWide ? value * 257 : value;
  };
  const keyOf = (k: number) => ((transparency?.[2 * k] ?? 0) << 8) | (transparency?.[2 * k + 1] ?? 0);
  const hasKey = transparency !== undefined && (color === 0 || color === 2);
  const data = isWide ? new Uint16Array(width * height * count) : new Uint8Array(width * height * count);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * perPixel;
    const first = samples[from]!;
    let [r, g, b, a] = [first, first, first, opaque];
    if (color === PALETTE) {
      if (3 * first + 2 >= palette!.length) throw imageFault('PNG: an index is outside the palette');
      [r, g, b] = [palette![3 * first]!, palette![3 * first + 1]!, palette![3 * first + 2]!];
      if (transparency !== undefined) a = transparency[first] ?? 255;
    } else if (color === 2 || color === 6) [g, b] = [samples[from + 1]!, samples[from + 2]!];
    if (color === 4 || color === 6) a = samples[from + perPixel - 1]!;
    if (hasKey && r === keyOf(0) && (color === 0 || (g === keyOf(1) && b === keyOf(2)))) a = 0;
    const at = pixel * count;
    if (count >= 3) {
      data[at] = to(r);
      data[at + 1] = to(g);
      data[at + 2] = to(b);
    } else if (isDeep) data[at] = to(toGray(r, g, b, 16384));
    else data[at] = toGray(toByte(r), toByte(g), toByte(b), 0) * (isWide ? 257 : 1);
    if (count % 2 === 0) data[at + count - 1] = toAlpha(a);
  }
  return { width, height, channels: count, data };
}

function toGray(r: number, g: number, b: number, half: number): number {
  if (r === g && g === b) return r;
  return (RED * r + GREEN * g + (32768 - RED - GREEN) * b + half) >> 15;
}
