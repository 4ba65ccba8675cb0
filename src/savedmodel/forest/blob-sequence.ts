import { TfdeployError } from '../../base/error.js';

const HEADER_BYTES = 8;
/** Versions that are read; the second one has a byte for the compression, which must be none. */
const NEWEST_VERSION = 1;

/** The records of a file of nodes: `BS`, a version, and records of a 32-bit length and that many bytes. */
export function* readBlobSequence(bytes: Uint8Array, what: string): Generator<Uint8Array> {
  const fail = (why: string) => new TfdeployError('TFD_MODEL_CORRUPT', `${what}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0x42 || bytes[1] !== 0x53) {
    throw fail('is not a sequence of blobs');
  }
  const version = view.getUint16(2, true);
  if (version > NEWEST_VERSION) throw fail(`has version ${version}; up to ${NEWEST_VERSION} is read`);
  if (version === 1 && bytes[4] !== 0) throw fail(`is compressed (kind ${bytes[4]}), which is not read`);
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    if (bytes.length - at < 4) throw fail(`ends inside a record at offset ${at}`);
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.length - at) throw fail(`ends inside a record at offset ${at}`);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
