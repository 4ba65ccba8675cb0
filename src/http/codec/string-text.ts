import type { ByteWriter } from './byte-writer.js';
import { BACKSLASH, QUOTE, SPACE } from './json-syntax.js';

/** Text of the escape of each byte below 32, of the quote and of the backslash. */
const ESCAPES: ReadonlyMap<number, string> = new Map([
  ...Array.from({ length: 32 }, (_, byte): [number, string] => [
    byte,
    `\\u${byte.toString(16).toUpperCase().padStart(4, '0')}`,
  ]),
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [12, '\\f'],
  [13, '\\r'],
  [QUOTE, '\\"'],
  [BACKSLASH, '\\\\'],
]);

/** Writes bytes as a JSON string; bytes above ASCII pass as they are. */
export function writeJsonString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.byte(QUOTE);
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) continue;
    if (at > from) writer.raw(bytes.subarray(from, at));
    writer.ascii(ESCAPES.get(byte)!);
    from = at + 1;
  }
  if (from < bytes.length) writer.raw(from === 0 ? bytes : bytes.subarray(from));
  writer.byte(QUOTE);
}
