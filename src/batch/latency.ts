interface Point {
  rows: number;
  ms: number;
  /** Mean absolute deviation. */
  spreadMs: number;
}

const WEIGHT = 0.15;
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

  observe(rows: number, ms: number): void {
    const slot = 32 - Math.clz32(Math.max(rows, 1));
    const point = this.#points[slot];
    if (point === undefined) {
      this.#points[slot] = { rows: Math.max(rows, 1), ms, spreadMs: 0 };
      return;
    }
    point.spreadMs += WEIGHT * (Math.abs(ms - point.ms) - point.spreadMs);
    point.ms += WEIGHT * (ms - point.ms);
    point.rows += WEIGHT * (rows - point.rows);
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
