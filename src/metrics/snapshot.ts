import { METRICS, type MetricName, type MetricRow } from './table.js';

/** One series: a counter or gauge has a value, a histogram has counts by bucket and a sum. */
export interface Series {
  readonly labels: readonly string[];
  readonly value?: number;
  readonly counts?: readonly number[];
  readonly sum?: number;
}

/** All series of a process by the metric's key in the table. */
export type MetricsSnapshot = Readonly<Partial<Record<string, readonly Series[]>>>;

/** The snapshots of several processes as one. Series of metrics that are not in the table are left out. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const merged: Record<string, Series[]> = {};
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const byLabels = new Map<string, Series>();
    for (const snapshot of snapshots) {
      for (const series of snapshot[name] ?? []) {
        const key = series.labels.join('\u0000');
        const before = byLabels.get(key);
        byLabels.set(key, before === undefined ? series : mergeSeries(METRICS[name], before, series));
      }
    }
    if (byLabels.size > 0) merged[name] = [...byLabels.values()];
  }
  return merged;
}

function mergeSeries(row: MetricRow, left: Series, right: Series): Series {
  if (row.type === 'histogram') {
    const counts = (left.counts ?? []).map((count, bucket) => count + (right.counts?.[bucket] ?? 0));
    return { labels: left.labels, counts, sum: (left.sum ?? 0) + (right.sum ?? 0) };
  }
  const [first, second] = [left.value ?? 0, right.value ?? 0];
  return { labels: left.labels, value: row.merge === 'max' ? Math.max(first, second) : first + second };
}
