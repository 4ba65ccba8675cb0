import type { GrpcStatusName } from '../base/codes.js';
import type { ModelConfig } from './policy.js';
import type { Goal, ModelSnapshot, Snapshot, VersionSnapshot } from './snapshot.js';
import type { VersionState } from './types.js';

export type Phase = 'waiting' | 'compiling' | 'loading' | 'serving' | 'retiring' | 'ended' | 'failed';

export interface Failure {
  readonly code: string;
  readonly grpc: GrpcStatusName;
  readonly message: string;
  readonly hint?: string;
  /** A model that can not be compiled does not heal by trying again. */
  readonly isPermanent: boolean;
}

/** One version of a model in the supervisor's book. */
export interface VersionRecord {
  readonly id: string;
  readonly version: bigint;
  readonly dir: string;
  /** The state of its files when it was found. */
  readonly fingerprint: string;
  phase: Phase;
  entryDir: string;
  failure: Failure | undefined;
  tries: number;
  retryAtMs: number;
  /** Workers that hold it. */
  readonly holders: Set<number>;
}

export interface ModelRecord {
  config: ModelConfig;
  /** False once it is no longer configured: it leaves the book when nobody holds a version of it. */
  isWanted: boolean;
  isScanned: boolean;
  /** Versions to serve, by record id. */
  aspired: readonly string[];
  versions: VersionRecord[];
}

const GOALS: Readonly<Record<Phase, Goal>> = {
  waiting: 'wait',
  compiling: 'wait',
  loading: 'load',
  serving: 'serve',
  retiring: 'retire',
  ended: 'retire',
  failed: 'retire',
};

const STATES: Readonly<Record<Phase, VersionState>> = {
  waiting: 'START',
  compiling: 'LOADING',
  loading: 'LOADING',
  serving: 'AVAILABLE',
  retiring: 'UNLOADING',
  ended: 'END',
  failed: 'END',
};

/**
 * Loading takes the cores from requests, so the workers of a server that answers already load one after the
 * other: the first that does not hold the version yet.
 */
function findTurn(record: VersionRecord, workers: ReadonlySet<number>): number | undefined {
  if (record.phase !== 'loading') return undefined;
  for (const worker of workers) if (!record.holders.has(worker)) return worker;
  return undefined;
}

function snapshotVersion(record: VersionRecord, turn: number | undefined): VersionSnapshot {
  return {
    id: record.id,
    version: String(record.version),
    modelDir: record.dir,
    entryDir: record.entryDir,
    goal: GOALS[record.phase],
    state: STATES[record.phase],
    errorCode: record.failure?.grpc ?? 'OK',
    errorMessage: record.failure?.message ?? '',
    ...(turn === undefined ? {} : { turn }),
  };
}

/** Labels point to versions that are served, unless a new one may come before its version. */
function listLabels(model: ModelRecord, canPrecede: boolean): (readonly [string, string])[] {
  return [...model.config.labels]
    .filter(([, version]) =>
      model.versions.some((each) => each.version === version && (canPrecede || each.phase === 'serving')),
    )
    .map(([label, version]) => [label, String(version)] as const);
}

function snapshotModel(
  model: ModelRecord,
  canLabelsPrecede: boolean,
  turnOf: (record: VersionRecord) => number | undefined,
): ModelSnapshot {
  return {
    name: model.config.name,
    labels: listLabels(model, canLabelsPrecede),
    // Sorting is stable: of one version, the record that was made last comes first.
    versions: [...model.versions]
      .sort((a, b) => (a.version < b.version ? 1 : a.version > b.version ? -1 : 0))
      .map((record) => snapshotVersion(record, turnOf(record))),
  };
}

/** The versions to serve, highest first. */
export function aspiredRecords(model: ModelRecord): VersionRecord[] {
  return model.aspired.flatMap((id) => model.versions.find((record) => record.id === id) ?? []);
}

/** Every version asked for is served or has failed for good. */
export function isModelSettled(model: ModelRecord): boolean {
  return (
    model.isScanned &&
    aspiredRecords(model).every(({ phase }) => phase === 'serving' || phase === 'failed' || phase === 'ended')
  );
}

export function takeSnapshot(
  models: ReadonlyMap<string, ModelRecord>,
  canLabelsPrecede: boolean,
  workers: ReadonlySet<number>,
): Snapshot {
  const all = [...models.values()];
  const isServing = all.some(({ versions }) => versions.some(({ phase }) => phase === 'serving'));
  const turnOf = (record: VersionRecord) => (isServing ? findTurn(record, workers) : undefined);
  return {
    models: all.map((model) => snapshotModel(model, canLabelsPrecede, turnOf)),
    isSettled: all.every(isModelSettled),
  };
}
