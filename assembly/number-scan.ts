/*
 * Reads runs of JSON numbers, eight digits in one step. AssemblyScript: `npm run build` makes
 * dist/http/codec/number-scan.wasm of it, and src/http/codec/number-scan.ts is its only caller.
 *
 * It takes what is common and stops in front of anything else, so that whatever it takes is surely right.
 * A power of ten up to 10^22 and an integer up to 2^53 are exact doubles; the quotient or product of two such is
 * rounded once, and so is the number that JSON.parse would give.
 */

/** Bytes of text looked at in one call; zeros behind them let eight bytes be read at any place. */
const WINDOW_BYTES: i32 = 16384;
const PADDING_BYTES: i32 = 16;

/** Where the caller puts text, finds the numbers, and finds how far it came. */
export const textAt: usize = memory.data(WINDOW_BYTES + PADDING_BYTES, 16);
/** A number takes at least two bytes with its comma. */
export const numbersAt: usize = memory.data((WINDOW_BYTES / 2 + 1) * 8, 16);
/** Five i32: offset in the text, count of numbers, lists closed, size of the first list, size of the open list. */
export const stateAt: usize = memory.data(20, 16);
export const windowBytes: i32 = WINDOW_BYTES;

const MAX_EXACT_INTEGER: u64 = 9007199254740991;
const MAX_EXACT_POWER: i32 = 22;
/** Bound of the relative error of a 64-bit integer and a power of ten made one in doubles, with room to spare. */
const DOUBLE_SLACK: f64 = 1e-14;
const MAX_POWER: i32 = 60;
/** Exponents above this are refused before they are added up. */
const MAX_WRITTEN_POWER: i32 = 10000;

const POWERS: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37,
  1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55,
  1e56, 1e57, 1e58, 1e59, 1e60,
]);
const INTEGER_POWERS: usize = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
]);
/** Integers up to here have room in 64 bits for so many digits more. */
const ROOM: usize = memory.data<u64>([
  0, 1844674407370955000, 184467440737095500, 18446744073709550, 1844674407370954, 184467440737094,
  18446744073708, 1844674407369, 184467440735,
]);

/** What `scan` expects at its first byte. */
const VALUE: i32 = 0;
const AFTER_VALUE: i32 = 1;
const AFTER_LIST: i32 = 2;

/** How it ended: with the last list, at the end of the text, in front of something unusual, or of no list of numbers. */
const DONE: i32 = 0;
const AT_END_BEFORE_VALUE: i32 = 1;
const AT_END_AFTER_VALUE: i32 = 2;
const AT_END_AFTER_LIST: i32 = 3;
const UNUSUAL: i32 = 4;
const FAILED: i32 = 5;

/** What the numbers become; float64 is 1, and what integers are written as too. */
const FLOAT32: i32 = 0;
const INTEGER: i32 = 2;

function skipSpace(from: usize): usize {
  let pos = from;
  let byte = load<u8>(pos);
  while (byte === 32 || byte === 10 || byte === 13 || byte === 9) byte = load<u8>(++pos);
  return pos;
}

/** How many of the eight bytes, each XOR '0', are digits before the first that is none. */
function countDigits(chunk: u64): i32 {
  // A byte above 9 gets its top bit set; what it carries over lies behind it, where nobody looks.
  return i32(ctz(((chunk + 0x7676767676767676) | chunk) & 0x8080808080808080) >> 3);
}

/** The number written by the first `count` of eight bytes, each XOR '0'; `count` is 1 to 8. */
function joinDigits(chunk: u64, count: i32): u64 {
  // The digits move to the end and zeros before them; then neighbours are added up: pairs, fours, eight.
  let sum = chunk << u64(64 - 8 * count);
  sum = (sum * 2561) >> 8;
  sum = ((sum & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((sum & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

function stop(status: i32, pos: usize, out: usize, lists: i32, width: i32, open: i32, size: u32): i32 {
  store<i32>(stateAt, i32(pos - textAt));
  store<i32>(stateAt, i32((out - numbersAt) / size), 4);
  store<i32>(stateAt, lists, 8);
  store<i32>(stateAt, width, 12);
  store<i32>(stateAt, open, 16);
  return status;
}

/**
 * Reads from offset `from` to `to`, writes the numbers from the start of their region, and says how it ended; the
 * offset it leaves is that of the first byte not taken. `least` and `most` bound integers, which are written as
 * doubles.
 */
export function scan(
  from: i32,
  to: i32,
  expected: i32,
  kind: i32,
  isSingle: bool,
  least: f64,
  most: f64,
): i32 {
  const end = textAt + to;
  let pos = textAt + from;
  let out = numbersAt;
  const size: u32 = kind === FLOAT32 ? 4 : 8;
  let lists = load<i32>(stateAt, 8);
  let width = load<i32>(stateAt, 12);
  let open = load<i32>(stateAt, 16);
  let state = expected;
  do {
    if (state === VALUE) {
      const start = pos;
      if (load<u8>(pos) <= 32) pos = skipSpace(pos);
      const isNegative = load<u8>(pos) === 45;
      if (isNegative) pos++;
      let digits: u64;
      let exponent = 0;
      let point: usize = 0;
      // Most numbers begin with one digit and a point: taken together, their fraction needs not wait for a count.
      const head = u64(load<u16>(pos) ^ 0x2e30);
      if (head <= 9 && kind !== INTEGER) {
        digits = head;
        pos += 2;
        point = pos;
      } else {
        const chunk = load<u64>(pos) ^ 0x3030303030303030;
        let count = countDigits(chunk);
        // A zero with digits behind it is no number: whoever looks closer says so.
        if (count === 0 || ((chunk & 0xff) === 0 && count > 1)) {
          const isCut = count === 0 && pos >= end;
          return stop(isCut ? AT_END_BEFORE_VALUE : UNUSUAL, start, out, lists, width, open, size);
        }
        digits = joinDigits(chunk, count);
        pos += count;
        while (count === 8) {
          const next = load<u64>(pos) ^ 0x3030303030303030;
          count = countDigits(next);
          if (count === 0) break;
          if (digits > load<u64>(ROOM + (usize(count) << 3))) {
            return stop(UNUSUAL, start, out, lists, width, open, size);
          }
          digits = digits * load<u64>(INTEGER_POWERS + (usize(count) << 3)) + joinDigits(next, count);
          pos += count;
        }
        if (load<u8>(pos) === 46 && kind !== INTEGER) point = ++pos;
      }
      if (point !== 0) {
        let count: i32;
        do {
          const chunk = load<u64>(pos) ^ 0x3030303030303030;
          count = countDigits(chunk);
          if (count === 0) break;
          if (digits > load<u64>(ROOM + (usize(count) << 3))) {
            return stop(UNUSUAL, start, out, lists, width, open, size);
          }
          digits = digits * load<u64>(INTEGER_POWERS + (usize(count) << 3)) + joinDigits(chunk, count);
          pos += count;
        } while (count === 8);
        if (pos === point) {
          return stop(pos >= end ? AT_END_BEFORE_VALUE : UNUSUAL, start, out, lists, width, open, size);
        }
        exponent = i32(point - pos);
      }
      let byte = load<u8>(pos);
      if ((byte | 32) === 101 && kind !== INTEGER) {
        byte = load<u8>(++pos);
        const isDivided = byte === 45;
        if (isDivided || byte === 43) byte = load<u8>(++pos);
        const first = pos;
        let power = 0;
        while (byte - 48 <= 9 && power < MAX_WRITTEN_POWER) {
          power = power * 10 + i32(byte - 48);
          byte = load<u8>(++pos);
        }
        if (pos === first) {
          return stop(pos >= end ? AT_END_BEFORE_VALUE : UNUSUAL, start, out, lists, width, open, size);
        }
        exponent += isDivided ? -power : power;
      }
      // The text may go on in the next window.
      if (pos >= end) return stop(AT_END_BEFORE_VALUE, start, out, lists, width, open, size);
      if (byte - 48 <= 9) return stop(UNUSUAL, start, out, lists, width, open, size);
      let value = f64(digits);
      if (digits <= MAX_EXACT_INTEGER && exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
        if (exponent < 0) value /= load<f64>(POWERS + (usize(-exponent) << 3));
        else if (exponent > 0) value *= load<f64>(POWERS + (usize(exponent) << 3));
      } else {
        if (kind !== FLOAT32 || exponent < -MAX_POWER || exponent > 18) {
          return stop(UNUSUAL, start, out, lists, width, open, size);
        }
        if (exponent < 0) value /= load<f64>(POWERS + (usize(-exponent) << 3));
        else value *= load<f64>(POWERS + (usize(exponent) << 3));
        // Both ends of the error interval round alike: so does the number between them.
        const low = f32(value * (1 - DOUBLE_SLACK));
        if (low !== f32(value * (1 + DOUBLE_SLACK))) {
          return stop(UNUSUAL, start, out, lists, width, open, size);
        }
        value = f64(low);
      }
      if (kind === FLOAT32) {
        store<f32>(out, f32(isNegative ? -value : value));
        out += 4;
      } else {
        if (kind === INTEGER) {
          value = isNegative ? 0 - value : value;
          if (value < least || value > most) return stop(FAILED, start, out, lists, width, open, size);
          store<f64>(out, value);
        } else {
          store<f64>(out, isNegative ? -value : value);
        }
        out += 8;
      }
      open++;
      state = AFTER_VALUE;
    }
    if (state === AFTER_VALUE) {
      let byte = load<u8>(pos);
      if (byte === 44) {
        pos++;
        state = VALUE;
        continue;
      }
      if (byte <= 32) {
        pos = skipSpace(pos);
        byte = load<u8>(pos);
        if (byte === 44) {
          pos++;
          state = VALUE;
          continue;
        }
      }
      if (byte !== 93) {
        return stop(pos >= end ? AT_END_AFTER_VALUE : FAILED, pos, out, lists, width, open, size);
      }
      pos++;
      if (lists++ === 0) width = open;
      if (width !== open) return stop(FAILED, pos, out, lists, width, open, size);
      open = 0;
      if (isSingle) return stop(DONE, pos, out, lists, width, open, size);
      state = AFTER_LIST;
    }
    // Another list follows, or this was the last one.
    const after = pos;
    pos = skipSpace(pos);
    const hasComma = load<u8>(pos) === 44;
    if (hasComma) pos = skipSpace(pos + 1);
    if (pos >= end) return stop(AT_END_AFTER_LIST, after, out, lists, width, open, size);
    if (!hasComma || load<u8>(pos) !== 91) return stop(DONE, after, out, lists, width, open, size);
    pos++;
    state = VALUE;
  } while (state === VALUE);
  return FAILED;
}
