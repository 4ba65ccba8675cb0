import type { Pool, PoolOptions } from '../wire/pool.js';
import type { Outcome } from '../wire/shot.js';
import type { Recorder } from './recorder.js';
import type { WarmUp } from './warm-up.js';

/** What is common to both ways of making load. */
export interface DriveOptions {
  readonly pool: Omit<PoolOptions, 'onOutcome'>;
  readonly durationMs: number;
  readonly warmUp: WarmUp;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
  /** Called when the measured phase begins, and when its last request was issued. */
  onPhase(phase: 'measure' | 'drain'): void;
  /** Every outcome, the warm-up's too. */
  onOutcome(outcome: Outcome): void;
  /** About every 50 ms. */
  onTick(pool: Pool): void;
}

export interface DriveResult {
  readonly measureStartMs: number;
  /** Length of the measured phase as it came out: the one asked for, unless the run was stopped. */
  readonly measuredMs: number;
  readonly planned: number;
  readonly issued: number;
  readonly warmUpMs: number;
  /** Whether the warm-up ended because the answers were steady (a fixed one never looks). */
  readonly isSettled: boolean | undefined;
  readonly peakConnections: number;
  readonly isInterrupted: boolean;
}

export const TICK_MS = 50;
