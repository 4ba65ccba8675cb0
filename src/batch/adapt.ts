import type { BatchLimits } from './limits.js';
import type { Bucket, Job, Run } from './state.js';

/** A larger batch must make a row cheaper by this share to be worth its latency. */
const MIN_GAIN = 0.05;
/**
 * A run of this length has long paid for its hand-over. A larger one takes memory that the engine never gives back,
 * and looks cheaper already because its requests, while they wait for it, send nothing that takes the core from it.
 */
export const LONG_RUN_MS = 10;
const MIN_GAIN_OF_LONG = 0.25;
const RETRY_MS = 30_000;

/** The share by which a row has to become cheaper in a batch that takes so long. */
export function minGain(runMs: number): number {
  return runMs < LONG_RUN_MS ? MIN_GAIN : MIN_GAIN_OF_LONG;
}

/**
 * Learns from a finished run how many rows make a full batch: twice as many when a queue is there to fill them
 * and the last doubling paid, half as many when it did not. A size that did not pay is tried again later,
 * because measurements beside other work can be wrong.
 */
export function adaptFullRows<J extends Job>(
  bucket: Bucket<J>,
  run: Run<J>,
  limits: BatchLimits,
  now: number,
): void {
  const { latency, usefulRows: full } = bucket;
  if (
    !bucket.canShare ||
    limits.allowedRows.length > 0 ||
    limits.mixedShapes !== 'apart' ||
    run.rows < full * 0.75
  )
    return;
  const half = Math.ceil(full / 2);
  const perRow = latency.mean(full) / full;
  const perRowOfHalf = latency.mean(half) / half;
  const hasPaid = half === full || perRow <= perRowOfHalf * (1 - minGain(latency.mean(full)));
  if (!hasPaid) {
    // Only a clear loss shrinks the batch: between the two thresholds it stays as it is.
    if (perRow < perRowOfHalf) return;
    bucket.usefulRows = half;
    bucket.growAtMs = now + RETRY_MS;
    return;
  }
  if (bucket.rows >= full && full < limits.maxRows && now >= bucket.growAtMs)
    bucket.usefulRows = Math.min(2 * full, limits.maxRows);
}
