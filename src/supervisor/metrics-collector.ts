import { type MetricsSnapshot, mergeSnapshots } from '../metrics/snapshot.js';
import { METRICS, type MetricRow } from '../metrics/table.js';

/** A worker that does not send its metrics within this is left out. */
const WAIT_MS = 1000;

/** Collects the metrics of all workers into one snapshot, which counts on when a worker is replaced. */
export class MetricsCollector {
  readonly #latest = new Map<number, MetricsSnapshot>();
  #past: MetricsSnapshot = {};
  #nextId = 1;
  readonly #waiting = new Map<number, { readonly missing: Set<number>; readonly finish: () => void }>();

  /** `ask` sends a request to a worker; the own metrics are the supervisor's. */
  collect(
    workers: readonly number[],
    ask: (worker: number, id: number) => void,
    own: MetricsSnapshot,
  ): Promise<MetricsSnapshot> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        const all = [own, this.#past];
        for (const worker of workers) all.push(this.#latest.get(worker) ?? {});
        resolve(mergeSnapshots(all));
      };
      const timer = setTimeout(finish, WAIT_MS);
      this.#waiting.set(id, { missing: new Set(workers), finish });
      for (const worker of workers) ask(worker, id);
      if (workers.length === 0) finish();
    });
  }

  take(worker: number, id: number, metrics: MetricsSnapshot): void {
    this.#latest.set(worker, metrics);
    this.#tick(id, worker);
  }

  /** Counters of a worker that ended stay in the sums: a counter must not fall. */
  forget(worker: number): void {
    const last = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (last !== undefined) this.#past = mergeSnapshots([this.#past, keepCounts(last)]);
    for (const id of [...this.#waiting.keys()]) this.#tick(id, worker);
  }

  #tick(id: number, worker: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    waiting.missing.delete(worker);
    if (waiting.missing.size === 0) waiting.finish();
  }
}

/** Gauges end with their process, and so do counters that carry its name. */
function keepCounts(snapshot: MetricsSnapshot): MetricsSnapshot {
  const rows: Readonly<Record<string, MetricRow>> = METRICS;
  const isKept = (row: MetricRow | undefined) =>
    row !== undefined && row.type !== 'gauge' && !row.labels.includes('worker');
  return Object.fromEntries(Object.entries(snapshot).filter(([name]) => isKept(rows[name])));
}
