import { setTimeout } from 'node:timers/promises';
import { TfdeployError } from '../base/error.js';
import type { LoadedServable } from './servable.js';
import type { ModelSnapshot, Snapshot, VersionSnapshot } from './snapshot.js';
import type { Servable, ServableDirectory, VersionChoice, VersionStatus } from './types.js';

/** What the directory tells the supervisor. */
export interface DirectoryEvents {
  loaded(id: string): void;
  failed(id: string, error: unknown): void;
  unloaded(id: string): void;
  /** Everything that is to be served is loaded here, and nothing more is to come. */
  ready(): void;
}

/** `isBackground`: requests are being answered meanwhile and go before it. */
export type Load = (
  model: string,
  version: VersionSnapshot,
  isBackground: boolean,
) => Promise<LoadedServable>;

interface Copy {
  readonly loading: Promise<LoadedServable>;
  servable: LoadedServable | undefined;
  isLeaving: boolean;
}

/** The models of one worker process, kept as the latest snapshot says. */
export interface WorkerDirectory extends ServableDirectory {
  apply(snapshot: Snapshot): void;
  /** Loaded copies, for heartbeats and metrics. */
  listLoaded(): LoadedServable[];
  setDraining(): void;
  close(): Promise<void>;
}

const LINGER_MS = 200;
const NOTHING: Snapshot = { models: [], isSettled: false };

class SnapshotDirectory implements WorkerDirectory {
  #snapshot = NOTHING;
  #isDraining = false;
  #isReadyTold = false;
  readonly #copies = new Map<string, Copy>();
  /** Versions that could not be loaded, until the supervisor has heard of it. */
  readonly #failed = new Set<string>();
  /** Per model the servables that answer, highest version first. */
  #routes = new Map<string, readonly LoadedServable[]>();
  #labels = new Map<string, ReadonlyMap<string, bigint>>();
  /** Ends when what is loaded in the background is; one version at a time. */
  #background: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly worker: number,
    private readonly load: Load,
    private readonly events: DirectoryEvents,
  ) {}

  get models(): readonly string[] {
    return this.#snapshot.models.filter(({ versions }) => versions.length > 0).map(({ name }) => name);
  }

  get isReady(): boolean {
    const { models } = this.#snapshot;
    return (
      !this.#isDraining && models.length > 0 && models.every(({ name }) => this.#routes.get(name)?.length)
    );
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  setDraining(): void {
    this.#isDraining = true;
  }

  find(model: string, { version, label }: VersionChoice): Servable {
    const servables = this.#routes.get(model);
    if (label !== undefined) {
      const labelled = this.#labels.get(model)?.get(label);
      if (labelled === undefined && this.#findModel(model) !== undefined)
        throw new TfdeployError('TFD_INPUT_INVALID', `Unrecognized servable version label: ${label}`);
      version = labelled;
    }
    if (version === undefined) {
      const latest = servables?.[0];
      if (latest !== undefined) return latest;
      throw this.#notFound(model, `Latest(${model})`);
    }
    for (const servable of servables ?? []) if (servable.version === version) return servable;
    throw this.#notFound(model, `Specific(${model}, ${version})`);
  }

  status(model: string, version?: bigint): VersionStatus[] {
    const found = this.#findModel(model);
    if (found === undefined || found.versions.length === 0)
      throw new TfdeployError('TFD_NOT_FOUND', `Could not find any versions of model ${model}`);
    // While changed files of a version are loaded it is in the book twice: the copy that answers counts.
    const byVersion = new Map<bigint, VersionSnapshot>();
    for (const each of found.versions) {
      const key = BigInt(each.version);
      if (!byVersion.has(key) || each.state === 'AVAILABLE') byVersion.set(key, each);
    }
    const all = [...byVersion]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([number, { state, errorCode, errorMessage }]) => ({
        version: number,
        state,
        errorCode,
        errorMessage,
      }));
    if (version === undefined) return all;
    const chosen = all.filter((each) => each.version === version);
    if (chosen.length === 0)
      throw new TfdeployError('TFD_NOT_FOUND', `Could not find version ${version} of model ${model}`);
    return chosen;
  }

  labels(model: string): ReadonlyMap<string, bigint> {
    return this.#labels.get(model) ?? new Map();
  }

  apply(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const wanted = new Set<string>();
    for (const model of snapshot.models)
      for (const version of model.versions) {
        if (version.goal === 'load' || version.goal === 'serve') {
          wanted.add(version.id);
          const isTurn = version.turn === undefined || version.turn === this.worker;
          if (isTurn && !this.#copies.has(version.id) && !this.#failed.has(version.id))
            this.#startLoading(model.name, version);
        } else this.#failed.delete(version.id);
      }
    this.#route();
    for (const [id, copy] of this.#copies) if (!wanted.has(id)) void this.#retire(id, copy);
    this.#tellReady();
  }

  listLoaded(): LoadedServable[] {
    return [...this.#copies.values()].flatMap(({ servable }) => servable ?? []);
  }

  async close(): Promise<void> {
    this.#routes = new Map();
    await Promise.allSettled([...this.#copies].map(([id, copy]) => this.#retire(id, copy)));
  }

  #findModel(name: string): ModelSnapshot | undefined {
    return this.#snapshot.models.find((model) => model.name === name);
  }

  #notFound(model: string, request: string): TfdeployError {
    const found = this.#findModel(model);
    // A model on its way is no wrong address: the client is told to come back. What others serve already is on its
    // way in a worker that was started again.
    const isComing =
      found?.versions.some(
        ({ id, state, goal }) =>
          state === 'START' || state === 'LOADING' || (goal === 'serve' && !this.#failed.has(id)),
      ) ?? false;
    if (isComing && !this.#routes.get(model)?.length)
      return new TfdeployError('TFD_UNAVAILABLE', `Servable is being loaded: ${request}`, {
        details: { retryAfterSeconds: 1 },
      });
    return new TfdeployError('TFD_NOT_FOUND', `Servable not found for request: ${request}`);
  }

  #startLoading(model: string, version: VersionSnapshot): void {
    const isBackground = version.turn !== undefined;
    const loading = isBackground
      ? this.#background.then(() => this.load(model, version, true))
      : this.load(model, version, false);
    if (isBackground) this.#background = loading.catch(() => {});
    const copy: Copy = { loading, servable: undefined, isLeaving: false };
    this.#copies.set(version.id, copy);
    copy.loading.then(
      (servable) => {
        copy.servable = servable;
        if (copy.isLeaving) return;
        this.#route();
        this.events.loaded(version.id);
        this.#tellReady();
      },
      (error: unknown) => {
        if (this.#copies.get(version.id) === copy) this.#copies.delete(version.id);
        if (copy.isLeaving) return;
        this.#failed.add(version.id);
        this.events.failed(version.id, error);
      },
    );
  }

  async #retire(id: string, copy: Copy): Promise<void> {
    if (copy.isLeaving) return;
    copy.isLeaving = true;
    try {
      const servable = await copy.loading;
      // A request that found the version may still be reading its body.
      await setTimeout(LINGER_MS);
      await servable.close();
    } catch {
      // It never loaded, or its engine is gone already.
    }
    if (this.#copies.get(id) === copy) this.#copies.delete(id);
    this.events.unloaded(id);
  }

  #route(): void {
    const routes = new Map<string, readonly LoadedServable[]>();
    const labels = new Map<string, ReadonlyMap<string, bigint>>();
    for (const { name, versions, labels: pairs } of this.#snapshot.models) {
      const serving = versions
        .filter(({ goal }) => goal === 'serve')
        .flatMap(({ id }) => this.#copies.get(id)?.servable ?? [])
        .sort((a, b) => (a.version < b.version ? 1 : -1));
      routes.set(name, serving);
      labels.set(name, new Map(pairs.map(([label, version]) => [label, BigInt(version)])));
    }
    this.#routes = routes;
    this.#labels = labels;
  }

  #tellReady(): void {
    if (this.#isReadyTold || !this.#snapshot.isSettled) return;
    const versions = this.#snapshot.models.flatMap((model) => model.versions);
    const isComplete = versions.every(
      ({ id, goal }) => goal !== 'serve' || this.#copies.get(id)?.servable !== undefined,
    );
    if (!isComplete) return;
    this.#isReadyTold = true;
    this.events.ready();
  }
}

/** The directory of the worker with this number. */
export function createWorkerDirectory(worker: number, load: Load, events: DirectoryEvents): WorkerDirectory {
  return new SnapshotDirectory(worker, load, events);
}
