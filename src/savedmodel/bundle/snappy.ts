import { TfdeployError } from '../../base/error.js';
import { WireReader } from '../wire/reader.js';

/** A copy of 64 bytes takes at least 3 bytes, a shorter one 2 for at most 11: no block grows more. */
const MAX_EXPANSION = 22;

/** Decompresses one raw Snappy block; TFD_MODEL_CORRUPT when it is not one. */
export function decompressSnappy(bytes: Uint8Array, what: string): Uint8Array {
  const reader = new WireReader(bytes, { what });
  const length = reader.varint32();
  let at = reader.pos;
  if (length > bytes.length * MAX_EXPANSION) throw corrupt(what, `claims to hold ${length} bytes`);
  const result = new Uint8Array(length);
  let done = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let count = (tag >>> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        count = readLittleEndian(bytes, at, extra, what) + 1;
        at += extra;
      }
      if (count > bytes.length - at || count > length - done)
        throw corrupt(what, 'a literal that is too long');
      result.set(bytes.subarray(at, at + count), done);
      at += count;
      done += count;
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    const low = readLittleEndian(bytes, at, offsetBytes, what);
    at += offsetBytes;
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) | low : low;
    if (offset === 0 || offset > done || count > length - done) throw corrupt(what, 'a copy from nowhere');
    // The source may overlap what is being written: a short pattern repeats itself.
    for (const end = done + count; done < end; done++) result[done] = result[done - offset]!;
  }
  if (done !== length) throw corrupt(what, `holds ${done} bytes instead of ${length}`);
  return result;
}

function readLittleEndian(bytes: Uint8Array, at: number, count: number, what: string): number {
  if (count > bytes.length - at) throw corrupt(what, 'ends too early');
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function corrupt(what: string, message: string): TfdeployError {
  return new TfdeployError('TFD_MODEL_CORRUPT', `${what}: Snappy block: ${message}`);
}
