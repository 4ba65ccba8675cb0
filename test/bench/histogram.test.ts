import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  bucketTopUs,
  countAboveUs,
  createHistogram,
  decodeHistogram,
  encodeHistogram,
  meanMs,
  mergeInto,
  quantileMs,
  rankOf,
  recordMs,
  recordUs,
  resetHistogram,
  valueAtRankUs,
} from '../../src/bench/stats/histogram.js';

const latency = fc.oneof(
  fc.nat({ max: 5_000 }),
  fc.nat({ max: 5_000_000 }),
  fc.integer({ min: 0, max: 0xffffffff }),
);

function fill(values: readonly number[]) {
  const histogram = createHistogram();
  for (const value of values) recordUs(histogram, value);
  return histogram;
}

describe('histogram', () => {
  it('is never below the exact quantile and at most 0.1 % above it', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (values, p) => {
          const sorted = [...values].sort((a, b) => a - b);
          const rank = rankOf(p, values.length);
          const exact = sorted[rank - 1]!;
          const told = valueAtRankUs(fill(values), rank)!;
          expect(told).toBeGreaterThanOrEqual(exact);
          expect(told - exact).toBeLessThanOrEqual(exact / 1000);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('puts every value into the bucket that holds it, without gaps', () => {
    let below = -1;
    for (let index = 0; index < 23_552; index++) {
      const top = bucketTopUs(index);
      expect(bucketOf(top)).toBe(index);
      expect(bucketOf(below + 1)).toBe(index);
      below = top;
    }
    expect(below).toBe(0xffffffff);
  });

  it('adds up without loss and survives storing', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (left, right) => {
        const merged = fill(left);
        mergeInto(merged, fill(right));
        const { counts, ...figures } = fill([...left, ...right]);
        expect(Buffer.from(merged.counts.buffer).equals(Buffer.from(counts.buffer))).toBe(true);
        expect(merged).toMatchObject(figures);
        const stored = decodeHistogram(JSON.parse(JSON.stringify(encodeHistogram(merged))) as number[]);
        expect(Buffer.from(stored.counts.buffer).equals(Buffer.from(merged.counts.buffer))).toBe(true);
        expect(stored.count).toBe(merged.count);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps mean, least and most exactly, and clamps what is out of range', () => {
    const histogram = createHistogram();
    expect(quantileMs(histogram, 0.5)).toBeUndefined();
    expect(meanMs(histogram)).toBeUndefined();
    for (const ms of [1, 2, 3.5, -1, 1e9]) recordMs(histogram, ms);
    expect(histogram.minUs).toBe(0);
    expect(histogram.maxUs).toBe(0xffffffff);
    expect(quantileMs(histogram, 0.5)).toBe(2);
    expect(countAboveUs(histogram, 1_000)).toBe(3);
    resetHistogram(histogram);
    expect(histogram).toEqual(createHistogram());
  });

  it('takes the exact rank where the share times the count is whole', () => {
    expect(rankOf(0.99, 1000)).toBe(990);
    expect(rankOf(0.999, 1000)).toBe(999);
    expect(rankOf(0.5, 1)).toBe(1);
  });
});
