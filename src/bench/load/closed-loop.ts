import { monotonicMs } from '../clock.js';
import { Pool } from '../wire/pool.js';
import type { Outcome } from '../wire/shot.js';
import { type DriveOptions, type DriveResult, TICK_MS } from './drive.js';
import { recordOutcome } from './recorder.js';

export interface ClosedLoopOptions extends DriveOptions {
  /** Requests kept on their way at all times, each on its own connection. */
  readonly concurrency: number;
}

const LEAST_WARM_UP_MS = 1_000;
/** A server that refuses connections would be asked as fast as the loop turns. */
const PAUSE_AFTER_FAILURE_MS = 10;
const DRAIN_MS = 2_000;

/**
 * Keeps `concurrency` requests on their way: the next is sent when one is answered. This finds how much a
 * server can do; its latencies are those of a server that is always full, and a slow answer delays the requests
 * behind it without a trace. What is answered within the measured phase counts.
 */
export async function driveClosedLoop(options: ClosedLoopOptions): Promise<DriveResult> {
  const { recorder, durationMs, warmUp, signal } = options;
  const warmUpMs =
    warmUp.kind === 'fixed' ? warmUp.durationMs : Math.max(LEAST_WARM_UP_MS, Math.min(5e3, durationMs / 10));
  const startMs = monotonicMs();
  const measureStartMs = startMs + warmUpMs;
  const endMs = measureStartMs + durationMs;
  let issued = 0;
  let counted = 0;
  let peakConnections = 0;
  let isMeasuring = false;

  const sendNext = (): void => {
    const nowMs = monotonicMs();
    if (nowMs >= endMs || signal.aborted) return;
    const payload = issued++ % options.pool.requests.length;
    pool.dispatch({ payload, intendedMs: nowMs, dispatchedMs: nowMs, sentMs: Number.NaN, window: -1 });
  };
  const take = (outcome: Outcome): void => {
    const { doneMs, failure } = outcome;
    if (doneMs >= measureStartMs && doneMs < endMs && failure !== 'aborted') {
      const window = Math.floor((doneMs - measureStartMs) / recorder.windowMs);
      counted++;
      if (failure === undefined) recorder.answeredWithin++;
      recordOutcome(recorder, outcome, window, options.pool.requests[outcome.shot.payload]!.length);
    }
    options.onOutcome(outcome);
    if (failure === undefined || failure === 'status') sendNext();
    else setTimeout(sendNext, PAUSE_AFTER_FAILURE_MS);
  };
  const pool = new Pool({ ...options.pool, maxConnections: options.concurrency, onOutcome: take });

  for (let index = 0; index < options.concurrency; index++) sendNext();
  await new Promise<void>((resolve) => {
    const interval = setInterval(() => {
      const nowMs = monotonicMs();
      if (!isMeasuring && nowMs >= measureStartMs) {
        isMeasuring = true;
        options.onPhase('measure');
      }
      pool.sweep(nowMs);
      peakConnections = Math.max(peakConnections, pool.connections);
      options.onTick(pool);
      if (signal.aborted || (nowMs >= endMs && (pool.inFlight === 0 || nowMs > endMs + DRAIN_MS))) {
        clearInterval(interval);
        resolve();
      }
    }, TICK_MS);
  });
  const stoppedMs = monotonicMs();
  options.onPhase('drain');
  pool.close();
  return {
    measureStartMs,
    measuredMs: Math.max(0, Math.min(durationMs, stoppedMs - measureStartMs)),
    planned: counted,
    issued: counted,
    warmUpMs,
    isSettled: undefined,
    peakConnections,
    isInterrupted: signal.aborted && stoppedMs < endMs,
  };
}
