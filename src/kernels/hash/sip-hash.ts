import { rotateLeft, WordReader, wrap } from './words.js';

/** SipHash-2-4 of a byte string under a 128-bit key (two words), as TensorFlow's strong hash uses it. */
export function sipHash(bytes: Uint8Array, key0: bigint, key1: bigint): bigint {
  const words = new WordReader(bytes);
  let v0 = key0 ^ 0x736f6d6570736575n;
  let v1 = key1 ^ 0x646f72616e646f6dn;
  let v2 = key0 ^ 0x6c7967656e657261n;
  let v3 = key1 ^ 0x7465646279746573n;
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = wrap(v0 + v1);
      v2 = wrap(v2 + v3);
      v1 = rotateLeft(v1, 13n) ^ v0;
      v3 = rotateLeft(v3, 16n) ^ v2;
      v0 = rotateLeft(v0, 32n);
      v2 = wrap(v2 + v1);
      v0 = wrap(v0 + v3);
      v1 = rotateLeft(v1, 17n) ^ v2;
      v3 = rotateLeft(v3, 21n) ^ v0;
      v2 = rotateLeft(v2, 32n);
    }
  };
  const absorb = (word: bigint) => {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(words.u64(at));
  let last = BigInt(bytes.length & 0xff) << 56n;
  for (let at = whole; at < bytes.length; at++) last |= BigInt(bytes[at] ?? 0) << BigInt(8 * (at - whole));
  absorb(last);
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}
