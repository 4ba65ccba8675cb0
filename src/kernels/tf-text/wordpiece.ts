import { tableKey } from '../tables.js';
import { concatBytes } from '../text/bytes.js';
import { decodeCharacters } from '../text/unicode.js';
import type { HostTable, Kernel, KernelContext, KernelFamily } from '../types.js';
import { int64, splitsOf, texts } from './split.js';

interface Piece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface Settings {
  readonly table: HostTable;
  readonly suffix: Uint8Array;
  readonly maxBytes: number;
  /** 0 is without limit. */
  readonly maxChars: number;
  /** What an unknown word becomes; undefined keeps the word. */
  readonly unknown: Uint8Array | undefined;
  readonly isSplittingUnknown: boolean;
}

function readSettings(context: KernelContext): Settings {
  const { attrs } = context;
  const handle = context.inputs[1];
  if (handle?.dtype !== 'resource' || !('table' in handle)) throw context.fail('its vocabulary is no table');
  if (handle.table.keyDType !== 'string') throw context.fail('the keys of its vocabulary are no strings');
  return {
    table: handle.table,
    suffix: attrs.bytes('suffix_indicator'),
    maxBytes: attrs.int('max_bytes_per_word'),
    maxChars: attrs.int('max_chars_per_token', 0),
    unknown: attrs.bool('use_unknown_token') ? attrs.bytes('unknown_token') : undefined,
    isSplittingUnknown: attrs.bool('split_unknown_characters', false),
  };
}

/** Where the characters from a place on end; each ill-formed run is one. */
function boundariesFrom(word: Uint8Array, start: number): number[] {
  const rest = decodeCharacters(word.subarray(start));
  return [...rest.slice(1).map(({ offset }) => start + offset), word.length];
}

/** Greedy, longest first; a word with a part that is not in the vocabulary is unknown as a whole. */
function splitWord(word: Uint8Array, settings: Settings): Piece[] {
  const { table, suffix, unknown, maxChars } = settings;
  if (word.length === 0) return [];
  if (word.length > settings.maxBytes)
    return [{ bytes: unknown ?? word, start: 0, end: (unknown ?? word).length }];
  const pieces: Piece[] = [];
  for (let start = 0; start < word.length; ) {
    const mark = (bytes: Uint8Array) => (start === 0 ? bytes : concatBytes([suffix, bytes]));
    const ends = boundariesFrom(word, start);
    const tried = maxChars > 0 ? ends.slice(0, maxChars) : ends;
    const end = [...tried]
      .reverse()
      .find((each) => table.map.has(tableKey(mark(word.subarray(start, each)))));
    if (end !== undefined) pieces.push({ bytes: mark(word.subarray(start, end)), start, end });
    else if (!settings.isSplittingUnknown) return [{ bytes: unknown ?? word, start: 0, end: word.length }];
    else pieces.push({ bytes: mark(unknown ?? word.subarray(start, ends[0]!)), start, end: ends[0]! });
    start = pieces[pieces.length - 1]!.end;
  }
  return pieces;
}

const wordpiece: Kernel = (context) => {
  const settings = readSettings(context);
  const partition = context.attrs.string('output_row_partition_type', 'row_lengths');
  if (partition !== 'row_lengths' && partition !== 'row_splits')
    throw context.fail(`output_row_partition_type "${partition}" is not known`);
  const rows = context.strings(0).data.map((word) => splitWord(word, settings));
  const all = rows.flat();
  return [
    texts(all.map(({ bytes }) => bytes)),
    int64(partition === 'row_splits' ? splitsOf(rows) : rows.map((row) => row.length)),
    int64(all.map(({ start }) => start)),
    int64(all.map(({ end }) => end)),
  ];
};

export const wordpieceKernels: KernelFamily = { WordpieceTokenizeWithOffsets: wordpiece };
