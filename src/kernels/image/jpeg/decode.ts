import { imageFault, type Pixels } from '../limits.js';
import { type JpegImage, readJpeg } from './markers.js';
import { type Plane, toPlane } from './samples.js';
import { upsample } from './upsample.js';

const fix = (value: number) => Math.floor(value * 65536 + 0.5);
const clamp = (value: number) => (value < 0 ? 0 : Math.min(value, 255));
const HALF = 32768;

const table = (make: (x: number) => number) => Int32Array.from({ length: 256 }, (_, i) => make(i - 128));
const RED_OF_CR = table((x) => (fix(1.402) * x + HALF) >> 16);
const BLUE_OF_CB = table((x) => (fix(1.772) * x + HALF) >> 16);
const GREEN_OF_CR = table((x) => -fix(0.71414) * x);
const GREEN_OF_CB = table((x) => -fix(0.34414) * x + HALF);

export interface JpegOptions {
  /** 0 takes what the file has. */
  readonly channels: 0 | 1 | 3;
  readonly isSmooth: boolean;
  /** The fast integer transform instead of the accurate one. */
  readonly isFast: boolean;
  /** Only these columns, of which the first begins a block: they are upsampled as if there were no others. */
  readonly columns?: { readonly from: number; readonly count: number };
}

/** A JPEG as gray or RGB pixels, to the bit as the reference software's integer decoders. */
export function decodeJpeg(bytes: Uint8Array, options: JpegOptions): Pixels {
  const { channels, isSmooth, isFast, columns } = options;
  const image = readJpeg(bytes);
  const { frame } = image;
  const count = channels === 0 ? frame.components.length : channels;
  const planes = frame.components.map((component): (() => Plane) => () => {
    const [h, v] = [frame.maxH / component.h, frame.maxV / component.v];
    if (!Number.isInteger(h) || !Number.isInteger(v))
      throw imageFault('JPEG: its sampling factors are not decoded');
    const plane = toPlane(component, isFast);
    return upsample(
      columns === undefined ? plane : cut(plane, columns.from / h, columns.count / h),
      h,
      v,
      isSmooth,
    );
  });
  const { height } = frame;
  const width = columns?.count ?? frame.width;
  const data = new Uint8Array(width * height * count);
  fillPixels(image, width, planes, data, count);
  return { width, height, channels: count, data };
}

function cut(plane: Plane, from: number, count: number): Plane {
  return { ...plane, width: Math.min(Math.ceil(count), plane.width - from), data: plane.data.subarray(from) };
}

function fillPixels(
  { frame, colors }: JpegImage,
  width: number,
  planes: readonly (() => Plane)[],
  out: Uint8Array,
  count: number,
): void {
  const { height } = frame;
  const needed = colors === 'rgb' || count === 3 ? planes.length : 1;
  const [a, b, c] = planes.slice(0, needed).map((make) => make()) as [Plane, Plane?, Plane?];
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const first = a.data[y * a.stride + x]!;
      if (b === undefined || c === undefined) {
        for (let k = 0; k < count; k++) out[at++] = first;
        continue;
      }
      const [second, third] = [b.data[y * b.stride + x]!, c.data[y * c.stride + x]!];
      if (colors === 'rgb') {
        if (count === 1) {
          out[at++] = (first * fix(0.299) + second * fix(0.587) + third * fix(0.114) + HALF) >> 16;
          continue;
        }
        out[at++] = first;
        out[at++] = second;
        out[at++] = third;
        continue;
      }
      out[at++] = clamp(first + RED_OF_CR[third]!);
      out[at++] = clamp(first + ((GREEN_OF_CB[second]! + GREEN_OF_CR[third]!) >> 16));
      out[at++] = clamp(first + BLUE_OF_CB[second]!);
    }
  }
}
