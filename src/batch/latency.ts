interface Point {
  rows: number;
  ms: number;
  /** Mean absolute deviation. */
  spreadMs: number;
  /** Runs seen. */
  count: number;
  lastMs: number;
}

const WEIGHT = 0.15;
/** A run that took longer than so many times the usual counts as that: a pause of the machine is no new rule. */
const OUTLIER_FACTOR = 3;
/** What was not seen for this long, or was far too high, is half forgotten with the next run. */
const STALE_MS = 1000;
const DOUBT_WEIGHT = 0.5;
/** About the 98th percentile of a run when the deviation is that of a normal distribution. */
const SPREAD_FACTOR = 2.5;

/**
 * How long a batch of so many rows takes, learnt from the runs seen: one moving average per power of two of
 * the size, straight lines between them, never falling with the size.
 */
export class LatencyTable {
  readonly #points: (Point | undefined)[] = [];

  get isEmpty(): boolean {
    return this.#points.length === 0;
  }

  observe(rows: number, ms: number, nowMs: number): void {
    const slot = 32 - Math.clz32(Math.max(rows, 1));
    const point = this.#points[slot];
    if (point === undefined) {
      this.#points[slot] = { rows: Math.max(rows, 1), ms, spreadMs: 0, count: 1, lastMs: nowMs };
      return;
    }
    const isDoubtful = nowMs - point.lastMs > STALE_MS || ms * OUTLIER_FACTOR < point.ms;
    const weight = Math.max(isDoubtful ? DOUBT_WEIGHT : WEIGHT, 1 / ++point.count);
    const seenMs = Math.min(ms, OUTLIER_FACTOR * point.ms);
    point.spreadMs += weight * (Math.abs(seenMs - point.ms) - point.spreadMs);
    point.ms += weight * (seenMs - point.ms);
    point.rows += weight * (rows - point.rows);
    point.lastMs = nowMs;
  }

  /** A pessimistic run time in milliseconds; 0 while nothing is known. */
  estimate(rows: number): number {
    return this.#interpolate(rows, SPREAD_FACTOR);
  }

  /** The usual run time in milliseconds; 0 while nothing is known. */
  mean(rows: number): number {
    return this.#interpolate(rows, 0);
  }

  /** The most rows, at most `limit`, whose pessimistic run time fits into `budgetMs`; 0 when not even one does. */
  fit(budgetMs: number, limit: number): number {
    if (this.estimate(limit) <= budgetMs) return limit;
    let low = 0;
    let high = limit;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.estimate(middle) <= budgetMs) low = middle;
      else high = middle;
    }
    return low;
  }

  #interpolate(rows: number, factor: number): number {
    let before: Point | undefined;
    let floor = 0;
    for (const point of this.#points) {
      if (point === undefined) continue;
      const value = Math.max(point.ms + factor * point.spreadMs, floor);
      if (rows <= point.rows) {
        if (before === undefined) return value;
        const share = (rows - before.rows) / (point.rows - before.rows);
        return floor + share * (value - floor);
      }
      before = point;
      floor = value;
    }
    // Beyond the largest size seen, rows cost what they cost there on average.
    return before === undefined ? 0 : (floor * rows) / before.rows;
  }
}
