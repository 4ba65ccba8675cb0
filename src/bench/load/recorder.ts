import { createHistogram, type Histogram, recordMs } from '../stats/histogram.js';
import type { FailureKind, Outcome } from '../wire/shot.js';

/** What happened to the requests of one window of the measured phase, by intended time. */
export interface WindowRecord {
  planned: number;
  ok: number;
  failed: number;
  readonly response: Histogram;
  inFlightSum: number;
  inFlightSamples: number;
}

/** A failure as it was seen first, with how often it came. */
export interface FailureRecord {
  readonly kind: FailureKind;
  readonly status: number;
  count: number;
  readonly text: string;
}

/** All that is kept of a run: no request is kept by itself. */
export interface Recorder {
  ok: number;
  failed: number;
  /** Answered 2xx: from the intended send time to the last byte. */
  readonly response: Histogram;
  /** Answered 2xx: from the first byte sent to the last byte received. */
  readonly service: Histogram;
  /** How late the generator turned to a request. */
  readonly lag: Histogram;
  /** How long a request waited for a connection. */
  readonly wait: Histogram;
  readonly statuses: Map<number, number>;
  readonly failures: Map<string, FailureRecord>;
  readonly windows: WindowRecord[];
  readonly windowMs: number;
  bytesSent: number;
  bytesReceived: number;
  /** 2xx answers that came within the measured phase, whenever their requests were sent. */
  answeredWithin: number;
}

const KEPT_TEXT = 300;

export function createRecorder(windowCount: number, windowMs: number): Recorder {
  return {
    ok: 0,
    failed: 0,
    response: createHistogram(),
    service: createHistogram(),
    lag: createHistogram(),
    wait: createHistogram(),
    statuses: new Map(),
    failures: new Map(),
    windows: Array.from({ length: windowCount }, () => ({
      planned: 0,
      ok: 0,
      failed: 0,
      response: createHistogram(),
      inFlightSum: 0,
      inFlightSamples: 0,
    })),
    windowMs,
    bytesSent: 0,
    bytesReceived: 0,
    answeredWithin: 0,
  };
}

/**
 * Windows of one second, at least ten of them so that a short run shows its course, and at most 600 so that a
 * long one does not fill the memory.
 */
export function planWindows(durationMs: number): { count: number; windowMs: number } {
  const windowMs = Math.max(Math.min(1e3, durationMs / 10), durationMs / 600);
  return { count: Math.ceil(durationMs / windowMs), windowMs };
}

/** Adds the outcome of a request of the measured phase; `window` is where it counts. */
export function recordOutcome(recorder: Recorder, outcome: Outcome, window: number, sentBytes: number): void {
  const { shot, failure, status, doneMs } = outcome;
  const record = recorder.windows[Math.min(window, recorder.windows.length - 1)]!;
  recordMs(recorder.lag, shot.dispatchedMs - shot.intendedMs);
  const isSent = !Number.isNaN(shot.sentMs);
  if (isSent) {
    recordMs(recorder.wait, shot.sentMs - shot.dispatchedMs);
    recorder.bytesSent += sentBytes;
  }
  recorder.bytesReceived += outcome.bodyBytes;
  if (status !== 0) recorder.statuses.set(status, (recorder.statuses.get(status) ?? 0) + 1);
  if (failure === undefined) {
    recorder.ok++;
    record.ok++;
    recordMs(recorder.response, doneMs - shot.intendedMs);
    recordMs(record.response, doneMs - shot.intendedMs);
    recordMs(recorder.service, doneMs - shot.sentMs);
    return;
  }
  recorder.failed++;
  record.failed++;
  countFailure(recorder, outcome);
}

function countFailure(recorder: Recorder, { failure, status, detail }: Outcome): void {
  const key = `${failure} ${status}`;
  const known = recorder.failures.get(key);
  if (known !== undefined) known.count++;
  else {
    recorder.failures.set(key, {
      kind: failure!,
      status,
      count: 1,
      text: detail.replace(/\s+/g, ' ').trim().slice(0, KEPT_TEXT),
    });
  }
}
