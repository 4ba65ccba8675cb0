import { Announced } from './announced.js';
import { Heap } from './heap.js';
import { LatencyTable } from './latency.js';
import type { BatchLimits } from './limits.js';

/** What the core knows of one waiting request. All moments are milliseconds of one clock. */
export interface Job {
  /** Requests of one bucket can share a batch: same signature, same shapes but for dimension 0. */
  readonly bucket: string;
  /** False for a request that runs alone; it counts as one row. */
  readonly canShare: boolean;
  readonly rows: number;
  /** Rows that fill a batch of its kind, where its bucket is new. */
  readonly fullRows: number;
  /** Memory its inputs hold. */
  readonly bytes: number;
  readonly arrivalMs: number;
  /** Infinity when the client waits for ever. */
  readonly deadlineMs: number;
  /** Smaller is more urgent. */
  readonly priority: number;
  /** Order of arrival. */
  readonly seq: number;
  /** The client went away or the request is answered otherwise. */
  isDead(): boolean;
}

export interface Run<J extends Job> {
  readonly bucket: string;
  readonly jobs: readonly J[];
  readonly rows: number;
  readonly paddedRows: number;
  readonly startMs: number;
}

export interface Bucket<J extends Job> {
  readonly name: string;
  readonly canShare: boolean;
  readonly heap: Heap<J>;
  readonly latency: LatencyTable;
  /** Rows waiting. */
  rows: number;
  /** Rows of a full batch: more would gain nothing, as measured. 1 for what runs alone. */
  usefulRows: number;
  /** Not before this moment are larger batches tried. */
  growAtMs: number;
}

const ARRIVAL_SLOTS = 10;
const ARRIVAL_SLOT_MS = 50;
const MAX_BUCKETS = 64;

export interface BatchState<J extends Job> {
  readonly limits: BatchLimits;
  readonly buckets: Map<string, Bucket<J>>;
  readonly running: Run<J>[];
  lastDoneMs: number;
  /** A job that found the executor idle: it runs whatever the estimates say, or they would never be corrected. */
  trial: J | undefined;
  /** Requests whose header was read and whose body is on its way: they will be submitted. */
  readonly announced: Announced;
  queuedJobs: number;
  queuedBytes: number;
  /** Rows that arrived, in slots of 50 ms. */
  readonly arrivals: Float64Array;
  arrivalSlot: number;
}

export function createBatchState<J extends Job>(limits: BatchLimits): BatchState<J> {
  return {
    limits,
    buckets: new Map(),
    running: [],
    lastDoneMs: Number.NEGATIVE_INFINITY,
    trial: undefined,
    announced: new Announced(),
    queuedJobs: 0,
    queuedBytes: 0,
    arrivals: new Float64Array(ARRIVAL_SLOTS),
    arrivalSlot: 0,
  };
}

/** Priority first, then the earliest deadline, then the order of arrival. */
export function isMoreUrgent(a: Job, b: Job): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (a.deadlineMs !== b.deadlineMs) return a.deadlineMs < b.deadlineMs;
  return a.seq < b.seq;
}

export function bucketFor<J extends Job>(
  state: BatchState<J>,
  { bucket: name, canShare, fullRows }: Pick<Job, 'bucket' | 'canShare' | 'fullRows'>,
): Bucket<J> {
  const known = state.buckets.get(name);
  if (known !== undefined) return known;
  // Shapes are the clients' choice, so their number is bounded: an idle bucket makes room.
  if (state.buckets.size >= MAX_BUCKETS)
    for (const [key, bucket] of state.buckets)
      if (bucket.heap.size === 0) {
        state.buckets.delete(key);
        break;
      }
  const bucket: Bucket<J> = {
    name,
    canShare,
    heap: new Heap<J>(isMoreUrgent),
    latency: new LatencyTable(),
    rows: 0,
    growAtMs: 0,
    usefulRows: canShare ? Math.min(fullRows, state.limits.maxRows) : 1,
  };
  state.buckets.set(name, bucket);
  return bucket;
}

export function enqueue<J extends Job>(state: BatchState<J>, bucket: Bucket<J>, job: J): void {
  bucket.heap.push(job);
  bucket.rows += job.rows;
  state.queuedJobs++;
  state.queuedBytes += job.bytes;
}

export function dequeue<J extends Job>(state: BatchState<J>, bucket: Bucket<J>): J {
  const job = bucket.heap.pop() as J;
  bucket.rows -= job.rows;
  state.queuedJobs--;
  state.queuedBytes -= job.bytes;
  if (state.trial === job) state.trial = undefined;
  return job;
}

export function countArrival<J extends Job>(state: BatchState<J>, rows: number, now: number): void {
  const slot = Math.floor(now / ARRIVAL_SLOT_MS);
  const passed = Math.min(slot - state.arrivalSlot, ARRIVAL_SLOTS);
  for (let back = 0; back < passed; back++) state.arrivals[(slot - back) % ARRIVAL_SLOTS] = 0;
  if (passed > 0) state.arrivalSlot = slot;
  const index = slot % ARRIVAL_SLOTS;
  state.arrivals[index] = (state.arrivals[index] ?? 0) + rows;
}

/** Rows that arrived per millisecond over the last half second. */
export function arrivalRate<J extends Job>(state: BatchState<J>, now: number): number {
  const idle = Math.floor(now / ARRIVAL_SLOT_MS) - state.arrivalSlot;
  let rows = 0;
  for (let back = 0; back < ARRIVAL_SLOTS - idle; back++)
    rows += state.arrivals[(state.arrivalSlot - back + ARRIVAL_SLOTS) % ARRIVAL_SLOTS] ?? 0;
  return rows / (ARRIVAL_SLOTS * ARRIVAL_SLOT_MS);
}

export function countBatches<J extends Job>(bucket: Bucket<J>, extraRows = 0): number {
  return Math.ceil((bucket.rows + extraRows) / bucket.usefulRows);
}

/** Batches waiting. */
export function countQueuedBatches<J extends Job>(state: BatchState<J>): number {
  let batches = 0;
  for (const bucket of state.buckets.values()) batches += countBatches(bucket);
  return batches;
}

/**
 * Milliseconds until the executor has done what it was handed. A run that is overdue is expected to take as
 * long again as it is late: something has stopped it, and nothing is known of when that ends.
 */
export function busyMs<J extends Job>(state: BatchState<J>, now: number): number {
  let freeAt = state.lastDoneMs;
  for (const run of state.running) {
    const latency = state.buckets.get(run.bucket)?.latency;
    freeAt = Math.max(freeAt, run.startMs) + (latency?.mean(run.paddedRows) ?? 0);
    if (run === state.running[0] && freeAt < now) freeAt = now + (now - freeAt);
  }
  return state.running.length > 0 ? Math.max(freeAt - now, 0) : 0;
}

/** Milliseconds until the executor has done what it was handed and what waits. */
export function backlogMs<J extends Job>(state: BatchState<J>, now: number): number {
  let ms = busyMs(state, now);
  for (const { rows, usefulRows, latency } of state.buckets.values()) {
    if (rows === 0) continue;
    const full = Math.floor(rows / usefulRows);
    const rest = rows - full * usefulRows;
    ms += full * latency.mean(usefulRows) + (rest > 0 ? latency.mean(rest) : 0);
  }
  return ms;
}
