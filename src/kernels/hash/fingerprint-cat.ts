const MULTIPLIER = 0xc6a4a7935bd1e995n;
const shiftMix = (value: bigint): bigint => value ^ (value >> 47n);

/** One fingerprint of two, in order (TensorFlow's FingerprintCat64). */
export function fingerprintCat64(first: bigint, second: bigint): bigint {
  const mixed = BigInt.asUintN(64, shiftMix(BigInt.asUintN(64, second * MULTIPLIER)) * MULTIPLIER);
  const joined = BigInt.asUintN(64, (first ^ MULTIPLIER ^ mixed) * MULTIPLIER);
  return shiftMix(BigInt.asUintN(64, shiftMix(joined) * MULTIPLIER));
}
