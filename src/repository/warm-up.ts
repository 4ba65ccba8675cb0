import { setTimeout } from 'node:timers/promises';
import { LONG_RUN_MS, minGain } from '../batch/adapt.js';
import type { BatchLimits } from '../batch/limits.js';
import { paddedRows } from '../batch/limits.js';
import type { Scheduler } from '../batch/scheduler.js';
import { sampleInputs } from './sample-inputs.js';
import type { ServableSignature } from './types.js';

/** Runs of one size: the first loads and allocates, the fastest of the others counts. */
const RUNS = 3;
const SLOW_RUN_MS = 20;
/** So slow that even a first run is not repeated. */
const SLOW_FIRST_RUN_MS = 100;

/** The sizes to try: those that batches are padded to or, when any size is allowed, powers of two. */
function sizesToTry(limits: BatchLimits): number[] {
  if (limits.allowedRows.length > 0) return [...limits.allowedRows];
  const sizes: number[] = [];
  for (let rows = 1; rows < limits.maxRows; rows *= 2) sizes.push(rows);
  return [...sizes, limits.maxRows];
}

export interface WarmUpOptions {
  readonly limits: BatchLimits;
  /** Milliseconds of runs. */
  readonly budgetMs: number;
  /** A pause as long as the run follows each run. */
  readonly isBackground: boolean;
}

async function measure(
  scheduler: Scheduler,
  signature: ServableSignature,
  rows: number,
  fullRows: number | undefined,
  isBackground: boolean,
): Promise<{ readonly bestMs: number; readonly spentMs: number } | undefined> {
  let bestMs = Number.POSITIVE_INFINITY;
  let spentMs = 0;
  for (let run = 0; run < RUNS; run++) {
    const inputs = sampleInputs(signature.inputs, rows);
    if (inputs === undefined) return undefined;
    const ms = await scheduler.warm({ signature: signature.name, inputs }, fullRows, run > 0);
    bestMs = run < 2 ? ms : Math.min(bestMs, ms);
    spentMs += ms;
    if (isBackground) await setTimeout(ms);
    if (ms > (run === 0 ? SLOW_FIRST_RUN_MS : SLOW_RUN_MS)) break;
  }
  return { bestMs, spentMs };
}

/**
 * Runs a signature at every batch size that may be used, smallest first, until larger batches gain nothing or
 * the time is up. Gives the rows of a full batch, which the scheduler corrects as it learns. Zeros may not suit
 * a model (a string to be parsed, say): such a signature stays cold and batches at any size.
 */
export async function warmUp(
  scheduler: Scheduler,
  signature: ServableSignature,
  { limits, budgetMs, isBackground }: WarmUpOptions,
): Promise<{ readonly fullRows: number; readonly failure: Error | undefined }> {
  let spentMs = 0;
  const fullRows = signature.isBatchable ? limits.maxRows : undefined;
  let best = { rows: 0, perRow: Number.POSITIVE_INFINITY };
  let misses = 0;
  try {
    for (const rows of signature.isBatchable ? sizesToTry(limits) : [1]) {
      const measured = await measure(scheduler, signature, rows, fullRows, isBackground);
      if (measured === undefined) return { fullRows: limits.maxRows, failure: undefined };
      const { bestMs: ms } = measured;
      spentMs += measured.spentMs;
      const perRow = ms / rows;
      // Padding costs what the padded size costs, so sizes that are prescribed are all of use.
      const isBetter = perRow <= best.perRow * (1 - minGain(ms));
      if (isBetter || limits.allowedRows.length > 0) best = { rows, perRow };
      // One bad measurement happens while everything else starts too; a long run says enough, and memory that
      // the engine takes for a large batch is never given back.
      misses = isBetter ? 0 : misses + 1;
      const isSure = misses > 0 && (misses > 1 || ms > LONG_RUN_MS);
      if (isSure && limits.allowedRows.length === 0) break;
      if (limits.allowedRows.length === 0 && spentMs + 2 * ms > budgetMs) break;
    }
  } catch (error) {
    return { fullRows: best.rows > 0 ? best.rows : limits.maxRows, failure: error as Error };
  }
  // Rows that are still a short run together cost nobody latency to speak of, whatever the measurements missed.
  const rows = Math.max(best.rows, Math.floor(LONG_RUN_MS / best.perRow));
  return { fullRows: paddedRows(limits, Math.min(rows, limits.maxRows)), failure: undefined };
}
