import { numericTensor, type Tensor } from '../../base/tensor.js';
import { integersOf, refuseDType } from '../lanes.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import { decodeBmp } from './bmp.js';
import { decodeGif } from './gif.js';
import { decodeJpeg, type JpegOptions } from './jpeg/decode.js';
import { readJpegBlockWidth, readJpegShape } from './jpeg/markers.js';
import type { Pixels } from './limits.js';
import { decodePng } from './png.js';

type Format = 'jpeg' | 'png' | 'gif' | 'bmp';

const SIGNATURES: readonly (readonly [Format, readonly number[]])[] = [
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['gif', [0x47, 0x49, 0x46, 0x38]],
  ['bmp', [0x42, 0x4d]],
];

function contentsOf(context: KernelContext): { bytes: Uint8Array; format: Format } {
  const { data, shape } = context.strings(0);
  const [bytes] = data;
  if (shape.length !== 0 || bytes === undefined) throw context.fail('contents must be scalar');
  const found = SIGNATURES.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (found === undefined)
    throw context.fail('Unknown image file format. One of JPEG, PNG, GIF, BMP required.');
  return { bytes, format: found[0] };
}

function jpegPixels(
  context: KernelContext,
  bytes: Uint8Array,
  channels: number,
  columns?: JpegOptions['columns'],
): Pixels {
  const { attrs } = context;
  if (channels !== 0 && channels !== 1 && channels !== 3)
    throw context.fail(`channels must be 0, 1 or 3 for JPEG, not ${channels}`);
  if (attrs.int('ratio', 1) !== 1)
    throw context.fail('a JPEG can not be scaled while it is decoded: ratio must be 1');
  const isSmooth = attrs.bool('fancy_upscaling', true);
  const method = attrs.string('dct_method', '');
  return decodeJpeg(bytes, {
    ...{ channels, isSmooth, isFast: method !== 'INTEGER_ACCURATE' },
    ...(columns === undefined ? {} : { columns }),
  });
}

function tensorOf({ width, height, channels, data }: Pixels): Tensor {
  const shape = [height, width, channels];
  return data instanceof Uint16Array ? { dtype: 'uint16', shape, data } : { dtype: 'uint8', shape, data };
}

/** The first frame of an animation, or all with a dimension in front. */
function gifTensor(
  context: KernelContext,
  bytes: Uint8Array,
  isFirstOnly: boolean,
  channels: number,
): Tensor {
  if (channels !== 0 && channels !== 3) throw context.fail('channels must be 0 or 3 for GIF');
  const { width, height, frames, data } = decodeGif(bytes, isFirstOnly);
  const shape = isFirstOnly ? [height, width, 3] : [frames, height, width, 3];
  return { dtype: 'uint8', shape, data };
}

/** The ops for JPEG and PNG take each other's files, and still GIFs. */
function decodeStill(isPng: boolean): Kernel {
  return (context): HostValue[] => {
    const { bytes, format } = contentsOf(context);
    const channels = context.attrs.int('channels', 0);
    const dtype = isPng ? context.attrs.dtype('dtype', 'uint8') : 'uint8';
    if (format === 'bmp') throw context.fail('Trying to decode BMP format using a wrong op');
    if (format === 'png') return [tensorOf(decodePng(bytes, channels, dtype === 'uint16'))];
    if (dtype !== 'uint8') throw refuseDType(context, dtype);
    if (format === 'jpeg') return [tensorOf(jpegPixels(context, bytes, channels))];
    return [gifTensor(context, bytes, true, channels)];
  };
}

function decodeAny(context: KernelContext): HostValue[] {
  const { bytes, format } = contentsOf(context);
  const channels = context.attrs.int('channels', 0);
  const dtype = context.attrs.dtype('dtype', 'uint8');
  if (dtype !== 'uint8' && dtype !== 'uint16' && dtype !== 'float32') throw refuseDType(context, dtype);
  const isWide = dtype !== 'uint8';
  if (format === 'png') {
    const pixels = decodePng(bytes, channels, isWide);
    return [dtype === 'float32' ? toFloat(tensorOf(pixels), 65535) : tensorOf(pixels)];
  }
  const isExpanded = context.attrs.bool('expand_animations', true);
  const decoded =
    format === 'jpeg'
      ? tensorOf(jpegPixels(context, bytes, channels))
      : format === 'gif'
        ? gifTensor(context, bytes, !isExpanded, channels)
        : tensorOf(decodeBmp(bytes, channels));
  if (dtype === 'uint8') return [decoded];
  if (dtype === 'float32') return [toFloat(decoded, 255)];
  return [
    { dtype, shape: decoded.shape, data: Uint16Array.from(decoded.data as Uint8Array, (byte) => byte * 256) },
  ];
}

function toFloat({ shape, data }: Tensor, largest: number): Tensor {
  const scale = Math.fround(1 / largest);
  return { dtype: 'float32', shape, data: Float32Array.from(data as Uint8Array, (value) => value * scale) };
}

function decodeAndCrop(context: KernelContext): HostValue[] {
  const { bytes, format } = contentsOf(context);
  if (format !== 'jpeg') throw context.fail('only JPEG can be decoded and cropped');
  const [top = 0, left = 0, height = 0, width = 0] = integersOf(context, 1);
  const whole = readJpegShape(bytes);
  if (
    top < 0 ||
    left < 0 ||
    height <= 0 ||
    width <= 0 ||
    top + height > whole.height ||
    left + width > whole.width
  ) {
    throw context.fail('Invalid crop window');
  }
  // As the reference software crops: from the block that the window begins in, whose neighbours it does not see.
  const skipped = left % readJpegBlockWidth(bytes);
  const columns = { from: left - skipped, count: width + skipped };
  const full = jpegPixels(context, bytes, context.attrs.int('channels', 0), columns);
  const data = new Uint8Array(height * width * full.channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * full.width + skipped) * full.channels;
    data.set(full.data.subarray(from, from + width * full.channels), y * width * full.channels);
  }
  return [tensorOf({ width, height, channels: full.channels, data })];
}

function extractShape(context: KernelContext): HostValue[] {
  const { bytes, format } = contentsOf(context);
  if (format !== 'jpeg') throw context.fail('Invalid JPEG data');
  const { width, height, channels } = readJpegShape(bytes);
  const dtype = context.attrs.dtype('output_type', 'int32') === 'int64' ? 'int64' : 'int32';
  return [numericTensor(dtype, [3], [height, width, channels])];
}

/** Image files to pixels. */
export const imageKernels: KernelFamily = {
  DecodeJpeg: decodeStill(false),
  DecodePng: decodeStill(true),
  DecodeImage: decodeAny,
  DecodeBmp: (context) => {
    const { bytes, format } = contentsOf(context);
    if (format !== 'bmp') throw context.fail(`Trying to decode ${format} format using DecodeBmp op`);
    return [tensorOf(decodeBmp(bytes, context.attrs.int('channels', 0)))];
  },
  DecodeGif: (context) => {
    const { bytes, format } = contentsOf(context);
    if (format === 'gif') return [gifTensor(context, bytes, false, 0)];
    if (format === 'bmp') throw context.fail('Trying to decode BMP format using a wrong op');
    const still = tensorOf(format === 'png' ? decodePng(bytes, 3, false) : jpegPixels(context, bytes, 3));
    return [{ ...still, shape: [1, ...still.shape] }];
  },
  DecodeAndCropJpeg: decodeAndCrop,
  ExtractJpegShape: extractShape,
};
