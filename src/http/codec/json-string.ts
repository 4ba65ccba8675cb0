import { BACKSLASH, LOWER_U, QUOTE, SPACE, syntaxError } from './json-syntax.js';

/** Byte that a one-letter escape stands for; 0 where the letter is no escape. */
const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of Object.entries({
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
})) {
  ESCAPES[letter.charCodeAt(0)] = byte;
}

/**
 * Walks over a string that begins with the quote at `at` and gives the offset after its closing quote.
 * Bytes above ASCII pass unchecked, as in TensorFlow Serving; escapes are checked. Throws a syntax error.
 */
export function skipString(bytes: Uint8Array, at: number, end: number): number {
  let pos = at + 1;
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte === QUOTE) return pos + 1;
    if (byte === BACKSLASH) pos = skipEscape(bytes, pos, end);
    else if (byte < SPACE) throw syntaxError(byte === 0 ? 'missQuote' : 'encoding', pos);
    else pos++;
  }
  throw syntaxError('missQuote', end);
}

/** The string's own bytes with escapes resolved, for a range that `skipString` accepted. */
export function stringBytes(bytes: Uint8Array, at: number, after: number): Uint8Array {
  const from = at + 1;
  const to = after - 1;
  const first = bytes.indexOf(BACKSLASH, from);
  if (first < 0 || first >= to) return bytes.slice(from, to);
  const out = new Uint8Array(to - from);
  let length = 0;
  let pos = from;
  while (pos < to) {
    const byte = bytes[pos]!;
    if (byte !== BACKSLASH) {
      out[length++] = byte;
      pos++;
      continue;
    }
    const letter = bytes[pos + 1]!;
    if (letter !== LOWER_U) {
      out[length++] = ESCAPES[letter]!;
      pos += 2;
      continue;
    }
    let point = hexAt(bytes, pos + 2);
    pos += 6;
    if (point >= 0xd800 && point <= 0xdbff) {
      point = 0x10000 + ((point - 0xd800) << 10) + (hexAt(bytes, pos + 2) - 0xdc00);
      pos += 6;
    }
    length = writeUtf8(out, length, point);
  }
  return out.subarray(0, length);
}

const decoder = new TextDecoder();

/** The string as text; bytes that are not UTF-8 become U+FFFD. */
export function stringText(bytes: Uint8Array, at: number, after: number): string {
  return decoder.decode(stringBytes(bytes, at, after));
}

function skipEscape(bytes: Uint8Array, at: number, end: number): number {
  const letter = at + 1 < end ? bytes[at + 1]! : 0;
  if (ESCAPES[letter] !== 0) return at + 2;
  if (letter !== LOWER_U) throw syntaxError('escape', at);
  const high = checkedHexAt(bytes, at + 2, end, at);
  if (high < 0xd800 || high > 0xdfff) return at + 6;
  const isPair = high <= 0xdbff && bytes[at + 6] === BACKSLASH && bytes[at + 7] === LOWER_U;
  if (!isPair) throw syntaxError('surrogate', at);
  const low = checkedHexAt(bytes, at + 8, end, at);
  if (low < 0xdc00 || low > 0xdfff) throw syntaxError('surrogate', at);
  return at + 12;
}

function checkedHexAt(bytes: Uint8Array, at: number, end: number, escapeAt: number): number {
  if (at + 4 > end) throw syntaxError('unicodeHex', escapeAt);
  const value = hexAt(bytes, at);
  if (value < 0) throw syntaxError('unicodeHex', escapeAt);
  return value;
}

/** Value of four hexadecimal digits; -1 when one is none. */
function hexAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index]!;
    const digit =
      byte >= 48 && byte <= 57 ? byte - 48 : (byte | 32) >= 97 && (byte | 32) <= 102 ? (byte | 32) - 87 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function writeUtf8(out: Uint8Array, at: number, point: number): number {
  let length = at;
  if (point < 0x80) {
    out[length++] = point;
  } else if (point < 0x800) {
    out[length++] = 0xc0 | (point >> 6);
    out[length++] = 0x80 | (point & 63);
  } else if (point < 0x10000) {
    out[length++] = 0xe0 | (point >> 12);
    out[length++] = 0x80 | ((point >> 6) & 63);
    out[length++] = 0x80 | (point & 63);
  } else {
    out[length++] = 0xf0 | (point >> 18);
    out[length++] = 0x80 | ((point >> 12) & 63);
    out[length++] = 0x80 | ((point >> 6) & 63);
    out[length++] = 0x80 | (point & 63);
  }
  return length;
}
