import { describe, expect, it } from 'vitest';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.js';
import { MetricsCollector } from '../../src/supervisor/metrics-collector.js';

const count = (value: number): MetricsSnapshot => ({
  servingWrappedRunCount: [{ labels: [], value }],
  residentBytes: [{ labels: ['1'], value: 5 }],
});

describe('the metrics of all workers', () => {
  it('add up, and do not fall when a worker ends', async () => {
    const collector = new MetricsCollector();
    const collect = (answers: Record<number, MetricsSnapshot>) =>
      collector.collect(
        Object.keys(answers).map(Number),
        (worker, id) => collector.take(worker, id, answers[worker] ?? {}),
        {},
      );
    expect((await collect({ 1: count(10), 2: count(5) })).servingWrappedRunCount).toEqual([
      { labels: [], value: 15 },
    ]);
    collector.forget(1);
    const after = await collect({ 2: count(6), 3: count(1) });
    expect(after.servingWrappedRunCount).toEqual([{ labels: [], value: 17 }]);
    collector.forget(2);
    collector.forget(3);
    expect(await collect({})).toEqual({ servingWrappedRunCount: [{ labels: [], value: 17 }] });
  });

  it('do not wait for a worker that ends meanwhile', async () => {
    const collector = new MetricsCollector();
    const collecting = collector.collect(
      [1, 2],
      (worker, id) => worker === 1 && collector.take(1, id, count(1)),
      {},
    );
    collector.forget(2);
    expect((await collecting).servingWrappedRunCount).toEqual([{ labels: [], value: 1 }]);
  });
});
