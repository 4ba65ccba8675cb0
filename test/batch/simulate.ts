import { decide } from '../../src/batch/core.js';
import type { BatchLimits } from '../../src/batch/limits.js';
import { bucketFor, createBatchState, type Job, type Run } from '../../src/batch/state.js';

export interface SimulatedJob extends Job {
  isGone: boolean;
}

export interface Simulation {
  readonly inTime: number;
  readonly late: number;
  readonly shed: Readonly<Record<string, number>>;
  readonly batchSizes: readonly number[];
  readonly meanLatencyMs: number;
  readonly order: readonly number[];
}

export interface SimulationOptions {
  readonly limits: BatchLimits;
  /** Arrival moments in milliseconds, rising. */
  readonly arrivals: readonly number[];
  readonly sloMs: number;
  readonly runMs: (rows: number, at: number) => number;
  readonly rows?: (index: number) => number;
  readonly bucket?: (index: number) => string;
}

let seq = 0;

export function simulatedJob(parts: Partial<SimulatedJob> = {}): SimulatedJob {
  const job: SimulatedJob = {
    bucket: 'b',
    canShare: true,
    rows: 1,
    fullRows: 1_000_000,
    bytes: 8,
    arrivalMs: 0,
    deadlineMs: Number.POSITIVE_INFINITY,
    priority: 0,
    seq: seq++,
    isGone: false,
    isDead: () => job.isGone,
    ...parts,
  };
  return job;
}

/** Runs the core against one executor in virtual time. */
export function simulate(options: SimulationOptions): Simulation {
  const state = createBatchState<SimulatedJob>(options.limits);
  for (let rows = 1; rows <= options.limits.maxRows; rows *= 2)
    bucketFor(state, simulatedJob()).latency.observe(rows, options.runMs(rows, 500), 0);
  const shed: Record<string, number> = {};
  const queue: Run<SimulatedJob>[] = [];
  const batchSizes: number[] = [];
  const order: number[] = [];
  let busyUntil = 0;
  let inTime = 0;
  let late = 0;
  let latencySum = 0;
  let next = 0;
  const apply = (actions: ReturnType<typeof decide<SimulatedJob>>, now: number) => {
    for (const action of actions)
      if (action.kind === 'run') {
        if (queue.length === 0) busyUntil = now + options.runMs(action.run.paddedRows, now);
        queue.push(action.run);
        batchSizes.push(action.run.rows);
      } else if (action.kind === 'shed') shed[action.reason] = (shed[action.reason] ?? 0) + 1;
  };
  for (;;) {
    const arrival = options.arrivals[next] ?? Number.POSITIVE_INFINITY;
    const done = queue.length > 0 ? busyUntil : Number.POSITIVE_INFINITY;
    if (arrival === Number.POSITIVE_INFINITY && done === Number.POSITIVE_INFINITY) break;
    if (arrival <= done) {
      const job = simulatedJob({
        rows: options.rows?.(next) ?? 1,
        bucket: options.bucket?.(next) ?? 'b',
        arrivalMs: arrival,
        deadlineMs: arrival + options.sloMs,
        seq: next,
      });
      next++;
      apply(decide(state, { kind: 'submit', job }, arrival), arrival);
      apply(decide(state, { kind: 'turn' }, arrival), arrival);
      continue;
    }
    const run = queue.shift() as Run<SimulatedJob>;
    for (const job of run.jobs) {
      order.push(job.seq);
      latencySum += done - job.arrivalMs;
      if (done <= job.deadlineMs) inTime++;
      else late++;
    }
    const following = queue[0];
    if (following !== undefined) busyUntil = done + options.runMs(following.paddedRows, done);
    apply(decide(state, { kind: 'done', run }, done), done);
  }
  return { inTime, late, shed, batchSizes, meanLatencyMs: latencySum / Math.max(inTime + late, 1), order };
}

/** Poisson arrivals from a fixed seed. */
export function poissonArrivals(perSecond: number, seconds: number, seed = 1): number[] {
  let x = seed >>> 0;
  const random = () => {
    x = (x + 0x6d2b79f5) >>> 0;
    let t = Math.imul(x ^ (x >>> 15), 1 | x);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const arrivals: number[] = [];
  for (let at = 0; at < seconds * 1000; ) {
    at += (-Math.log(1 - random()) * 1000) / perSecond;
    arrivals.push(at);
  }
  return arrivals;
}
