import { checkImageSize, imageFault, type Pixels } from './limits.js';

/** Uncompressed BMP of 8 (gray), 24 or 32 bits; `channels` 0 takes what the file has. */
export function decodeBmp(bytes: Uint8Array, channels: number): Pixels {
  if (bytes.length < 32) throw imageFault('BMP: the data ends too early');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getInt32(10, true);
  const [width, signed] = [view.getInt32(18, true), view.getInt32(22, true)];
  const height = Math.abs(signed);
  const bits = view.getUint16(28, true);
  const own = bits / 8;
  if (own !== 1 && own !== 3 && own !== 4) throw imageFault(`BMP: ${bits} bits per pixel are not decoded`);
  if (channels === 1) throw imageFault('BMP: channels must be 0, 3 or 4');
  const count = channels === 0 ? own : channels;
  checkImageSize('BMP', width, height, 4);
  const line = Math.floor((bits * width + 31) / 32) * 4;
  if (start < 0 || start + line * (height - 1) + width * own > bytes.length) {
    throw imageFault('BMP: the data ends too early');
  }
  const data = new Uint8Array(width * height * count);
  // Blue comes first; gray is all three.
  const [red, green] = own === 1 ? [0, 0] : [2, 1];
  for (let y = 0; y < height; y++) {
    // A negative height tells that the first row is the top one.
    const from = start + (signed < 0 ? y : height - 1 - y) * line;
    for (let x = 0; x < width; x++) {
      const [at, to] = [from + x * own, (y * width + x) * count];
      data[to] = bytes[at + red]!;
      if (count === 1) continue;
      data[to + 1] = bytes[at + green]!;
      data[to + 2] = bytes[at]!;
      if (count === 4) data[to + 3] = own === 4 ? bytes[at + 3]! : 255;
    }
  }
  return { width, height, channels: count, data };
}
