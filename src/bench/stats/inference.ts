import { regularizedBeta } from './beta.js';

const Z_95 = 1.959964;

/**
 * The fewest requests from which the p-quantile has an upper bound at all: with fewer, even the largest value
 * seen may lie below it. 299 for p99 and 2 995 for p99.9 at 95 %.
 */
export function leastSamples(p: number, confidence = 0.95): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(p) - 1e-9);
}

/**
 * Ranks (1-based, of `count` values) that hold the p-quantile between them at 95 %. `inflation` (≥ 1) is how
 * much less the values tell than independent ones would. A bound beyond the values is undefined.
 */
export function intervalRanks(
  p: number,
  count: number,
  inflation = 1,
): { low: number | undefined; high: number | undefined } {
  const half = Z_95 * Math.sqrt(count * p * (1 - p) * Math.max(1, inflation));
  const low = Math.floor(count * p - half);
  const high = Math.ceil(count * p + half) + 1;
  return { low: low >= 1 ? low : undefined, high: high <= count ? high : undefined };
}

/**
 * How sure it is that the p-quantile is within a bound that `violations` of `count` requests broke:
 * 1 − P[Bin(count, 1 − p) ≤ violations], the rule of MLPerf's early stopping.
 */
export function confidenceWithin(p: number, count: number, violations: number): number {
  if (count <= 0 || violations >= count) return 0;
  return 1 - regularizedBeta(p, count - violations, violations + 1);
}

/**
 * Variance inflation: how much more the number of slow requests per window scatters than chance would make
 * it. Requests that wait in one queue are late together, so that n of them tell less than n.
 */
export function varianceInflation(violations: readonly number[], totals: readonly number[]): number {
  const count = totals.reduce((sum, value) => sum + value, 0);
  const hits = violations.reduce((sum, value) => sum + value, 0);
  const share = count === 0 ? 0 : hits / count;
  if (violations.length < 5 || share === 0 || share === 1) return 1;
  let square = 0;
  for (const [index, hit] of violations.entries()) square += (hit - share * totals[index]!) ** 2;
  const observed = square / (violations.length - 1);
  const binomial = (share * (1 - share) * count) / violations.length;
  return Math.max(1, observed / binomial);
}

/** The median of all slopes between two points (Theil–Sen): a trend that single outliers do not bend. */
export function medianSlope(values: readonly number[]): number {
  const slopes: number[] = [];
  for (let left = 0; left < values.length; left++) {
    for (let right = left + 1; right < values.length; right++) {
      slopes.push((values[right]! - values[left]!) / (right - left));
    }
  }
  return median(slopes) ?? 0;
}

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
