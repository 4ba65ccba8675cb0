import { checkImageSize, imageFault } from '../limits.js';
import { buildHuffman, type Huffman } from './bits.js';
import { decodeScan, type Scan } from './scan.js';

export interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  readonly tableId: number;
  /** Blocks per row and column, filled up to whole MCUs. */
  readonly blocksWide: number;
  readonly blocksHigh: number;
  /** Samples that belong to the image. */
  readonly width: number;
  readonly height: number;
  readonly coefficients: Int16Array;
  quantization?: Uint16Array;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly maxH: number;
  readonly maxV: number;
  readonly components: readonly Component[];
}

export interface JpegImage {
  readonly frame: Frame;
  readonly colors: 'gray' | 'ycc' | 'rgb';
}

/** Zigzag position → row-major position. */
export const NATURAL_ORDER: readonly number[] = makeNaturalOrder();

function makeNaturalOrder(): number[] {
  const order: number[] = [];
  for (let sum = 0; sum < 15; sum++) {
    const line = Array.from({ length: 8 }, (_, y) => ({ y, x: sum - y })).filter(({ x }) => x >= 0 && x < 8);
    if (sum % 2 === 0) line.reverse();
    order.push(...line.map(({ y, x }) => y * 8 + x));
  }
  return order;
}

const SOF = new Set([0xc0, 0xc1, 0xc2]);
const UNSUPPORTED_SOF = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);
const MAX_SCANS = 1000;

interface State {
  frame?: Frame;
  restartInterval: number;
  hasJfif: boolean;
  adobe: number | undefined;
  readonly quantization: (Uint16Array | undefined)[];
  readonly dc: (Huffman | undefined)[];
  readonly ac: (Huffman | undefined)[];
}

/** Reads sizes only. */
export function readJpegShape(bytes: Uint8Array): { width: number; height: number; channels: number } {
  const { frame } = readSegments(bytes, true);
  return { width: frame.width, height: frame.height, channels: frame.components.length };
}

/** The columns of a block of all components together. */
export function readJpegBlockWidth(bytes: Uint8Array): number {
  const { frame } = readSegments(bytes, true);
  return frame.components.length === 1 ? 8 : 8 * frame.maxH;
}

/** All coefficients of a JPEG, baseline or progressive, 8 bits. */
export function readJpeg(bytes: Uint8Array): JpegImage {
  return readSegments(bytes, false);
}

function readSegments(bytes: Uint8Array, isHeadOnly: boolean): JpegImage {
  const state: State = {
    restartInterval: 0,
    hasJfif: false,
    adobe: undefined,
    quantization: [],
    dc: [],
    ac: [],
  };
  let [at, scans] = [2, 0];
  for (;;) {
    while (at < bytes.length && bytes[at] !== 0xff) at++;
    while (at < bytes.length && bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    if (marker === undefined) throw imageFault('JPEG: the data ends too early');
    if (marker === 0xd9) break;
    if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const body = bytes.subarray(at + 2, at + length);
    if (length < 2 || body.length !== length - 2) throw imageFault('JPEG: a segment ends too early');
    at += length;
    readSegment(state, marker, body, isHeadOnly);
    if (isHeadOnly && state.frame !== undefined) break;
    if (marker !== 0xda) continue;
    if (++scans > MAX_SCANS) throw imageFault('JPEG: too many scans');
    at = decodeScan(bytes, at, readScan(state, body));
  }
  const { frame } = state;
  if (frame === undefined) throw imageFault('JPEG: it has no frame');
  if (!isHeadOnly && scans === 0) throw imageFault('JPEG: it has no scan');
  return { frame, colors: colorsOf(state, frame) };
}

function colorsOf({ hasJfif, adobe }: State, { components }: Frame): JpegImage['colors'] {
  if (components.length === 1) return 'gray';
  if (hasJfif) return 'ycc';
  if (adobe !== undefined) return adobe === 0 ? 'rgb' : 'ycc';
  return components.map(({ id }) => String.fromCharCode(id)).join('') === 'RGB' ? 'rgb' : 'ycc';
}

function readSegment(state: State, marker: number, body: Uint8Array, isHeadOnly: boolean): void {
  if (SOF.has(marker)) state.frame = readFrame(state, marker, body, isHeadOnly);
  else if (UNSUPPORTED_SOF.has(marker))
    throw imageFault('JPEG: lossless and arithmetic coding are not decoded');
  else if (marker === 0xc4) readHuffmanTables(state, body);
  else if (marker === 0xdb) readQuantization(state, body);
  else if (marker === 0xdd) state.restartInterval = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  else if (marker === 0xe0 && startsWith(body, 'JFIF\0')) state.hasJfif = true;
  else if (marker === 0xee && startsWith(body, 'Adobe') && body.length >= 12) state.adobe = body[11];
}

const startsWith = (body: Uint8Array, text: string) =>
  [...text].every((char, i) => body[i] === char.charCodeAt(0));

function readFrame(state: State, marker: number, body: Uint8Array, isHeadOnly: boolean): Frame {
  if (state.frame !== undefined) throw imageFault('JPEG: it has two frames');
  const [precision = 0, y1 = 0, y0 = 0, x1 = 0, x0 = 0, count = 0] = body;
  if (precision !== 8) throw imageFault(`JPEG: ${precision} bits per sample are not decoded`);
  if (count !== 1 && count !== 3 && !(isHeadOnly && count === 4)) {
    throw imageFault(`JPEG: ${count} components (CMYK) are not decoded`);
  }
  if (body.length < 6 + 3 * count) throw imageFault('JPEG: its frame header is too short');
  const [width, height] = [(x1 << 8) | x0, (y1 << 8) | y0];
  checkImageSize('JPEG', width, height, 3);
  const rows = Array.from({ length: count }, (_, i) => {
    const [id = 0, factors = 0, tableId = 0] = body.subarray(6 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15, tableId };
  });
  if (rows.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4))
    throw imageFault('JPEG: bad sampling factors');
  const maxH = Math.max(...rows.map(({ h }) => h));
  const maxV = Math.max(...rows.map(({ v }) => v));
  const mcusWide = Math.ceil(width / (8 * maxH));
  const mcusHigh = Math.ceil(height / (8 * maxV));
  const components = rows.map((row): Component => {
    const [blocksWide, blocksHigh] = [mcusWide * row.h, mcusHigh * row.v];
    return {
      ...row,
      blocksWide,
      blocksHigh,
      width: Math.ceil((width * row.h) / maxH),
      height: Math.ceil((height * row.v) / maxV),
      coefficients: new Int16Array(isHeadOnly ? 0 : blocksWide * blocksHigh * 64),
    };
  });
  return { width, height, isProgressive: marker === 0xc2, maxH, maxV, components };
}

function readQuantization({ quantization }: State, body: Uint8Array): void {
  for (let at = 0; at < body.length; ) {
    const head = body[at++]!;
    const wide = head >> 4 !== 0;
    if (at + (wide ? 128 : 64) > body.length || (head & 15) > 3)
      throw imageFault('JPEG: a bad quantization table');
    const table = new Uint16Array(64);
    for (const to of NATURAL_ORDER) {
      table[to] = wide ? (body[at]! << 8) | body[at + 1]! : body[at]!;
      at += wide ? 2 : 1;
    }
    quantization[head & 15] = table;
  }
}

function readHuffmanTables(state: State, body: Uint8Array): void {
  for (let at = 0; at < body.length; ) {
    const head = body[at]!;
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = body.subarray(at + 17, at + 17 + total);
    if (counts.length !== 16 || values.length !== total || (head & 15) > 3)
      throw imageFault('JPEG: a bad Huffman table');
    (head >> 4 === 0 ? state.dc : state.ac)[head & 15] = buildHuffman(counts, values);
    at += 17 + total;
  }
}

function readScan(state: State, body: Uint8Array): Scan {
  const { frame } = state;
  const count = body[0] ?? 0;
  if (frame === undefined) throw imageFault('JPEG: a scan comes before the frame');
  if (count < 1 || count > 4 || body.length < 4 + 2 * count) throw imageFault('JPEG: a bad scan header');
  const parts = Array.from({ length: count }, (_, i) => {
    const [id, tables = 0] = body.subarray(1 + 2 * i);
    const component = frame.components.find((each) => each.id === id);
    if (component === undefined) throw imageFault('JPEG: a scan names a component that is not there');
    component.quantization ??= state.quantization[component.tableId];
    return { component, dc: state.dc[tables >> 4], ac: state.ac[tables & 15] };
  });
  const [from = 0, to = 0, bits = 0] = body.subarray(1 + 2 * count);
  const scan = {
    frame,
    parts,
    from,
    to,
    high: bits >> 4,
    low: bits & 15,
    restartInterval: state.restartInterval,
  };
  const isBad = frame.isProgressive
    ? to > 63 || from > to || (from === 0 && to !== 0) || (from > 0 && count !== 1) || scan.low > 13
    : from !== 0 || to !== 63 || bits !== 0;
  if (isBad) throw imageFault('JPEG: a bad scan header');
  return scan;
}
