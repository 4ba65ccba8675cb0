import { monotonicMs } from '../clock.js';
import { createHistogram, quantileMs, recordMs, resetHistogram } from '../stats/histogram.js';
import { Pool } from '../wire/pool.js';
import type { Outcome, Shot } from '../wire/shot.js';
import { type DriveOptions, type DriveResult, TICK_MS } from './drive.js';
import { type Pacer, startPacer } from './pacer.js';
import { recordOutcome } from './recorder.js';
import { type ArrivalsName, planSchedule, type Schedule } from './schedule.js';
import { type Segment, SegmentCursor } from './segments.js';
import { isSettled, WARM_UP_WINDOW_MS, type WarmUpWindow, warmUpLimit } from './warm-up.js';

export interface OpenLoopOptions extends DriveOptions {
  readonly ratePerSecond: number;
  readonly arrivals: ArrivalsName;
  readonly seed: number;
}

const LEAD_MS = 20;
const DRAIN_GRACE_MS = 1_000;
const OPENED_AHEAD = 8;

/**
 * Sends by the schedule, whatever the answers do: a late answer delays no request, a late request is sent all
 * the same and its lateness counts. The warm-up flows into the measured phase without a gap.
 */
export async function driveOpenLoop(options: OpenLoopOptions): Promise<DriveResult> {
  const run = new OpenLoop(options);
  try {
    return await run.drive();
  } finally {
    await run.stop();
  }
}

class OpenLoop {
  private readonly options: OpenLoopOptions;
  private readonly pool: Pool;
  private readonly cursor = new SegmentCursor();
  private readonly schedule: Schedule;
  private pacer: Pacer | undefined;
  private measured: Segment | undefined;
  private measureStartMs = Number.POSITIVE_INFINITY;
  private startMs = 0;
  private warmUpIssued = 0;
  private issued = 0;
  private settledCount = 0;
  private peakConnections = 0;
  private isDraining = false;
  private readonly warmUpWindows: WarmUpWindow[] = [];
  private readonly warmUpResponse = createHistogram();
  private warmUpDone = { issued: 0, completed: 0, failed: 0 };
  private warmUpSeen = { issued: 0, completed: 0, failed: 0 };
  private hasSettled: boolean | undefined;

  constructor(options: OpenLoopOptions) {
    this.options = options;
    this.pool = new Pool({ ...options.pool, onOutcome: (outcome) => this.take(outcome) });
    this.schedule = this.plan(options.durationMs, options.seed);
  }

  async drive(): Promise<DriveResult> {
    const { warmUp, signal, pool } = this.options;
    this.pool.open(OPENED_AHEAD);
    this.pacer = await startPacer(() => this.sendDue());
    this.startMs = monotonicMs() + LEAD_MS;
    if (warmUp.kind === 'auto') {
      this.addWarmUp(0);
      this.addWarmUp(1);
    } else {
      const { offsetsMs } = this.plan(warmUp.durationMs, this.options.seed + 1);
      this.add({ startMs: this.startMs, offsetsMs });
      this.addMeasured(this.startMs + warmUp.durationMs);
    }
    await new Promise<void>((resolve) => {
      const interval = setInterval(() => {
        const nowMs = monotonicMs();
        this.tick(nowMs);
        const endMs = this.measureStartMs + this.options.durationMs;
        const isAnswered = nowMs >= endMs && this.settledCount >= this.planned;
        if (isAnswered || signal.aborted || nowMs > endMs + pool.timeoutMs + DRAIN_GRACE_MS) {
          clearInterval(interval);
          resolve();
        }
      }, TICK_MS);
    });
    const stoppedMs = monotonicMs();
    this.pool.close();
    const endMs = this.measureStartMs + this.options.durationMs;
    const isInterrupted = signal.aborted && (stoppedMs < endMs || this.settledCount < this.planned);
    return {
      measureStartMs: this.measureStartMs,
      measuredMs: Math.max(0, Math.min(this.options.durationMs, stoppedMs - this.measureStartMs)),
      planned: this.planned,
      issued: this.issued,
      warmUpMs: Math.max(0, Math.min(stoppedMs, this.measureStartMs) - this.startMs),
      isSettled: this.hasSettled,
      peakConnections: this.peakConnections,
      isInterrupted,
    };
  }

  async stop(): Promise<void> {
    this.pool.close();
    await this.pacer?.stop();
  }

  private get planned(): number {
    return this.schedule.offsetsMs.length;
  }

  private plan(durationMs: number, seed: number): Schedule {
    const { arrivals, ratePerSecond } = this.options;
    return planSchedule({ arrivals, ratePerSecond, durationMs, seed });
  }

  private add(segment: Segment): void {
    this.cursor.add(segment);
    this.pacer!.add(segment);
  }

  private addWarmUp(index: number): void {
    const { offsetsMs } = this.plan(WARM_UP_WINDOW_MS, this.options.seed + 1 + index);
    this.add({ startMs: this.startMs + index * WARM_UP_WINDOW_MS, offsetsMs });
  }

  private addMeasured(startMs: number): void {
    this.measured = { startMs, offsetsMs: this.schedule.offsetsMs };
    this.measureStartMs = startMs;
    this.add(this.measured);
    const { windows, windowMs } = this.options.recorder;
    for (const offset of this.schedule.offsetsMs) {
      windows[Math.min(windows.length - 1, Math.floor(offset / windowMs))]!.planned++;
    }
  }

  private sendDue(): void {
    const nowMs = monotonicMs();
    for (let due = this.cursor.peekMs(); due !== undefined && due <= nowMs; due = this.cursor.peekMs()) {
      const { segment } = this.cursor.take();
      const isMeasured = segment === this.measured;
      if (isMeasured && this.issued === 0) this.options.onPhase('measure');
      const count = isMeasured ? this.issued++ : this.warmUpIssued++;
      this.pool.dispatch({
        payload: count % this.options.pool.requests.length,
        intendedMs: due,
        dispatchedMs: monotonicMs(),
        sentMs: Number.NaN,
        window: isMeasured ? Math.floor((due - this.measureStartMs) / this.options.recorder.windowMs) : -1,
      });
    }
    if (this.issued === this.planned && !this.isDraining) {
      this.isDraining = true;
      this.options.onPhase('drain');
    }
  }

  private take(outcome: Outcome): void {
    const { shot, failure, doneMs } = outcome;
    const sinceStartMs = doneMs - this.measureStartMs;
    if (failure === undefined && sinceStartMs >= 0 && sinceStartMs < this.options.durationMs) {
      this.options.recorder.answeredWithin++;
    }
    if (shot.window >= 0) {
      this.settledCount++;
      const sentBytes = this.options.pool.requests[shot.payload]!.length;
      recordOutcome(this.options.recorder, outcome, shot.window, sentBytes);
    } else {
      this.noteWarmUp(shot, outcome);
    }
    this.options.onOutcome(outcome);
  }

  private noteWarmUp(shot: Shot, { failure, doneMs }: Outcome): void {
    this.warmUpDone.completed++;
    if (failure !== undefined) this.warmUpDone.failed++;
    else recordMs(this.warmUpResponse, doneMs - shot.intendedMs);
  }

  private tick(nowMs: number): void {
    this.sendDue();
    this.pool.sweep(nowMs);
    this.peakConnections = Math.max(this.peakConnections, this.pool.connections);
    if (this.measured === undefined) this.advanceWarmUp(nowMs);
    const { windows, windowMs } = this.options.recorder;
    const window = windows[Math.floor((nowMs - this.measureStartMs) / windowMs)];
    if (nowMs >= this.measureStartMs && window !== undefined) {
      window.inFlightSum += this.pool.inFlight;
      window.inFlightSamples++;
    }
    this.options.onTick(this.pool);
  }

  /** One window is always planned ahead, so that the decision to measure costs the stream no gap. */
  private advanceWarmUp(nowMs: number): void {
    while (this.measured === undefined) {
      const ended = this.warmUpWindows.length;
      if (nowMs < this.startMs + (ended + 1) * WARM_UP_WINDOW_MS) return;
      this.closeWarmUpWindow();
      this.hasSettled = isSettled(this.warmUpWindows);
      if (this.hasSettled || ended + 2 >= warmUpLimit(this.options.durationMs)) {
        this.addMeasured(this.startMs + (ended + 2) * WARM_UP_WINDOW_MS);
      } else {
        this.addWarmUp(ended + 2);
      }
    }
  }

  private closeWarmUpWindow(): void {
    const now = { ...this.warmUpDone, issued: this.warmUpIssued };
    this.warmUpWindows.push({
      issued: now.issued - this.warmUpSeen.issued,
      completed: now.completed - this.warmUpSeen.completed,
      failed: now.failed - this.warmUpSeen.failed,
      inFlight: this.pool.inFlight,
      p50Ms: quantileMs(this.warmUpResponse, 0.5),
    });
    this.warmUpSeen = now;
    resetHistogram(this.warmUpResponse);
  }
}
