import { fingerprint64 } from '../hash/fingerprint64.js';
import { hash64 } from '../hash/hash64.js';
import { sipHash } from '../hash/sip-hash.js';
import type { Kernel, KernelContext, KernelFamily } from '../types.js';

type Hash = (bytes: Uint8Array) => bigint;

function toBuckets(makeHash: (context: KernelContext) => Hash): Kernel {
  return (context) => {
    const buckets = context.attrs.bigint('num_buckets');
    if (buckets < 1n) throw context.fail(`num_buckets ${buckets} is not positive`);
    const input = context.strings(0);
    const hash = makeHash(context);
    const data = BigInt64Array.from(input.data, (bytes) => hash(bytes) % buckets);
    return [{ dtype: 'int64', shape: input.shape, data }];
  };
}

export const hashBuckets: KernelFamily = {
  StringToHashBucket: toBuckets(() => hash64),
  StringToHashBucketFast: toBuckets(() => fingerprint64),
  StringToHashBucketStrong: toBuckets((context) => {
    const key = context.attrs.ints64('key');
    if (key.length !== 2) throw context.fail(`key holds ${key.length} numbers instead of 2`);
    const [key0, key1] = key.map((word) => BigInt.asUintN(64, word)) as [bigint, bigint];
    return (bytes) => sipHash(bytes, key0, key1);
  }),
};
