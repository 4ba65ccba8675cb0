import { concatBytes, decodeUtf8, encodeUtf8 } from '../text/bytes.js';
import { mapStrings } from '../text/transform.js';
import { decodeCharacters } from '../text/unicode.js';
import type { Kernel, KernelFamily } from '../types.js';

/** Characters of Unicode 17, which the tables of TensorFlow Text do not know: they stay, and nothing moves past them. */
const YOUNGER =
  /[\u1acf-\u1add\u1ae0-\u1aeb\ua7ce\ua7d2\ua7d4\ua7f1\u{10efa}\u{10efb}\u{16ea0}-\u{16eb8}\u{1e6e3}\u{1e6e6}\u{1e6ee}\u{1e6ef}\u{1e6f5}]/u;
const YOUNGER_RUNS = new RegExp(`(${YOUNGER.source}+)`, 'u');

const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;

/** Full case folding of one character. Through upper to lower case, but for what has no simple way back. */
function foldCharacter(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (IGNORABLE.test(char)) return '';
  // Dotless i is its own, and Cherokee folds to its capitals.
  if (code === 0x131 || (code >= 0x13a0 && code <= 0x13f5)) return char;
  if (code >= 0xab70 && code <= 0xabbf) return String.fromCodePoint(code - 0xab70 + 0x13a0);
  if (code >= 0x13f8 && code <= 0x13fd) return String.fromCodePoint(code - 8);
  return char.toUpperCase().toLowerCase();
}

const foldOnce = (text: string) => Array.from(text, foldCharacter).join('');

/** Unicode's NFKC_Casefold. */
function foldCase(text: string): string {
  for (let before = text; ; ) {
    const after = foldOnce(foldOnce(before).normalize('NFKC')).normalize('NFKC');
    if (after === before) return after;
    before = after;
  }
}

function mapOlder(text: string, map: (text: string) => string): string {
  if (!YOUNGER.test(text)) return map(text);
  return text
    .split(YOUNGER_RUNS)
    .map((part) => (YOUNGER.test(part) ? part : map(part)))
    .join('');
}

/** Applies a change of text to the well-formed runs of bytes; what is not UTF-8 stays as it is. */
function mapRuns(bytes: Uint8Array, map: (text: string) => string): Uint8Array {
  const whole = decodeUtf8(bytes);
  if (whole !== undefined) return encodeUtf8(mapOlder(whole, map));
  const parts: Uint8Array[] = [];
  const characters = decodeCharacters(bytes);
  let start = 0;
  characters.forEach(({ offset, isBad }, index) => {
    if (!isBad) return;
    const end = characters[index + 1]?.offset ?? bytes.length;
    const run = decodeUtf8(bytes.subarray(start, offset)) ?? '';
    parts.push(encodeUtf8(mapOlder(run, map)), bytes.subarray(offset, end));
    start = end;
  });
  parts.push(encodeUtf8(mapOlder(decodeUtf8(bytes.subarray(start)) ?? '', map)));
  return concatBytes(parts);
}

const FORMS: ReadonlySet<string> = new Set(['NFC', 'NFD', 'NFKC', 'NFKD']);

const normalize: Kernel = (context) => {
  const form = context.attrs.string('normalization_form').toUpperCase();
  if (!FORMS.has(form)) throw context.fail(`Unknown normalization_form: ${form}`);
  return [mapStrings(context.strings(0), (bytes) => mapRuns(bytes, (text) => text.normalize(form)))];
};

export const normalizeKernels: KernelFamily = {
  NormalizeUTF8: normalize,
  CaseFoldUTF8: (context) => [mapStrings(context.strings(0), (bytes) => mapRuns(bytes, foldCase))],
};
