import { TfdeployError } from '../../base/error.js';

/** Bytes that one decoded image may take. */
const MAX_IMAGE_BYTES = 1 << 28;

export function imageFault(what: string): TfdeployError {
  return new TfdeployError('TFD_KERNEL_INPUT', what);
}

/** Refuses sizes that are not positive or too large, before memory is taken for them. */
export function checkImageSize(kind: string, width: number, height: number, bytesPerPixel: number): void {
  if (width <= 0 || height <= 0) throw imageFault(`${kind}: its size is ${width}×${height}`);
  if (width * height * bytesPerPixel > MAX_IMAGE_BYTES) {
    throw imageFault(`${kind}: ${width}×${height} pixels are more than an image may have`);
  }
}

/** Pixels, row by row, channels innermost; 16-bit samples as numbers. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Uint16Array;
}
