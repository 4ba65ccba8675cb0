import { multiply, WordReader, wrap } from './words.js';

const M = 0xc6a4a7935bd1e995n;
const R = 47n;
/** The seed that TensorFlow's one-argument Hash64 uses. */
const SEED = 0xdecafcaffen;

/** TensorFlow's own 64-bit hash (a Murmur variant), used by the old StringToHashBucket. */
export function hash64(bytes: Uint8Array, seed: bigint = SEED): bigint {
  const words = new WordReader(bytes);
  const whole = bytes.length & ~7;
  let h = seed ^ multiply(BigInt(bytes.length), M);
  for (let at = 0; at < whole; at += 8) {
    let k = multiply(words.u64(at), M);
    k = multiply(k ^ (k >> R), M);
    h = multiply(h ^ k, M);
  }
  if (whole < bytes.length) {
    let tail = 0n;
    for (let at = bytes.length - 1; at >= whole; at--) tail = (tail << 8n) | BigInt(bytes[at] ?? 0);
    h = multiply(h ^ tail, M);
  }
  h = multiply(h ^ (h >> R), M);
  return wrap(h ^ (h >> R));
}
