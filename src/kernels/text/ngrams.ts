import type { Kernel, KernelFamily } from '../types.js';
import { concatBytes } from './bytes.js';

/** StringNGrams over the rows of a ragged vector of tokens. */
const stringNGrams: Kernel = (context) => {
  const { attrs } = context;
  const tokens = context.strings(0).data;
  const splits = Array.from(context.numeric(1).data, Number);
  const splitsDType = context.numeric(1).dtype;
  const separator = attrs.bytes('separator');
  const widths = attrs.ints('ngram_widths');
  const leftPad = attrs.bytes('left_pad');
  const rightPad = attrs.bytes('right_pad');
  const padWidth = attrs.int('pad_width');
  const isKeepingShort = attrs.bool('preserve_short_sequences');
  if (
    splits[0] !== 0 ||
    splits.at(-1) !== tokens.length ||
    splits.some((at, i) => i > 0 && at < (splits[i - 1] ?? 0))
  ) {
    throw context.fail(`row splits [${splits.slice(0, 8)}…] do not fit ${tokens.length} tokens`);
  }
  const values: Uint8Array[] = [];
  const outSplits = [0];
  const padsFor = (width: number) => (padWidth < 0 ? width - 1 : Math.min(padWidth, width - 1));
  const emit = (row: readonly Uint8Array[], width: number, pads: number) => {
    const padded = [
      ...new Array<Uint8Array>(pads).fill(leftPad),
      ...row,
      ...new Array<Uint8Array>(pads).fill(rightPad),
    ];
    for (let at = 0; at + width <= padded.length; at++) {
      const parts = padded.slice(at, at + width).flatMap((part, i) => (i === 0 ? [part] : [separator, part]));
      values.push(concatBytes(parts));
    }
  };
  // Without any token no row gives n-grams, not even of padding, as TensorFlow has it.
  const rows = tokens.length === 0 ? 0 : splits.length - 1;
  outSplits.push(...new Array<number>(splits.length - 1 - rows).fill(0));
  for (let r = 0; r < rows; r++) {
    const row = tokens.slice(splits[r], splits[r + 1]);
    const before = values.length;
    for (const width of widths) emit(row, width, padsFor(width));
    if (isKeepingShort && values.length === before && row.length > 0) {
      // A row too short for every width still gives one n-gram, as long as the row and its padding.
      const pads = Math.max(0, padWidth);
      emit(row, row.length + 2 * pads, pads);
    }
    outSplits.push(values.length);
  }
  const data = splitsDType === 'int64' ? BigInt64Array.from(outSplits, BigInt) : Int32Array.from(outSplits);
  return [
    { dtype: 'string', shape: [values.length], data: values },
    { dtype: splitsDType, shape: [outSplits.length], data },
  ];
};

export const ngrams: KernelFamily = { StringNGrams: stringNGrams };
