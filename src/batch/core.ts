import { adaptFullRows } from './adapt.js';
import { paddedRows } from './limits.js';
import {
  arrivalRate,
  type BatchState,
  type Bucket,
  backlogMs,
  bucketFor,
  busyMs,
  countArrival,
  countBatches,
  countQueuedBatches,
  dequeue,
  enqueue,
  isMoreUrgent,
  type Job,
  type Run,
} from './state.js';

/** Why a request is not run: the queue is full, its deadline can not be met, it passed, the client left. */
export type ShedReason = 'full' | 'late' | 'expired' | 'cancelled';

export type BatchEvent<J extends Job> =
  | { readonly kind: 'submit'; readonly job: J }
  | { readonly kind: 'done'; readonly run: Run<J> }
  /** The caller has no more requests at hand: what waits may run. */
  | { readonly kind: 'turn' };

export type BatchAction<J extends Job> =
  | { readonly kind: 'run'; readonly run: Run<J> }
  | { readonly kind: 'shed'; readonly job: J; readonly reason: ShedReason; readonly retryMs: number }
  /** Send a `turn` event at this moment. */
  | { readonly kind: 'wake'; readonly atMs: number };

type Actions<J extends Job> = BatchAction<J>[];

/** Estimates are exceeded now and then. */
const MARGIN = 1.12;
const LOAD_HEADROOM = 1.05;
const SLO_SHARE = 0.65;
/** The second batch goes to the executor only when it is full: it is copied while the first one runs. */
const MAX_IN_FLIGHT = 2;
/** An executor that has been idle for this long gets a request even if that is expected to be late. */
const TRIAL_MS = 250;

function shed<J extends Job>(actions: Actions<J>, job: J, reason: ShedReason, retryMs: number): void {
  actions.push({ kind: 'shed', job, reason, retryMs });
}

/**
 * The smallest batch with which the executor keeps up with the arrivals. A head whose deadline leaves no room
 * for it is given up, because running it in a smaller batch makes everyone behind it late.
 */
function neededRows<J extends Job>(state: BatchState<J>, bucket: Bucket<J>, head: J, now: number): number {
  const { latency, usefulRows } = bucket;
  const sloMs = head.deadlineMs - head.arrivalMs;
  const most = Math.max(latency.fit((SLO_SHARE * sloMs) / MARGIN, usefulRows), 1);
  const wanted = LOAD_HEADROOM * arrivalRate(state, now);
  let rows = 1;
  while (rows < most && rows < wanted * latency.estimate(rows)) rows *= 2;
  return Math.min(rows, most);
}

function isIdle<J extends Job>(state: BatchState<J>): boolean {
  return state.queuedJobs === 0 && state.running.length === 0;
}

/**
 * Whoever finds the executor idle starts at once: the bounds of the queue are not asked, and being late by an
 * estimate is no reason, only by what runs usually take. Even that is put to the test now and then.
 */
function admitToIdle<J extends Job>(
  state: BatchState<J>,
  bucket: Bucket<J>,
  job: J,
  now: number,
  actions: Actions<J>,
): void {
  const isLate = now + bucket.latency.mean(job.rows) > job.deadlineMs;
  if (isLate && now - state.lastDoneMs < TRIAL_MS) {
    shed(actions, job, 'late', 0);
    return;
  }
  state.trial = job;
  enqueue(state, bucket, job);
}

/**
 * Whether a request with this deadline would be refused if it were submitted now, behind those announced. For
 * requests whose body is not read yet: that is the dearest part of a refusal. Assumes one row of the bucket
 * that would have it done first, and that those announced fill batches; before `readyMs` it can not run. Gives the milliseconds of work before it, or undefined if it has a chance.
 */
export function foreseeLate<J extends Job>(
  state: BatchState<J>,
  deadlineMs: number,
  readyMs: number,
  now: number,
): number | undefined {
  const announced = state.announced.sum(now);
  if (isIdle(state) && announced === 0) return undefined;
  let runMs = Number.POSITIVE_INFINITY;
  let rowMs = Number.POSITIVE_INFINITY;
  for (const { rows, usefulRows, latency } of state.buckets.values()) {
    rowMs = Math.min(rowMs, latency.mean(usefulRows) / usefulRows);
    const rest = rows % usefulRows;
    runMs = Math.min(runMs, latency.estimate(rest + 1) - (rest > 0 ? latency.mean(rest) : 0));
  }
  if (runMs === Number.POSITIVE_INFINITY) return undefined;
  const waitMs = Math.max(backlogMs(state, now) + announced * rowMs, readyMs - now);
  return now + waitMs + runMs > deadlineMs ? waitMs : undefined;
}

function admit<J extends Job>(state: BatchState<J>, job: J, now: number, actions: Actions<J>): void {
  const { limits } = state;
  const bucket = bucketFor(state, job);
  if (isIdle(state)) {
    admitToIdle(state, bucket, job, now, actions);
    return;
  }
  const batches = countQueuedBatches(state) - countBatches(bucket) + countBatches(bucket, job.rows);
  if (batches > limits.maxQueuedBatches || state.queuedBytes + job.bytes > limits.maxQueuedBytes) {
    shed(actions, job, 'full', backlogMs(state, now));
    return;
  }
  if (job.deadlineMs !== Number.POSITIVE_INFINITY) {
    // The rows that do not fill a batch yet share one with the job.
    const rest = bucket.rows % bucket.usefulRows;
    const waitMs = backlogMs(state, now) - (rest > 0 ? bucket.latency.mean(rest) : 0);
    if (now + waitMs + bucket.latency.estimate(rest + job.rows) > job.deadlineMs) {
      shed(actions, job, 'late', waitMs);
      return;
    }
  }
  enqueue(state, bucket, job);
}

function canBeOnTime<J extends Job>(state: BatchState<J>, bucket: Bucket<J>, head: J, now: number): boolean {
  const leftMs = head.deadlineMs - now - busyMs(state, now);
  if (leftMs <= 0 || head === state.trial) return leftMs > 0;
  const { latency, usefulRows } = bucket;
  // The run time never falls with the size: whoever can wait for a full batch needs no closer look.
  if (leftMs >= MARGIN * latency.estimate(Math.max(usefulRows, head.rows))) return true;
  const rows = Math.min(neededRows(state, bucket, head, now), bucket.rows);
  return leftMs >= MARGIN * latency.estimate(Math.max(rows, head.rows));
}

/** The first job of a bucket that is alive and can be on time; the ones before it are shed. */
function findHead<J extends Job>(
  state: BatchState<J>,
  bucket: Bucket<J>,
  now: number,
  actions: Actions<J>,
): J | undefined {
  for (let head = bucket.heap.peek(); head !== undefined; head = bucket.heap.peek()) {
    const isDead = head.isDead();
    if (!isDead && canBeOnTime(state, bucket, head, now)) return head;
    dequeue(state, bucket);
    const reason = isDead ? 'cancelled' : head.deadlineMs <= now ? 'expired' : 'late';
    shed(actions, head, reason, isDead ? 0 : backlogMs(state, now));
  }
  return undefined;
}

function mostUrgentBucket<J extends Job>(
  state: BatchState<J>,
  now: number,
  actions: Actions<J>,
): Bucket<J> | undefined {
  let best: Bucket<J> | undefined;
  let bestHead: J | undefined;
  for (const bucket of state.buckets.values()) {
    if (bucket.heap.size === 0) continue;
    const head = findHead(state, bucket, now, actions);
    if (head === undefined || (bestHead !== undefined && !isMoreUrgent(head, bestHead))) continue;
    best = bucket;
    bestHead = head;
  }
  return best;
}

function formRun<J extends Job>(
  state: BatchState<J>,
  bucket: Bucket<J>,
  now: number,
  actions: Actions<J>,
): Run<J> {
  const head = dequeue(state, bucket);
  const jobs = [head];
  let rows = head.rows;
  const budgetMs = (head.deadlineMs - now - busyMs(state, now)) / MARGIN;
  const most = bucket.latency.fit(budgetMs, bucket.usefulRows);
  for (let next = bucket.heap.peek(); next !== undefined; next = bucket.heap.peek()) {
    const isDead = next.isDead();
    if (!isDead && rows + next.rows > most) break;
    dequeue(state, bucket);
    if (isDead) {
      shed(actions, next, 'cancelled', 0);
      continue;
    }
    jobs.push(next);
    rows += next.rows;
  }
  const padded = bucket.canShare ? paddedRows(state.limits, rows) : rows;
  return { bucket: bucket.name, jobs, rows, paddedRows: padded, startMs: now };
}

function isFull<J extends Job>(bucket: Bucket<J>): boolean {
  return bucket.rows >= bucket.usefulRows;
}

function hasFullBatch<J extends Job>(state: BatchState<J>): boolean {
  for (const bucket of state.buckets.values()) if (bucket.canShare && isFull(bucket)) return true;
  return false;
}

function dispatch<J extends Job>(state: BatchState<J>, now: number, actions: Actions<J>): void {
  while (state.queuedJobs > 0 && state.running.length < MAX_IN_FLIGHT) {
    const isBusy = state.running.length > 0;
    if (isBusy && !hasFullBatch(state)) return;
    const bucket = mostUrgentBucket(state, now, actions);
    if (bucket === undefined || (isBusy && !isFull(bucket))) return;
    const readyAt = (bucket.heap.peek()?.arrivalMs ?? now) + state.limits.waitMs;
    if (readyAt > now && !isFull(bucket)) {
      actions.push({ kind: 'wake', atMs: readyAt });
      return;
    }
    const run = formRun(state, bucket, now, actions);
    state.running.push(run);
    actions.push({ kind: 'run', run });
  }
}

function finish<J extends Job>(state: BatchState<J>, run: Run<J>, now: number): void {
  const at = state.running.indexOf(run);
  if (at !== -1) state.running.splice(at, 1);
  // A run that was handed over behind another one began when that one ended.
  const serviceMs = now - Math.max(run.startMs, state.lastDoneMs);
  state.lastDoneMs = now;
  const bucket = state.buckets.get(run.bucket);
  if (bucket === undefined) return;
  bucket.latency.observe(run.paddedRows, serviceMs, now);
  adaptFullRows(bucket, run, state.limits, now);
}

/**
 * The scheduler's decisions, without clock, timer or executor: takes an event, changes `state`, says what to
 * do. Eager (an idle executor takes what is there), earliest deadline first within shape buckets, bounded,
 * and early in dropping what can not be on time. After the submits of one turn comes one `turn`.
 */
export function decide<J extends Job>(
  state: BatchState<J>,
  event: BatchEvent<J>,
  now: number,
): BatchAction<J>[] {
  const actions: Actions<J> = [];
  if (event.kind === 'submit') {
    countArrival(state, event.job.rows, now);
    admit(state, event.job, now, actions);
    // Requests that are read in the same turn of the event loop share a batch; only a full one goes at once.
    if (!hasFullBatch(state)) return actions;
  } else if (event.kind === 'done') {
    finish(state, event.run, now);
  }
  dispatch(state, now, actions);
  return actions;
}
