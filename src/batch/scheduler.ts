import { isTfdeployError, TfdeployError } from '../base/error.js';
import { freeMemory } from '../base/free-memory.js';
import type { TensorMap } from '../base/tensor.js';
import { touchTurn } from '../base/turn-clock.js';
import type { Executor } from '../engine/types.js';
import type { Announcement, PredictAnswer, PredictRequest } from '../repository/types.js';
import { type BatchAction, decide, foreseeLate, type ShedReason } from './core.js';
import { createJob, type PendingJob, sharedRows } from './job.js';
import type { BatchLimits } from './limits.js';
import { alignShapes } from './mixed-shapes.js';
import { packInputs } from './pack.js';
import { refuse } from './refusal.js';
import { followsRows, pickOutputs, sliceOutputs, unionOutputs } from './share.js';
import { submitInParts } from './split.js';
import { bucketFor, countArrival, countQueuedBatches, createBatchState, type Run } from './state.js';

/** What a finished batch looked like, for the metrics. */
export interface BatchReport {
  readonly signature: string;
  readonly requests: number;
  readonly rows: number;
  readonly paddedRows: number;
  readonly computeMs: number;
  /** Rows and milliseconds of waiting of each request; made when it is asked for. */
  listRequests(): { readonly rows: number; readonly queueMs: number }[];
}

export interface SchedulerOptions {
  readonly executor: Executor;
  readonly limits: BatchLimits;
  readonly onBatch?: (report: BatchReport) => void;
  readonly onShed?: (reason: ShedReason, signature: string) => void;
  /** With mixed shapes: whether rows of inputs of these shapes are known not to mix. */
  readonly canJoin?: (signature: string, inputs: TensorMap) => boolean;
  /** The clock of deadlines in milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

/** The door to one executor: takes single requests, runs batches, gives everyone their own rows. */
export interface Scheduler {
  /** `fullRows`: the rows that fill a batch of this signature; undefined when its requests run alone. */
  submit(request: PredictRequest, fullRows: number | undefined): Promise<PredictAnswer>;
  /**
   * Tells of a request whose body is not read yet. Throws TFD_OVERLOADED when it could not be answered before
   * its deadline whatever it holds, though its inputs be there by `readyMs`; otherwise it counts as coming.
   */
  announce(deadlineMs: number, readyMs: number): Announcement;
  /** Runs the request past the queue and tells how long it took, in milliseconds; `isKept` remembers it. */
  warm(request: PredictRequest, fullRows: number | undefined, isKept: boolean): Promise<number>;
  /** From now on so many rows fill a batch of requests like this one, until the runs say otherwise. */
  setFullRows(request: PredictRequest, fullRows: number): void;
  readonly queuedRequests: number;
  readonly pendingRequests: number;
  /** Moment at which the batch that runs longest began; undefined when idle. */
  readonly oldestRunMs: number | undefined;
  /** Resolves when every request is answered. */
  drain(): Promise<void>;
}

/** A complex128. */
const MAX_ELEMENT_BYTES = 16;

/** Faults of the engine itself; anything else may be caused by the values of one request. */
function isExecutorFault(error: unknown): boolean {
  return !isTfdeployError(error) || error.code === 'TFD_UNAVAILABLE' || error.code === 'TFD_BUG';
}

/** One scheduler per model version and worker: see `decide` for its rules. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { executor, limits } = options;
  const now = options.now ?? (() => performance.now());
  const state = createBatchState<PendingJob>(limits);
  /** Signatures whose outputs turned out not to follow the rows: their requests run alone. */
  const rowless = new Set<string>();
  const isMixed = limits.mixedShapes !== 'apart';
  let pending = 0;
  let isWaking = false;
  let isTurnOpen = false;
  let idleWaiters: (() => void)[] = [];

  function perform(actions: readonly BatchAction<PendingJob>[]): void {
    for (const action of actions)
      if (action.kind === 'run') void execute(action.run);
      else if (action.kind === 'wake') wakeAt(action.atMs);
      else {
        options.onShed?.(action.reason, action.job.signature);
        action.job.reject(refuse(action.reason, countQueuedBatches(state), limits, action.retryMs));
      }
  }

  function wakeAt(atMs: number): void {
    if (isWaking) return;
    isWaking = true;
    setTimeout(
      () => {
        isWaking = false;
        perform(decide(state, { kind: 'turn' }, now()));
      },
      Math.max(atMs - now(), 0),
    );
  }

  /** Immediates run when the event loop has handed over every socket that was readable. */
  function endTurnLater(): void {
    if (isTurnOpen || state.running.length > 0) return;
    isTurnOpen = true;
    setImmediate(() => {
      isTurnOpen = false;
      perform(decide(state, { kind: 'turn' }, now()));
    });
  }

  async function execute(run: Run<PendingJob>): Promise<void> {
    const { jobs } = run;
    const [first] = jobs as readonly [PendingJob];
    let outputs: TensorMap;
    let parts: readonly TensorMap[];
    try {
      parts = alignShapes(
        jobs.map((job) => job.inputs),
        limits.mixedShapes,
        limits.maxQueuedBytes / MAX_ELEMENT_BYTES,
      );
    } catch (error) {
      perform(decide(state, { kind: 'done', run }, now()));
      for (const job of jobs) job.reject(error as Error);
      return;
    }
    if (isMixed && !(options.canJoin?.(first.signature, parts[0] as TensorMap) ?? true)) {
      await runAlone(jobs);
      perform(decide(state, { kind: 'done', run }, now()));
      return;
    }
    try {
      const inputs = packInputs(parts, run.paddedRows, run.rows);
      outputs = await executor.run(first.signature, inputs, unionOutputs(jobs));
    } catch (error) {
      perform(decide(state, { kind: 'done', run }, now()));
      // One request's values must not fail its neighbours: each gets an answer of its own.
      if (jobs.length > 1 && !isExecutorFault(error)) return runAlone(jobs);
      for (const job of jobs) job.reject(error as Error);
      return;
    }
    // The executor gets its next batch before this one's answers are cut and written.
    const doneMs = now();
    touchTurn(performance.now());
    perform(decide(state, { kind: 'done', run }, doneMs));
    answer(run, outputs, doneMs);
  }

  function answer(run: Run<PendingJob>, outputs: TensorMap, doneMs: number): void {
    const { jobs, rows, paddedRows } = run;
    const [first] = jobs as readonly [PendingJob];
    const computeMs = doneMs - run.startMs;
    options.onBatch?.({
      signature: first.signature,
      requests: jobs.length,
      rows,
      paddedRows,
      computeMs,
      listRequests: () => jobs.map((job) => ({ rows: job.rows, queueMs: run.startMs - job.arrivalMs })),
    });
    const isWhole = jobs.length === 1 && paddedRows === rows;
    if (!isWhole && !followsRows(outputs, paddedRows)) {
      rowless.add(first.signature);
      void runAlone(jobs);
      return;
    }
    // The executor had a copy of what several requests sent, which nobody needs any more.
    if (jobs.length > 1)
      for (const { inputs } of jobs)
        for (const tensor of inputs.values()) if (tensor.dtype !== 'string') freeMemory(tensor.data);
    let start = 0;
    for (const job of jobs) {
      if (doneMs > job.deadlineMs) {
        options.onShed?.('expired', job.signature);
        job.reject(refuse('expired', 0, limits, 0));
      } else {
        job.resolve({
          outputs: isWhole ? pickOutputs(outputs, job.outputs) : sliceOutputs(outputs, job, start),
          queueMs: run.startMs - job.arrivalMs,
          computeMs,
          batchRows: rows,
        });
      }
      start += job.rows;
    }
  }

  async function runAlone(jobs: readonly PendingJob[]): Promise<void> {
    for (const job of jobs) {
      if (job.isDead()) {
        job.reject(refuse('cancelled', 0, limits, 0));
        continue;
      }
      const startMs = now();
      try {
        const outputs = await executor.run(job.signature, packInputs([job.inputs], 0, 0), job.outputs);
        const computeMs = now() - startMs;
        const queueMs = startMs - job.arrivalMs;
        job.resolve({
          outputs: pickOutputs(outputs, job.outputs),
          queueMs,
          computeMs,
          batchRows: job.rows,
        });
      } catch (error) {
        job.reject(error as Error);
      }
    }
  }

  function settled(): void {
    pending--;
    if (pending > 0) return;
    for (const resolve of idleWaiters) resolve();
    idleWaiters = [];
  }

  function submitWhole(request: PredictRequest, fullRows: number | undefined): Promise<PredictAnswer> {
    return new Promise((resolve, reject) => {
      pending++;
      const at = now();
      const settle = {
        resolve(value: PredictAnswer) {
          settled();
          resolve(value);
        },
        reject(error: Error) {
          settled();
          reject(error);
        },
      };
      const job = createJob(request, fullRows, at, settle, isMixed);
      perform(decide(state, { kind: 'submit', job }, at));
      endTurnLater();
    });
  }

  return {
    async submit(request, fullRows) {
      const shareable = rowless.has(request.signature) ? undefined : fullRows;
      const rows = shareable === undefined ? 1 : (sharedRows(request.inputs) ?? 1);
      if (rows <= limits.maxRows) return submitWhole(request, shareable);
      if (!limits.isSplitting)
        throw new TfdeployError(
          'TFD_INPUT_INVALID',
          `Task size ${rows} is larger than maximum input batch size ${limits.maxRows}`,
        );
      return submitInParts(request, rows, limits.maxRows, (part) => submitWhole(part, shareable));
    },
    announce(deadlineMs, readyMs) {
      const at = now();
      const waitMs = foreseeLate(state, deadlineMs, readyMs, at);
      if (waitMs !== undefined) {
        countArrival(state, 1, at);
        options.onShed?.('late', '');
        throw refuse('late', 0, limits, waitMs);
      }
      let ticket = state.announced.add(1, at);
      const withdraw = () => state.announced.remove(ticket, 1, now());
      return {
        renew() {
          withdraw();
          ticket = state.announced.add(1, now());
        },
        withdraw,
      };
    },
    async warm(request, fullRows, isKept) {
      const job = createJob(request, fullRows, now(), { resolve() {}, reject() {} }, isMixed);
      const startMs = now();
      await executor.run(request.signature, packInputs([request.inputs], 0, 0), request.outputs);
      const ms = now() - startMs;
      if (isKept) bucketFor(state, job).latency.observe(job.rows, ms, now());
      return ms;
    },
    setFullRows(request, fullRows) {
      const job = createJob(request, fullRows, now(), { resolve() {}, reject() {} });
      if (job.canShare) bucketFor(state, job).usefulRows = Math.min(fullRows, limits.maxRows);
    },
    get queuedRequests() {
      return state.queuedJobs;
    },
    get pendingRequests() {
      return pending;
    },
    get oldestRunMs() {
      return state.running[0]?.startMs;
    },
    drain() {
      return pending === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve));
    },
  };
}
