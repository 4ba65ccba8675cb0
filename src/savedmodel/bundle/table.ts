import { TfdeployError } from '../../base/error.js';
import { WireReader } from '../wire/reader.js';
import { crc32c, maskCrc } from './crc32c.js';
import { decompressSnappy } from './snappy.js';

const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
/** Keys share prefixes on disk, so a few bytes there could be many in memory. */
const MAX_KEY_BYTES = 16_384;
const MAX_BLOCK_KEY_BYTES = 2 ** 26;
export const TABLE_MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb] as const;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/**
 * The entries of a LevelDB table in the order of the file: keys and values are bytes. Every block's CRC is
 * checked. The whole table is in memory: a checkpoint's index has a few hundred bytes per tensor.
 */
export function* readTable(bytes: Uint8Array, what: string): Generator<[key: Uint8Array, value: Uint8Array]> {
  const index = readFooter(bytes, what);
  for (const [, handle] of readEntries(readBlock(bytes, index, what), what)) {
    const reader = new WireReader(handle, { what });
    yield* readEntries(readBlock(bytes, { offset: reader.int53(), size: reader.int53() }, what), what);
  }
}

function corrupt(what: string, message: string): TfdeployError {
  return new TfdeployError('TFD_MODEL_CORRUPT', `${what}: ${message}`, {
    hint: 'the file is damaged: copy the model again',
  });
}

function readFooter(bytes: Uint8Array, what: string): Handle {
  const start = bytes.length - FOOTER_BYTES;
  if (start < 0) throw corrupt(what, `${bytes.length} bytes are too few for a checkpoint index`);
  const magicAt = bytes.length - TABLE_MAGIC.length;
  if (TABLE_MAGIC.some((byte, i) => bytes[magicAt + i] !== byte)) {
    throw corrupt(what, 'does not end like a checkpoint index');
  }
  const reader = new WireReader(bytes.subarray(start, magicAt), { what });
  reader.int53();
  reader.int53();
  return { offset: reader.int53(), size: reader.int53() };
}

function readBlock(bytes: Uint8Array, { offset, size }: Handle, what: string): Uint8Array {
  const room = bytes.length - FOOTER_BYTES - TRAILER_BYTES;
  if (offset < 0 || size < 4 || offset > room || size > room - offset) {
    throw corrupt(what, `a block of ${size} bytes at ${offset} lies outside`);
  }
  const end = offset + size;
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end + 1, true);
  if (maskCrc(crc32c(bytes.subarray(offset, end + 1))) !== stored) {
    throw corrupt(what, `the block at ${offset} has a wrong checksum`);
  }
  const contents = bytes.subarray(offset, end);
  const type = bytes[end];
  if (type === 0) return contents;
  if (type === 1) return decompressSnappy(contents, `${what}: block at ${offset}`);
  throw corrupt(what, `the block at ${offset} has compression ${type}, which is not known`);
}

/** A block is entries (key as what it shares with the one before and a suffix), restart points, their number. */
function* readEntries(block: Uint8Array, what: string): Generator<[key: Uint8Array, value: Uint8Array]> {
  if (block.length < 4) throw corrupt(what, 'a block without its end');
  const restarts = new DataView(block.buffer, block.byteOffset).getUint32(block.length - 4, true);
  const end = block.length - 4 - restarts * 4;
  if (end < 0) throw corrupt(what, 'a block with too many restart points');
  const reader = new WireReader(block.subarray(0, end), { what });
  let key: Uint8Array = new Uint8Array(0);
  let keyBytes = 0;
  while (reader.pos < end) {
    const shared = reader.varint32();
    const unshared = reader.varint32();
    const valueLength = reader.varint32();
    if (shared > key.length || unshared + valueLength > end - reader.pos) {
      throw corrupt(what, 'a block whose entries run past its end');
    }
    keyBytes += shared + unshared;
    if (shared + unshared > MAX_KEY_BYTES || keyBytes > MAX_BLOCK_KEY_BYTES) {
      throw new TfdeployError('TFD_MODEL_LIMIT', `${what}: its keys are too long`);
    }
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(block.subarray(reader.pos, reader.pos + unshared), shared);
    key = next;
    reader.pos += unshared + valueLength;
    yield [key, block.subarray(reader.pos - valueLength, reader.pos)];
  }
}
