import { isAscii } from 'node:buffer';

/**
 * Standard base64, as TensorFlow Serving takes it: white space is skipped and padding may be left out, but
 * nothing else is. Undefined when the text is not base64.
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  if (!isAscii(buffer)) return undefined;
  // Node.js also takes the URL alphabet and skips what it does not know: both show up here or in the length.
  if (buffer.includes(0x2d) || buffer.includes(0x5f)) return undefined;
  let symbols = buffer.toString('latin1');
  if (/[\t\n\v\f\r ]/.test(symbols)) symbols = symbols.replace(/[\t\n\v\f\r ]+/g, '');
  const isPadded = symbols.endsWith('=');
  if (isPadded) {
    if (symbols.length % 4 !== 0) return undefined;
    symbols = symbols.slice(0, symbols.endsWith('==') ? -2 : -1);
  }
  const tail = symbols.length % 4;
  if (tail === 1) return undefined;
  const decoded = Buffer.from(symbols, 'base64');
  return decoded.length === Math.floor((symbols.length * 3) / 4) ? decoded : undefined;
}
