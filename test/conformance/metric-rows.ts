import { expect } from 'vitest';
import { exposeMetrics, labelText } from '../../src/metrics/exposition.js';
import { Registry } from '../../src/metrics/registry.js';
import type { Row } from './row.js';

/** Row 91: the text of metrics under TensorFlow Serving's names. */
export const METRIC_ROWS: readonly Row<undefined>[] = [
  {
    row: 91,
    run: async () => {
      const registry = new Registry();
      registry.counter('servingRequestCount', 'abc', 'OK').add(2);
      const latency = registry.histogram('servingQueuingLatency', 'good');
      for (const value of [1, 150, 1e9]) latency.observe(value);
      const text = exposeMetrics(registry.snapshot(), 'serving');
      expect(text).toContain('# TYPE :tensorflow:serving:request_count counter\n');
      expect(text).toContain(':tensorflow:serving:request_count{model_name="abc",status="OK"} 2\n');
      const queuing = ':tensorflow:serving:batching_session:queuing_latency';
      expect(text).toContain(`# TYPE ${queuing} histogram\n`);
      expect(text).toContain(`${queuing}_bucket{thread_pool_name="good",le="100"} 1\n`);
      expect(text).toContain(`${queuing}_bucket{thread_pool_name="good",le="+Inf"} 3\n`);
      expect(text).toContain(`${queuing}_count{thread_pool_name="good"} 3\n`);
      expect(labelText(['name'], ['"abc\\"'])).toBe('{name="\\"abc\\\\\\""}');
    },
  },
];
