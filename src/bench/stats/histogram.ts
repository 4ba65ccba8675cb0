/**
 * Latencies in microseconds, in logarithmic buckets that are split linearly: a value is kept within 0.1 %
 * (three digits) from 1 µs to 71 minutes, in a fixed 94 kB, and two histograms add up without loss.
 */
const LINEAR_BITS = 11;
const LINEAR = 1 << LINEAR_BITS;
const HALF = LINEAR >> 1;
const BUCKETS = LINEAR + (32 - LINEAR_BITS) * HALF;
const MAX_US = 0xffffffff;

export interface Histogram {
  readonly counts: Uint32Array;
  count: number;
  sumUs: number;
  minUs: number;
  maxUs: number;
}

export function createHistogram(): Histogram {
  return { counts: new Uint32Array(BUCKETS), count: 0, sumUs: 0, minUs: Number.POSITIVE_INFINITY, maxUs: 0 };
}

/** Adds one value; below 0 it counts as 0, above 71 minutes as that. */
export function recordMs(histogram: Histogram, ms: number): void {
  recordUs(histogram, Math.round(ms * 1e3));
}

export function recordUs(histogram: Histogram, us: number): void {
  const value = us > 0 ? Math.min(us, MAX_US) : 0;
  const index = bucketOf(value);
  histogram.counts[index] = histogram.counts[index]! + 1;
  histogram.count++;
  histogram.sumUs += value;
  if (value < histogram.minUs) histogram.minUs = value;
  if (value > histogram.maxUs) histogram.maxUs = value;
}

export function mergeInto(target: Histogram, source: Histogram): void {
  for (let index = 0; index < BUCKETS; index++) {
    target.counts[index] = target.counts[index]! + source.counts[index]!;
  }
  target.count += source.count;
  target.sumUs += source.sumUs;
  target.minUs = Math.min(target.minUs, source.minUs);
  target.maxUs = Math.max(target.maxUs, source.maxUs);
}

export function resetHistogram(histogram: Histogram): void {
  histogram.counts.fill(0);
  histogram.count = 0;
  histogram.sumUs = 0;
  histogram.minUs = Number.POSITIVE_INFINITY;
  histogram.maxUs = 0;
}

export function bucketOf(us: number): number {
  if (us < LINEAR) return us;
  const shift = 32 - Math.clz32(us) - LINEAR_BITS;
  return LINEAR + (shift - 1) * HALF + ((us >>> shift) - HALF);
}

/** The highest value that falls into a bucket. */
export function bucketTopUs(index: number): number {
  if (index < LINEAR) return index;
  const shift = Math.floor((index - LINEAR) / HALF) + 1;
  const part = ((index - LINEAR) % HALF) + HALF;
  return (part + 1) * 2 ** shift - 1;
}

/**
 * The value of rank `rank` (1 is the smallest), rounded up within its bucket, so that a latency is never told
 * too low. Undefined when there are not that many values.
 */
export function valueAtRankUs(histogram: Histogram, rank: number): number | undefined {
  if (rank > histogram.count || histogram.count === 0) return undefined;
  let left = Math.max(1, rank);
  for (let index = 0; index < BUCKETS; index++) {
    left -= histogram.counts[index]!;
    if (left <= 0) return Math.min(bucketTopUs(index), histogram.maxUs);
  }
  return histogram.maxUs;
}

/** The smallest value that at least the share `p` of all values do not exceed, in ms. */
export function quantileMs(histogram: Histogram, p: number): number | undefined {
  const us = valueAtRankUs(histogram, rankOf(p, histogram.count));
  return us === undefined ? undefined : us / 1e3;
}

/** Rank of the p-quantile among `count` values. The small step back keeps 0.99·1000 at 990. */
export function rankOf(p: number, count: number): number {
  return Math.max(1, Math.ceil(p * count - 1e-9));
}

/** How many values are above `us`, counting by buckets: those that share its bucket are not above it. */
export function countAboveUs(histogram: Histogram, us: number): number {
  let above = 0;
  for (let index = bucketOf(Math.min(us, MAX_US)) + 1; index < BUCKETS; index++) {
    above += histogram.counts[index]!;
  }
  return above;
}

export function meanMs(histogram: Histogram): number | undefined {
  return histogram.count === 0 ? undefined : histogram.sumUs / histogram.count / 1e3;
}

/** The filled buckets as [top of bucket in µs, count, …]: what a report stores. */
export function encodeHistogram(histogram: Histogram): number[] {
  const pairs: number[] = [];
  for (let index = 0; index < BUCKETS; index++) {
    const count = histogram.counts[index]!;
    if (count > 0) pairs.push(bucketTopUs(index), count);
  }
  return pairs;
}

/** The histogram that `encodeHistogram` wrote, exact to its buckets. */
export function decodeHistogram(pairs: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const us = pairs[at]!;
    const count = pairs[at + 1]!;
    const index = bucketOf(us);
    histogram.counts[index] = histogram.counts[index]! + count;
    histogram.count += count;
    histogram.sumUs += us * count;
    histogram.minUs = Math.min(histogram.minUs, us);
    histogram.maxUs = Math.max(histogram.maxUs, us);
  }
  return histogram;
}
