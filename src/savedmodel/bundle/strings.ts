import { TfdeployError } from '../../base/error.js';
import { WireReader } from '../wire/reader.js';
import { crc32c, maskCrc, unmaskCrc } from './crc32c.js';
import { type Extent, readExtent, type ShardContext, wrongChecksum } from './shards.js';

const CHECKSUM_BYTES = 4;

/** Each length is hashed as a 32-bit number, or as a 64-bit one when it does not fit. */
export function hashLength(length: number, previous: number): number {
  const isLong = length > 0xffffffff;
  const view = new DataView(new ArrayBuffer(isLong ? 8 : 4));
  if (isLong) view.setBigUint64(0, BigInt(length), true);
  else view.setUint32(0, length, true);
  return crc32c(new Uint8Array(view.buffer), previous);
}

/**
 * A string tensor of a checkpoint: all lengths (varint64), the masked CRC of the lengths, all bytes. The
 * entry's CRC goes over the lengths as hashed, the checksum as stored and the bytes.
 */
export function readStrings(
  context: ShardContext,
  extent: Extent,
  count: number,
  what: string,
): Uint8Array[] {
  const bytes = readExtent(context, extent, what);
  const corrupt = (message: string) => new TfdeployError('TFD_MODEL_CORRUPT', `${what}: ${message}`);
  if (count + CHECKSUM_BYTES > bytes.length) throw corrupt(`${count} strings in ${bytes.length} bytes`);
  const reader = new WireReader(bytes, { what });
  const lengths: number[] = [];
  let crc = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const length = reader.int53();
    if (length < 0) throw corrupt('a string of negative length');
    lengths.push(length);
    total += length;
    crc = hashLength(length, crc);
  }
  const stored = reader.fixed32();
  if (total !== bytes.length - reader.pos) throw corrupt('strings that do not fill their entry');
  if (context.isVerified) {
    if (maskCrc(crc) !== stored) throw wrongChecksum(what);
    const rest = bytes.subarray(reader.pos - CHECKSUM_BYTES);
    if (crc32c(rest, crc) !== unmaskCrc(extent.crc32c)) throw wrongChecksum(what);
  }
  let at = reader.pos;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}
