import type { DType } from '../../base/dtype.js';
import type { Random } from '../random.js';

/** Writes one random element as JSON text at `offset` and returns the offset behind it. */
export type WriteValue = (target: Buffer, offset: number, random: Random) => number;

/** The longest text one element may take. */
export const MOST_VALUE_BYTES = 64;

const WORDS = 'the model reads a plain line of words that a user might have typed here today'.split(' ');

/** Seven digits, as a float32 has: `0.1234567`. */
const writeUnit: WriteValue = (target, offset, random) => {
  let digits = Math.floor(random() * 1e7);
  target[offset] = 48;
  target[offset + 1] = 46;
  for (let at = offset + 8; at > offset + 1; at--) {
    target[at] = 48 + (digits % 10);
    digits = Math.floor(digits / 10);
  }
  return offset + 9;
};

function writeInteger(low: number, high: number): WriteValue {
  return (target, offset, random) => {
    const value = low + Math.floor(random() * (high - low + 1));
    return offset + target.write(String(value), offset, 'latin1');
  };
}

const writeWords: WriteValue = (target, offset, random) => {
  const first = Math.floor(random() * WORDS.length);
  const text = `"${WORDS[first]} ${WORDS[Math.floor(random() * WORDS.length)]} ${Math.floor(random() * 1e4)}"`;
  return offset + target.write(text, offset, 'latin1');
};

const writeBool: WriteValue = (target, offset, random) =>
  offset + target.write(random() < 0.5 ? 'true' : 'false', offset, 'latin1');

/**
 * Random values per data type, within what nearly every model accepts: unit floats, full bytes, and small
 * integers elsewhere, since those are mostly indices into a vocabulary of unknown size.
 */
export const VALUE_WRITERS: Readonly<Partial<Record<DType, WriteValue>>> = {
  float16: writeUnit,
  bfloat16: writeUnit,
  float32: writeUnit,
  float64: writeUnit,
  uint8: writeInteger(0, 255),
  int8: writeInteger(-128, 127),
  int16: writeInteger(0, 9),
  uint16: writeInteger(0, 9),
  int32: writeInteger(0, 9),
  uint32: writeInteger(0, 9),
  int64: writeInteger(0, 9),
  uint64: writeInteger(0, 9),
  bool: writeBool,
  string: writeWords,
};
