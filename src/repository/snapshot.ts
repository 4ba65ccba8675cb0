import type { VersionState } from './types.js';

/** What a worker does with a version: nothing yet, load and warm it, answer with it, let it go. */
export type Goal = 'wait' | 'load' | 'serve' | 'retire';

/** One version as the supervisor tells it to the workers. JSON, so versions are text. */
export interface VersionSnapshot {
  /** Unique for as long as the supervisor runs; a version whose files changed gets a new one. */
  readonly id: string;
  readonly version: string;
  readonly modelDir: string;
  /** Cache entry with the plan; empty until it is compiled. */
  readonly entryDir: string;
  readonly goal: Goal;
  readonly state: VersionState;
  readonly errorCode: string;
  readonly errorMessage: string;
  /** The worker that is to load it, while others answer for what is served; absent when all may load at once. */
  readonly turn?: number;
}

export interface ModelSnapshot {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly versions: readonly VersionSnapshot[];
}

/** The models a worker is to hold. Each one replaces the one before. */
export interface Snapshot {
  readonly models: readonly ModelSnapshot[];
  /** True once every version asked for is served or has failed. */
  readonly isSettled: boolean;
}
