import { expect, it } from 'vitest';
import { recordServingBatch } from '../../src/commands/serving-batch-metrics.js';
import { exposeMetrics } from '../../src/metrics/exposition.js';
import { Registry } from '../../src/metrics/registry.js';

it("records a batch under TensorFlow Serving's names, in microseconds and rows", () => {
  const registry = new Registry();
  recordServingBatch(registry, {
    signature: 's',
    requests: 2,
    rows: 3,
    paddedRows: 4,
    computeMs: 1,
    listRequests: () => [
      { rows: 1, queueMs: 0.2 },
      { rows: 2, queueMs: 0.3 },
    ],
  });
  const text = exposeMetrics(registry.snapshot(), 'serving').replaceAll(
    ':tensorflow:serving:batching_session:',
    '',
  );
  for (const line of [
    'wrapped_run_count 1',
    'processed_batch_size_sum 4',
    'padding_size_sum{execution_batch_size="4"} 1',
    'input_batch_size_count 2',
    'input_batch_size_sum 3',
    'queuing_latency_sum{thread_pool_name="batch_threads"} 500',
  ])
    expect(text).toContain(`${line}\n`);
});
