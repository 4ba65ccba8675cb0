import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/bench/random.js';
import { regularizedBeta } from '../../src/bench/stats/beta.js';
import {
  confidenceWithin,
  intervalRanks,
  leastSamples,
  median,
  medianSlope,
  varianceInflation,
} from '../../src/bench/stats/inference.js';

/** P[Bin(n, q) ≤ t], summed term by term. */
function binomialAtMost(n: number, q: number, t: number): number {
  let term = (1 - q) ** n;
  let sum = term;
  for (let k = 1; k <= t; k++) {
    term *= ((n - k + 1) / k) * (q / (1 - q));
    sum += term;
  }
  return sum;
}

describe('statistics', () => {
  it('computes the incomplete beta function', () => {
    expect(regularizedBeta(0.5, 1, 1)).toBeCloseTo(0.5, 12);
    expect(regularizedBeta(0.3, 2, 3)).toBeCloseTo(0.3483, 12);
    expect(regularizedBeta(0, 2, 3)).toBe(0);
    expect(regularizedBeta(1, 2, 3)).toBe(1);
    for (const [n, q, t] of [
      [100, 0.01, 0],
      [459, 0.01, 0],
      [1000, 0.01, 12],
      [1000, 0.1, 90],
      [50, 0.5, 20],
    ] as const) {
      expect(regularizedBeta(1 - q, n - t, t + 1)).toBeCloseTo(binomialAtMost(n, q, t), 10);
    }
  });

  it.each([
    [0.9, 0.99, 0, 44],
    [0.9, 0.99, 1, 64],
    [0.99, 0.99, 0, 459],
    [0.99, 0.99, 1, 662],
    [0.99, 0.99, 20, 3304],
    [0.99, 0.95, 100, 11_799],
    [0.999, 0.99, 5, 13_105],
  ])(
    'needs MLPerf’s number of requests for p=%f at confidence %f with %i violations',
    (p, c, violations, least) => {
      expect(confidenceWithin(p, least, violations)).toBeGreaterThanOrEqual(c);
      expect(confidenceWithin(p, least - 1, violations)).toBeLessThan(c);
    },
  );

  it('knows from how many requests a quantile has an upper bound', () => {
    expect([0.5, 0.9, 0.99, 0.999].map((p) => leastSamples(p))).toEqual([5, 29, 299, 2995]);
    expect(leastSamples(0.99, 0.99)).toBe(459);
    expect(confidenceWithin(0.99, 0, 0)).toBe(0);
    expect(confidenceWithin(0.99, 10, 10)).toBe(0);
  });

  it('gives intervals that hold the true quantile in about 95 % of samples', () => {
    const random = createRandom(7);
    let held = 0;
    const rounds = 400;
    const count = 2000;
    for (let round = 0; round < rounds; round++) {
      const sample = Array.from({ length: count }, random).sort((a, b) => a - b);
      const { low, high } = intervalRanks(0.99, count);
      if (sample[low! - 1]! <= 0.99 && sample[high! - 1]! >= 0.99) held++;
    }
    expect(held / rounds).toBeGreaterThan(0.92);
    expect(intervalRanks(0.99, 250).high).toBeUndefined();
    expect(intervalRanks(0.01, 50).low).toBeUndefined();
  });

  it('widens for slow requests that cling together, not for those that chance spreads', () => {
    const totals = new Array<number>(10).fill(500);
    expect(varianceInflation([50, 0, 0, 0, 0, 0, 0, 0, 0, 0], totals)).toBeGreaterThan(40);
    expect(varianceInflation([5, 5, 5, 5, 5, 5, 5, 5, 5, 5], totals)).toBe(1);
    expect(varianceInflation([0, 0, 0, 0, 0], [1, 1, 1, 1, 1])).toBe(1);
    expect(varianceInflation([3], [10])).toBe(1);
  });

  it('finds trends that one outlier does not make', () => {
    expect(medianSlope([0, 0, 0, 250, 0, 0])).toBe(0);
    expect(medianSlope([0, 10, 20, 30])).toBe(10);
    expect(medianSlope([4])).toBe(0);
    expect(median([])).toBeUndefined();
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1])).toBe(2.5);
  });
});
