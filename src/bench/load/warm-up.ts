import { median } from '../stats/inference.js';

/** `auto` ends when the answers are steady; a fixed one after its time. */
export type WarmUp = { readonly kind: 'auto' } | { readonly kind: 'fixed'; readonly durationMs: number };

/** What one window of the warm-up showed. */
export interface WarmUpWindow {
  readonly issued: number;
  readonly completed: number;
  readonly failed: number;
  /** Requests on their way at its end. */
  readonly inFlight: number;
  readonly p50Ms: number | undefined;
}

export const WARM_UP_WINDOW_MS = 500;
/** Cold code in the generator alone makes the first second or so of a run slow. */
const LEAST_WINDOWS = 3;
const MOST_WINDOWS = 20;
const TOO_FEW_TO_JUDGE = 6;

/**
 * Whether the last three windows look alike: as many answers as requests (98 %), no growing backlog, and a
 * median within 10 % (or 0.2 ms) of that of the two windows before.
 */
export function isSettled(windows: readonly WarmUpWindow[]): boolean {
  if (windows.length < LEAST_WINDOWS) return false;
  const recent = windows.slice(-LEAST_WINDOWS);
  const last = recent[recent.length - 1]!;
  const first = recent[0]!;
  const issued = recent.reduce((sum, window) => sum + window.issued, 0);
  const completed = recent.reduce((sum, window) => sum + window.completed, 0);
  if (issued < TOO_FEW_TO_JUDGE) return true;
  if (last.inFlight - first.inFlight > Math.max(2, 0.02 * issued)) return false;
  if (completed < 0.98 * issued - Math.max(2, first.inFlight)) return false;
  const before = median(recent.slice(0, -1).flatMap(({ p50Ms }) => p50Ms ?? []));
  if (before === undefined || last.p50Ms === undefined) return false;
  return Math.abs(last.p50Ms - before) <= Math.max(0.2, 0.1 * before);
}

/** How many windows the warm-up of a run may take before it is ended all the same. */
export function warmUpLimit(durationMs: number): number {
  return Math.min(MOST_WINDOWS, Math.max(LEAST_WINDOWS + 1, Math.ceil(durationMs / WARM_UP_WINDOW_MS)));
}
