import { multiply, rotateRight, WordReader, wrap } from './words.js';

// Constants and steps of FarmHash's Fingerprint64, whose values are fixed for all time.
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

const mixShift = (value: bigint): bigint => value ^ (value >> 47n);

function hash16(u: bigint, v: bigint, mul: bigint): bigint {
  const a = mixShift(multiply(u ^ v, mul));
  const b = mixShift(multiply(v ^ a, mul));
  return multiply(b, mul);
}

function hashUpTo16(bytes: Uint8Array, words: WordReader): bigint {
  const n = bytes.length;
  if (n === 0) return K2;
  const mul = wrap(K2 + BigInt(n) * 2n);
  if (n >= 8) {
    const a = wrap(words.u64(0) + K2);
    const b = words.u64(n - 8);
    const c = wrap(multiply(rotateRight(b, 37n), mul) + a);
    const d = multiply(wrap(rotateRight(a, 25n) + b), mul);
    return hash16(c, d, mul);
  }
  if (n >= 4) return hash16(wrap(BigInt(n) + (words.u32(0) << 3n)), words.u32(n - 4), mul);
  const y = (bytes[0] ?? 0) + ((bytes[n >> 1] ?? 0) << 8);
  const z = n + ((bytes[n - 1] ?? 0) << 2);
  return multiply(mixShift(multiply(BigInt(y), K2) ^ multiply(BigInt(z), K0)), K2);
}

function hashUpTo32(n: number, words: WordReader): bigint {
  const mul = wrap(K2 + BigInt(n) * 2n);
  const a = multiply(words.u64(0), K1);
  const b = words.u64(8);
  const c = multiply(words.u64(n - 8), mul);
  const d = multiply(words.u64(n - 16), K2);
  const first = wrap(rotateRight(wrap(a + b), 43n) + rotateRight(c, 30n) + d);
  return hash16(first, wrap(a + rotateRight(wrap(b + K2), 18n) + c), mul);
}

function hashUpTo64(n: number, words: WordReader): bigint {
  const mul = wrap(K2 + BigInt(n) * 2n);
  const a = multiply(words.u64(0), K2);
  const b = words.u64(8);
  const c = multiply(words.u64(n - 8), mul);
  const d = multiply(words.u64(n - 16), K2);
  const y = wrap(rotateRight(wrap(a + b), 43n) + rotateRight(c, 30n) + d);
  const z = hash16(y, wrap(a + rotateRight(wrap(b + K2), 18n) + c), mul);
  const e = multiply(words.u64(16), mul);
  const f = words.u64(24);
  const g = multiply(wrap(y + words.u64(n - 32)), mul);
  const h = multiply(wrap(z + words.u64(n - 24)), mul);
  const first = wrap(rotateRight(wrap(e + f), 43n) + rotateRight(g, 30n) + h);
  return hash16(first, wrap(e + rotateRight(wrap(f + a), 18n) + g), mul);
}

function hashBlock32(words: WordReader, at: number, seedA: bigint, seedB: bigint): readonly [bigint, bigint] {
  const z = words.u64(at + 24);
  const a = wrap(seedA + words.u64(at));
  const c = a;
  const sum = wrap(a + words.u64(at + 8) + words.u64(at + 16));
  const b = wrap(rotateRight(wrap(seedB + a + z), 21n) + rotateRight(sum, 44n));
  return [wrap(sum + z), wrap(b + c)];
}

interface LongState {
  x: bigint;
  y: bigint;
  z: bigint;
  v: readonly [bigint, bigint];
  w: readonly [bigint, bigint];
}

function hashLong(n: number, words: WordReader): bigint {
  const seed = 81n;
  const y0 = wrap(seed * K1 + 113n);
  const state: LongState = {
    x: wrap(seed * K2 + words.u64(0)),
    y: y0,
    z: multiply(mixShift(wrap(y0 * K2 + 113n)), K2),
    v: [0n, 0n],
    w: [0n, 0n],
  };
  const round = (at: number, mul: bigint, factor: bigint) => {
    state.x = multiply(rotateRight(wrap(state.x + state.y + state.v[0] + words.u64(at + 8)), 37n), mul);
    state.y = multiply(rotateRight(wrap(state.y + state.v[1] + words.u64(at + 48)), 42n), mul);
    state.x ^= wrap(state.w[1] * factor);
    state.y = wrap(state.y + state.v[0] * factor + words.u64(at + 40));
    state.z = multiply(rotateRight(wrap(state.z + state.w[0]), 33n), mul);
    state.v = hashBlock32(words, at, multiply(state.v[1], mul), wrap(state.x + state.w[0]));
    state.w = hashBlock32(words, at + 32, wrap(state.z + state.w[1]), wrap(state.y + words.u64(at + 16)));
    [state.x, state.z] = [state.z, state.x];
  };
  const end = Math.floor((n - 1) / 64) * 64;
  for (let at = 0; at < end; at += 64) round(at, K1, 1n);
  const mul = wrap(K1 + ((state.z & 0xffn) << 1n));
  const w0 = wrap(state.w[0] + BigInt((n - 1) & 63));
  const v0 = wrap(state.v[0] + w0);
  state.v = [v0, state.v[1]];
  state.w = [wrap(w0 + v0), state.w[1]];
  round(n - 64, mul, 9n);
  const { x, y, z, v, w } = state;
  const first = wrap(hash16(v[0], w[0], mul) + multiply(mixShift(y), K0) + z);
  return hash16(first, wrap(hash16(v[1], w[1], mul) + x), mul);
}

/** FarmHash Fingerprint64 of a byte string, as an unsigned 64-bit number. */
export function fingerprint64(bytes: Uint8Array): bigint {
  const words = new WordReader(bytes);
  if (bytes.length <= 16) return hashUpTo16(bytes, words);
  if (bytes.length <= 32) return hashUpTo32(bytes.length, words);
  if (bytes.length <= 64) return hashUpTo64(bytes.length, words);
  return hashLong(bytes.length, words);
}
