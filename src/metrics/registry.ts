import type { MetricsSnapshot, Series } from './snapshot.js';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  METRICS,
  type MetricName,
  type MetricRow,
} from './table.js';

/** Series of one metric above which new label values are folded into `other`: memory stays bounded. */
const MAX_SERIES = 2000;
const FOLDED = 'other';

export class Counter {
  value = 0;

  constructor(readonly labels: readonly string[]) {}

  add(amount = 1): void {
    this.value += amount;
  }
}

export class Gauge {
  value = 0;

  constructor(readonly labels: readonly string[]) {}

  set(value: number): void {
    this.value = value;
  }

  add(amount: number): void {
    this.value += amount;
  }
}

export class Histogram {
  /** Observations by bucket (not cumulative); the last one is above every bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(
    readonly labels: readonly string[],
    private readonly bounds: readonly number[],
  ) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    counts[bucket]!++;
    this.sum += value;
  }
}

type Child = Counter | Gauge | Histogram;

/**
 * The metrics of one process. Children are looked up once and kept by whoever records, so that recording is
 * an addition. Label values must come from bounded sets (loaded models, not request paths).
 */
export class Registry {
  readonly #families = new Map<MetricName, Map<string, Child>>();
  readonly #collectors: (() => void)[] = [];

  counter(name: CounterName, ...labels: string[]): Counter {
    return this.#child(name, labels, () => new Counter(labels)) as Counter;
  }

  gauge(name: GaugeName, ...labels: string[]): Gauge {
    return this.#child(name, labels, () => new Gauge(labels)) as Gauge;
  }

  histogram(name: HistogramName, ...labels: string[]): Histogram {
    const row: MetricRow = METRICS[name];
    return this.#child(name, labels, () => new Histogram(labels, row.buckets ?? [])) as Histogram;
  }

  /** Runs before each snapshot: the place to set gauges that are read from elsewhere. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Drops every series that carries this value of the label: of a version that was unloaded, say. */
  forget(wanted: Readonly<Record<string, string>>): void {
    for (const [name, children] of this.#families) {
      const { labels }: MetricRow = METRICS[name];
      const places = Object.entries(wanted).map(([label, value]) => [labels.indexOf(label), value] as const);
      if (places.some(([place]) => place < 0)) continue;
      for (const [key, child] of children) {
        if (places.every(([place, value]) => child.labels[place] === value)) children.delete(key);
      }
    }
  }

  /** Plain data, fit for JSON and for messages between processes. */
  snapshot(): MetricsSnapshot {
    for (const collect of this.#collectors) collect();
    const snapshot: Record<string, Series[]> = {};
    for (const [name, children] of this.#families) {
      snapshot[name] = [...children.values()].map((child) =>
        child instanceof Histogram
          ? { labels: child.labels, counts: [...child.counts], sum: child.sum }
          : { labels: child.labels, value: child.value },
      );
    }
    return snapshot;
  }

  #child(name: MetricName, labels: string[], create: () => Child): Child {
    const row: MetricRow = METRICS[name];
    if (labels.length !== row.labels.length) {
      throw new Error(`${row.name} takes the labels ${row.labels.join(', ')}`);
    }
    let children = this.#families.get(name);
    if (children === undefined) {
      children = new Map();
      this.#families.set(name, children);
    }
    const key = labels.join('\u0000');
    const known = children.get(key);
    if (known !== undefined) return known;
    if (children.size >= MAX_SERIES && labels.some((label) => label !== FOLDED)) {
      labels.fill(FOLDED);
      return this.#child(name, labels, create);
    }
    const child = create();
    children.set(key, child);
    return child;
  }
}
