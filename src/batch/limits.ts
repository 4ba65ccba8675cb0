import { TfdeployError } from '../base/error.js';
import type { MixedShapes } from './mixed-shapes.js';

/** What bounds the batches of one model version. */
export interface BatchLimits {
  /** Rows of one batch at most. */
  readonly maxRows: number;
  /** A single request above `maxRows` is split over batches; otherwise it is refused. */
  readonly isSplitting: boolean;
  /** Batches that may wait; what does not fit is refused at once. */
  readonly maxQueuedBatches: number;
  /** Memory that the inputs of waiting requests may hold. */
  readonly maxQueuedBytes: number;
  /** Sizes that a batch is padded to, rising, the last one `maxRows`; empty means any size. */
  readonly allowedRows: readonly number[];
  /** How long a batch that is not full waits although the executor is idle. */
  readonly waitMs: number;
  /** Anything but `apart` also keeps batches from being made smaller than `maxRows` by measurement. */
  readonly mixedShapes: MixedShapes;
}

export const DEFAULT_LIMITS: BatchLimits = {
  maxRows: 128,
  isSplitting: true,
  maxQueuedBatches: 1000,
  maxQueuedBytes: 256 * 1024 * 1024,
  allowedRows: [],
  waitMs: 0,
  mixedShapes: 'apart',
};

/** TensorFlow Serving's rules for `allowed_batch_sizes`. Throws TFD_CONFIG. */
export function checkLimits(limits: BatchLimits): BatchLimits {
  const fail = (message: string) => new TfdeployError('TFD_CONFIG', message);
  if (!Number.isInteger(limits.maxRows) || limits.maxRows < 1)
    throw fail(`max_batch_size must be a positive integer; was ${limits.maxRows}`);
  if (!Number.isInteger(limits.maxQueuedBatches) || limits.maxQueuedBatches < 1)
    throw fail(`max_enqueued_batches must be a positive integer; was ${limits.maxQueuedBatches}`);
  let last = 0;
  for (const size of limits.allowedRows) {
    if (size <= last) throw fail('allowed_batch_sizes entries must be monotonically increasing');
    last = size;
  }
  if (limits.allowedRows.length > 0 && last !== limits.maxRows)
    throw fail('Last entry in allowed_batch_sizes must match max_batch_size');
  return limits;
}

/** The size a batch of `rows` runs at. */
export function paddedRows(limits: BatchLimits, rows: number): number {
  for (const size of limits.allowedRows) if (size >= rows) return size;
  return rows;
}
