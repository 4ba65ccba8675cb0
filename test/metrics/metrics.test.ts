import { describe, expect, it } from 'vitest';
import { exposeMetrics, labelText } from '../../src/metrics/exposition.js';
import { recordProcess } from '../../src/metrics/process-metrics.js';
import { Registry } from '../../src/metrics/registry.js';
import { mergeSnapshots } from '../../src/metrics/snapshot.js';
import { METRICS, type MetricRow } from '../../src/metrics/table.js';

const rows: readonly MetricRow[] = Object.values(METRICS);

describe('the metric table', () => {
  it('names each metric once, in base units, with rising buckets', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows.filter((one) => one.path === undefined)) {
      expect(row.name).toMatch(/^(tfdeploy|process)_[a-z_]+$/);
      expect(row.help).toMatch(/\.$/);
      expect(row.name.endsWith('_total')).toBe(row.type === 'counter');
    }
    for (const { buckets } of rows) {
      expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
    }
  });
});

describe('the text format', () => {
  it('shows counters, gauges and cumulative histograms', () => {
    const registry = new Registry();
    registry.counter('shed', 'm', '1', 'full').add(2);
    registry.gauge('queueDepth', 'm', '1').set(3);
    const histogram = registry.histogram('batchRows', 'm', '1', 's');
    for (const value of [1, 2, 2, 3, 5000]) histogram.observe(value);
    const lines = exposeMetrics(registry.snapshot()).split('\n');
    expect(lines).toContain('# TYPE tfdeploy_shed_total counter');
    expect(lines).toContain('tfdeploy_shed_total{model="m",version="1",reason="full"} 2');
    expect(lines).toContain('tfdeploy_queue_depth{model="m",version="1"} 3');
    expect(lines).toContain('tfdeploy_batch_rows_bucket{model="m",version="1",signature="s",le="2"} 3');
    expect(lines).toContain('tfdeploy_batch_rows_bucket{model="m",version="1",signature="s",le="1024"} 4');
    expect(lines).toContain('tfdeploy_batch_rows_bucket{model="m",version="1",signature="s",le="+Inf"} 5');
    expect(lines).toContain('tfdeploy_batch_rows_sum{model="m",version="1",signature="s"} 5008');
    expect(lines).toContain('tfdeploy_batch_rows_count{model="m",version="1",signature="s"} 5');
    expect(lines.find((line) => line.startsWith('# HELP tfdeploy_shed_total '))).toBeDefined();
  });

  it('escapes label values', () => {
    expect(labelText(['name'], ['"abc\\"'])).toBe('{name="\\"abc\\\\\\""}');
    expect(labelText(['name'], ['a\nb'])).toBe('{name="a\\nb"}');
  });

  it('shows the names of TensorFlow Serving on their own path only', () => {
    const registry = new Registry();
    registry.counter('servingRequestCount', 'm', 'OK').add();
    registry.counter('badConnections', 'parse').add();
    const serving = exposeMetrics(registry.snapshot(), 'serving');
    expect(serving).toContain('# TYPE :tensorflow:serving:request_count counter\n');
    expect(serving).toContain(':tensorflow:serving:request_count{model_name="m",status="OK"} 1\n');
    expect(serving).not.toContain('tfdeploy');
    expect(exposeMetrics(registry.snapshot())).not.toContain('tensorflow:serving');
  });
});

describe('the registry', () => {
  it('folds label values beyond its bound into one series', () => {
    const registry = new Registry();
    for (let index = 0; index < 5000; index++) registry.counter('modelLoadFailures', `m${index}`).add();
    const series = registry.snapshot().modelLoadFailures!;
    expect(series.length).toBeLessThanOrEqual(2001);
    expect(series.reduce((sum, one) => sum + (one.value ?? 0), 0)).toBe(5000);
    expect(series.find((one) => one.labels[0] === 'other')?.value).toBe(3000);
  });

  it('forgets an unloaded version', () => {
    const registry = new Registry();
    registry.counter('shed', 'm', '1', 'full').add();
    registry.counter('shed', 'm', '2', 'full').add();
    registry.gauge('connections', 'rest').set(1);
    registry.forget({ model: 'm', version: '1' });
    const snapshot = registry.snapshot();
    expect(snapshot.shed?.map((series) => series.labels[1])).toEqual(['2']);
    expect(snapshot.connections).toHaveLength(1);
  });

  it('merges workers: sums, the largest, histograms bucket by bucket', () => {
    const workers = [1, 2].map((load) => {
      const registry = new Registry();
      registry.counter('shed', 'm', '1', 'full').add(load);
      registry.gauge('modelLoadSeconds', 'm', '1').set(load);
      registry.gauge('connections', 'rest').set(load);
      registry.histogram('batchRows', 'm', '1', 's').observe(load);
      registry.gauge('residentBytes', String(load)).set(100);
      return JSON.parse(JSON.stringify(registry.snapshot()));
    });
    const merged = mergeSnapshots(workers);
    expect(merged.shed).toEqual([{ labels: ['m', '1', 'full'], value: 3 }]);
    expect(merged.modelLoadSeconds![0]!.value).toBe(2);
    expect(merged.connections![0]!.value).toBe(3);
    expect(merged.batchRows![0]).toMatchObject({ sum: 3 });
    expect(merged.batchRows![0]!.counts!.slice(0, 3)).toEqual([1, 1, 0]);
    expect(merged.residentBytes).toHaveLength(2);
  });

  it('records the process', () => {
    const registry = new Registry();
    recordProcess(registry, '0');
    const snapshot = registry.snapshot();
    expect(snapshot.residentBytes![0]!.value).toBeGreaterThan(1e6);
    expect(snapshot.cpuSeconds![0]!.value).toBeGreaterThan(0);
    expect(snapshot.eventLoopDelaySeconds).toHaveLength(3);
  });
});
