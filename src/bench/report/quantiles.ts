import {
  bucketOf,
  bucketTopUs,
  countAboveUs,
  type Histogram,
  meanMs,
  rankOf,
  valueAtRankUs,
} from '../stats/histogram.js';
import { intervalRanks, leastSamples, varianceInflation } from '../stats/inference.js';

/** The quantiles a report shows. */
export const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;

export type QuantileName = keyof typeof QUANTILES;

/** A quantile, or why there is none. */
export interface Quantile {
  readonly ms: number | null;
  /** 95 % confidence interval; a bound the requests do not give is null. */
  readonly interval95Ms: readonly [number | null, number | null] | null;
  /** `samples`: fewer requests than the quantile needs. `failures`: it falls among the requests that failed. */
  readonly withheld: 'samples' | 'failures' | null;
  readonly needsRequests: number;
}

export interface LatencySummary {
  readonly count: number;
  readonly minMs: number | null;
  readonly meanMs: number | null;
  readonly maxMs: number | null;
  readonly quantiles: Readonly<Record<QuantileName, Quantile>>;
}

export interface WindowCounts {
  readonly response: Histogram;
  readonly failed: number;
}

/**
 * Sums up latencies. `failed` requests count as slower than every answer. With `windows`, the intervals are
 * widened by how much the slow requests of one second cling together.
 */
export function summarize(
  histogram: Histogram,
  failed = 0,
  windows: readonly WindowCounts[] = [],
): LatencySummary {
  const isEmpty = histogram.count === 0;
  return {
    count: histogram.count + failed,
    minMs: isEmpty ? null : histogram.minUs / 1e3,
    meanMs: meanMs(histogram) ?? null,
    maxMs: isEmpty ? null : histogram.maxUs / 1e3,
    quantiles: {
      p50: takeQuantile(histogram, failed, QUANTILES.p50, windows),
      p90: takeQuantile(histogram, failed, QUANTILES.p90, windows),
      p95: takeQuantile(histogram, failed, QUANTILES.p95, windows),
      p99: takeQuantile(histogram, failed, QUANTILES.p99, windows),
      p999: takeQuantile(histogram, failed, QUANTILES.p999, windows),
    },
  };
}

function takeQuantile(
  histogram: Histogram,
  failed: number,
  p: number,
  windows: readonly WindowCounts[],
): Quantile {
  const count = histogram.count + failed;
  const needsRequests = leastSamples(p);
  const withhold = (withheld: Quantile['withheld']): Quantile => ({
    ms: null,
    interval95Ms: null,
    withheld,
    needsRequests,
  });
  if (count < needsRequests) return withhold('samples');
  const us = valueAtRankUs(histogram, rankOf(p, count));
  if (us === undefined) return withhold('failures');
  const top = bucketTopUs(bucketOf(us));
  const slow = windows.map((window) => countAboveUs(window.response, top) + window.failed);
  const totals = windows.map((window) => window.response.count + window.failed);
  const ranks = intervalRanks(p, count, varianceInflation(slow, totals));
  const bound = (rank: number | undefined): number | null => {
    const value = rank === undefined ? undefined : valueAtRankUs(histogram, rank);
    return value === undefined ? null : value / 1e3;
  };
  return { ms: us / 1e3, interval95Ms: [bound(ranks.low), bound(ranks.high)], withheld: null, needsRequests };
}
