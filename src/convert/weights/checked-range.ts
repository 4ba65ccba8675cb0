import { TfdeployError } from '../../base/error.js';
import type { FileRange, ModelFiles } from '../../base/files.js';
import { crc32c } from '../../savedmodel/bundle/crc32c.js';

const CHUNK_BYTES = 4 << 20;

/**
 * Goes through a range of a file piece by piece, so that memory does not grow with it, and checks its CRC-32C
 * where one is known: TFD_MODEL_CORRUPT. Each piece is handed to `take`.
 */
export function readChecked(
  files: ModelFiles,
  range: FileRange,
  crc: number | undefined,
  take?: (piece: Uint8Array) => void,
): void {
  let actual = 0;
  for (let at = 0; at < range.length; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, range.length - at);
    const piece = files.readRange(range.path, range.offset + at, length);
    if (crc !== undefined) actual = crc32c(piece, actual);
    take?.(piece);
  }
  if (crc === undefined || actual === crc) return;
  throw new TfdeployError('TFD_MODEL_CORRUPT', `${range.path}: wrong checksum at byte ${range.offset}`, {
    hint: 'the file is damaged: copy the model again',
  });
}
