import type { BatchReport } from '../batch/scheduler.js';
import type { Registry } from '../metrics/registry.js';

/** TensorFlow Serving's name for its one pool of batching threads. */
const POOL = 'batch_threads';

/** Records batches under TensorFlow Serving's names, in its units: microseconds and rows. */
export function recordServingBatch(registry: Registry, report: BatchReport): void {
  const { rows, paddedRows } = report;
  registry.counter('servingWrappedRunCount').add();
  registry.histogram('servingProcessedBatchSize').observe(paddedRows);
  registry.histogram('servingPaddingSize', String(paddedRows)).observe(paddedRows - rows);
  for (const request of report.listRequests()) {
    registry.histogram('servingInputBatchSize').observe(request.rows);
    registry.histogram('servingQueuingLatency', POOL).observe(request.queueMs * 1000);
  }
}
