import { TfdeployError } from '../../base/error.js';
import type { FileRange, ModelFiles } from '../../base/files.js';
import { crc32c, unmaskCrc } from './crc32c.js';

/** What every tensor of a bundle needs to be read. */
export interface ShardContext {
  readonly files: ModelFiles;
  /** Path without `.index`: `…/variables/variables`. */
  readonly prefix: string;
  readonly shardCount: number;
  readonly isBigEndian: boolean;
  readonly isVerified: boolean;
}

/** Where an entry's bytes lie. */
export interface Extent {
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** As stored: masked. */
  readonly crc32c: number;
}

export function shardRange(context: ShardContext, extent: Extent): FileRange {
  const number = String(extent.shard).padStart(5, '0');
  const count = String(context.shardCount).padStart(5, '0');
  return {
    path: `${context.prefix}.data-${number}-of-${count}`,
    offset: extent.offset,
    length: extent.size,
  };
}

/** The bytes of an entry as they are stored. Their range is checked against the file before memory is taken. */
export function readExtent(context: ShardContext, extent: Extent, what: string): Uint8Array {
  const { path, offset, length } = shardRange(context, extent);
  if (!context.files.exists(path)) {
    throw new TfdeployError('TFD_MODEL_NOT_FOUND', `${what}: its file ${path} is missing`, {
      hint: 'copy the whole variables directory of the model',
    });
  }
  const available = context.files.size(path);
  if (offset + length > available) {
    throw new TfdeployError(
      'TFD_MODEL_CORRUPT',
      `${what}: lies at ${offset}…${offset + length} of ${path}, which has ${available} bytes`,
      { hint: 'the file is shorter than its index says: copy the model again' },
    );
  }
  return context.files.readRange(path, offset, length);
}

/** Checks the CRC of an entry's stored bytes. */
export function verifyExtent(context: ShardContext, extent: Extent, bytes: Uint8Array, what: string): void {
  if (!context.isVerified || crc32c(bytes) === unmaskCrc(extent.crc32c)) return;
  throw wrongChecksum(what);
}

export function wrongChecksum(what: string): TfdeployError {
  return new TfdeployError('TFD_MODEL_CORRUPT', `${what}: has a wrong checksum`, {
    hint: 'the data file is damaged: copy the model again',
  });
}

/** Reverses the bytes of every number, in a copy. */
export function swapBytes(bytes: Uint8Array, numberBytes: number): Uint8Array {
  const swapped = bytes.slice();
  for (let at = 0; at + numberBytes <= swapped.length; at += numberBytes) {
    swapped.subarray(at, at + numberBytes).reverse();
  }
  return swapped;
}
