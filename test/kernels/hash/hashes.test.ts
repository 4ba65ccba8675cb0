import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fingerprint64 } from '../../../src/kernels/hash/fingerprint64.js';
import { hash64 } from '../../../src/kernels/hash/hash64.js';
import { sipHash } from '../../../src/kernels/hash/sip-hash.js';

interface Recorded {
  readonly buckets: string;
  readonly key: readonly [string, string];
  readonly strings: readonly string[];
  readonly fast: readonly string[];
  readonly legacy: readonly string[];
  readonly strong: readonly string[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/hashes.json', import.meta.url), 'utf8'),
) as Recorded;
const buckets = BigInt(recorded.buckets);
const [key0, key1] = recorded.key.map(BigInt) as [bigint, bigint];
const strings = recorded.strings.map((text) => new Uint8Array(Buffer.from(text, 'base64')));

it.each([
  ['fingerprint64', 'fast', fingerprint64],
  ['hash64', 'legacy', hash64],
  ['sipHash', 'strong', (bytes: Uint8Array) => sipHash(bytes, key0, key1)],
] as const)('%s gives TensorFlow’s buckets for every length', (_name, column, hash) => {
  expect(strings.map((bytes) => (hash(bytes) % buckets).toString())).toEqual(recorded[column]);
});
