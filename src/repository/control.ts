import type { LogLevel } from '../base/log.js';
import type { FoundVersion } from './layout.js';
import { type ModelConfig, selectVersions } from './policy.js';
import {
  aspiredRecords,
  type Failure,
  isModelSettled,
  type ModelRecord,
  type VersionRecord,
} from './records.js';

export interface ControlSettings {
  readonly maxRetries: number;
  readonly retryIntervalMs: number;
}

export interface ControlState {
  readonly settings: ControlSettings;
  readonly models: Map<string, ModelRecord>;
  /** Workers that take part: a new version takes over when each of them holds it. */
  readonly workers: Set<number>;
  nextId: number;
}

export interface ScannedVersion extends FoundVersion {
  readonly fingerprint: string;
}

export type ControlEvent =
  | { readonly kind: 'configure'; readonly models: readonly ModelConfig[] }
  /** What lies on disk; `isForced` takes changed files of a served version as a new version of it. */
  | {
      readonly kind: 'scanned';
      readonly model: string;
      readonly found: readonly ScannedVersion[];
      readonly isForced: boolean;
    }
  | { readonly kind: 'compiled'; readonly id: string; readonly entryDir: string }
  | { readonly kind: 'compile-failed'; readonly id: string; readonly failure: Failure }
  | { readonly kind: 'loaded'; readonly worker: number; readonly id: string }
  | { readonly kind: 'load-failed'; readonly worker: number; readonly id: string; readonly failure: Failure }
  | { readonly kind: 'unloaded'; readonly worker: number; readonly id: string }
  | { readonly kind: 'worker-up'; readonly worker: number }
  | { readonly kind: 'worker-down'; readonly worker: number }
  | { readonly kind: 'tick' };

export type ControlAction =
  | {
      readonly kind: 'compile';
      readonly id: string;
      readonly model: string;
      readonly dir: string;
      readonly isBackground: boolean;
      /** The plan in the cache was no good: compile it again. */
      readonly isFresh: boolean;
    }
  /** Tell the workers anew what to hold. */
  | { readonly kind: 'publish' }
  /** A worker can not hold what the others serve: it is of no use. */
  | { readonly kind: 'discard-worker'; readonly worker: number; readonly failure: Failure }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** Ended versions that the status answer still shows. */
const MAX_ENDED = 3;
const CORRUPT = 'TFD_PLAN_CORRUPT';

export function createControlState(settings: ControlSettings): ControlState {
  return { settings, models: new Map(), workers: new Set(), nextId: 1 };
}

function findRecord(
  state: ControlState,
  id: string,
): { model: ModelRecord; record: VersionRecord } | undefined {
  for (const model of state.models.values()) {
    const record = model.versions.find((each) => each.id === id);
    if (record !== undefined) return { model, record };
  }
  return undefined;
}

class Decision {
  readonly actions: ControlAction[] = [];

  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.actions.push({ kind: 'log', level, message, fields });
  }
}

function configure(state: ControlState, models: readonly ModelConfig[]): void {
  const wanted = new Map(models.map((config) => [config.name, config]));
  for (const [name, model] of state.models) {
    const config = wanted.get(name);
    model.isWanted = config !== undefined;
    if (config === undefined) model.aspired = [];
    else if (config.basePath === model.config.basePath) model.config = config;
    else state.models.set(name, { ...model, config, isScanned: false });
  }
  for (const [name, config] of wanted)
    if (!state.models.has(name))
      state.models.set(name, { config, isWanted: true, isScanned: false, aspired: [], versions: [] });
}

function findUsable(model: ModelRecord, found: ScannedVersion, isForced: boolean): VersionRecord | undefined {
  return model.versions.find(
    ({ version, dir, fingerprint, phase }) =>
      version === found.version &&
      dir === found.dir &&
      phase !== 'ended' &&
      phase !== 'retiring' &&
      // Files that are still being copied fail at first: a change is another chance.
      (fingerprint === found.fingerprint || (phase !== 'failed' && !isForced)),
  );
}

function scan(
  state: ControlState,
  model: ModelRecord,
  event: Extract<ControlEvent, { kind: 'scanned' }>,
  decision: Decision,
): void {
  const wasScanned = model.isScanned;
  model.isScanned = true;
  const { name, policy, basePath } = model.config;
  const wanted = selectVersions(
    policy,
    event.found.map(({ version }) => version),
  );
  if (wanted.length === 0 && (!wasScanned || model.aspired.length > 0))
    decision.log('warn', `No versions of servable ${name} found under base path ${basePath}`, {
      hint: 'version directories are named by a number; a directory with a saved_model.pb is version 1',
    });
  if (policy.kind === 'specific')
    for (const version of policy.versions)
      if (!wanted.includes(version) && !wasScanned)
        decision.log(
          'warn',
          `Version ${version} of servable ${name}, which was requested to be served as a 'specific' version in the servable's version policy, was not found in the file system`,
        );
  const aspired: string[] = [];
  for (const found of event.found) {
    if (!wanted.includes(found.version)) continue;
    let record = findUsable(model, found, event.isForced);
    if (record === undefined) {
      record = {
        id: `${state.nextId++}`,
        version: found.version,
        dir: found.dir,
        fingerprint: found.fingerprint,
        phase: 'waiting',
        entryDir: '',
        failure: undefined,
        tries: 0,
        retryAtMs: 0,
        holders: new Set(),
      };
      const { version } = found;
      model.versions = [
        record,
        ...model.versions.filter(
          (each) => each.version !== version || (each.phase !== 'failed' && each.phase !== 'ended'),
        ),
      ];
    }
    aspired.push(record.id);
  }
  model.aspired = aspired;
}

function fail(
  state: ControlState,
  record: VersionRecord,
  failure: Failure,
  now: number,
  decision: Decision,
): void {
  record.failure = failure;
  record.tries++;
  record.phase = 'failed';
  const canRetry = !failure.isPermanent && record.tries <= state.settings.maxRetries;
  record.retryAtMs = canRetry ? now + state.settings.retryIntervalMs : Number.POSITIVE_INFINITY;
  decision.log('error', `version ${record.version} can not be served: ${failure.message}`, {
    code: failure.code,
    hint: failure.hint,
    retry: canRetry ? `in ${Math.round(state.settings.retryIntervalMs / 1000)} s` : undefined,
  });
}

/** Brings every record as far as it can go now. */
function advance(state: ControlState, model: ModelRecord, now: number, decision: Decision): void {
  const { name } = model.config;
  const isServing = model.versions.some(({ phase }) => phase === 'serving');
  for (const record of aspiredRecords(model)) {
    const isDue = record.phase === 'failed' && now >= record.retryAtMs;
    if (record.phase === 'waiting' || isDue) {
      record.phase = 'compiling';
      const isBackground = [...state.models.values()].some((each) =>
        each.versions.some(({ phase }) => phase === 'serving'),
      );
      decision.actions.push({
        kind: 'compile',
        id: record.id,
        model: name,
        dir: record.dir,
        isBackground,
        isFresh: record.failure?.code === CORRUPT,
      });
    } else if (record.phase === 'loading') {
      // The first version serves from the first worker on; a successor waits for all, so that no client sees both.
      const holders = [...state.workers].filter((worker) => record.holders.has(worker)).length;
      if (holders > 0 && (!isServing || holders === state.workers.size)) {
        record.phase = 'serving';
        record.failure = undefined;
        decision.log('info', `serving version ${record.version} of model ${name}`);
      }
    }
  }
  const aspired = aspiredRecords(model);
  const canLetGo =
    aspired.length === 0 || (isModelSettled(model) && aspired.some(({ phase }) => phase === 'serving'));
  for (const record of model.versions) {
    if (model.aspired.includes(record.id)) continue;
    if (record.phase === 'waiting' || record.phase === 'compiling') record.phase = 'ended';
    if (record.phase === 'loading' || (record.phase === 'serving' && canLetGo)) {
      record.phase = 'retiring';
      decision.log('info', `retiring version ${record.version} of model ${name}`);
    }
    if (record.phase === 'retiring' && record.holders.size === 0) record.phase = 'ended';
  }
  const ended = model.versions.filter(({ phase }) => phase === 'ended');
  if (ended.length > MAX_ENDED) {
    const dropped = new Set(ended.slice(MAX_ENDED));
    model.versions = model.versions.filter((record) => !dropped.has(record));
  }
}

/**
 * The supervisor's book of models: takes an event, changes `state`, says what to do. A new version is
 * compiled, loaded and warmed beside the old one, takes over when every worker holds it, and only then the
 * old one goes; one that fails leaves the old one serving and says why.
 */
export function decideControl(state: ControlState, event: ControlEvent, now: number): ControlAction[] {
  const decision = new Decision();
  if (event.kind === 'configure') configure(state, event.models);
  else if (event.kind === 'worker-up') state.workers.add(event.worker);
  else if (event.kind === 'worker-down') {
    state.workers.delete(event.worker);
    for (const model of state.models.values())
      for (const record of model.versions) record.holders.delete(event.worker);
  } else if (event.kind === 'scanned') {
    const model = state.models.get(event.model);
    if (model !== undefined) scan(state, model, event, decision);
  } else if (event.kind !== 'tick') {
    const found = findRecord(state, event.id);
    if (found !== undefined) applyToRecord(state, found.record, event, now, decision);
  }
  for (const model of state.models.values()) advance(state, model, now, decision);
  for (const [name, model] of state.models)
    if (!model.isWanted && model.versions.every(({ phase }) => phase === 'ended' || phase === 'failed'))
      state.models.delete(name);
  decision.actions.push({ kind: 'publish' });
  return decision.actions;
}

function applyToRecord(
  state: ControlState,
  record: VersionRecord,
  event: Extract<ControlEvent, { readonly id: string }>,
  now: number,
  decision: Decision,
): void {
  if (event.kind === 'compiled') {
    if (record.phase !== 'compiling') return;
    record.entryDir = event.entryDir;
    record.phase = 'loading';
  } else if (event.kind === 'compile-failed') {
    if (record.phase === 'compiling') fail(state, record, event.failure, now, decision);
  } else if (event.kind === 'loaded') record.holders.add(event.worker);
  else if (event.kind === 'unloaded') record.holders.delete(event.worker);
  else if (record.phase === 'loading') {
    // A torn plan in the cache costs one more compilation, not the version.
    const isFirst = event.failure.code === CORRUPT && record.failure?.code !== CORRUPT;
    fail(state, record, event.failure, now, decision);
    if (isFirst) record.retryAtMs = now;
  } else if (record.phase === 'serving')
    decision.actions.push({ kind: 'discard-worker', worker: event.worker, failure: event.failure });
}
