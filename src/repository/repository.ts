import { CODES } from '../base/codes.js';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Log } from '../base/log.js';
import { readMachine } from '../base/machine.js';
import type { RefusedSignature } from '../convert/plan.js';
import { compileInProcess } from './compile-process.js';
import {
  type ControlAction,
  type ControlEvent,
  type ControlSettings,
  createControlState,
  decideControl,
} from './control.js';
import { findModelVersions, fingerprintVersion } from './layout.js';
import {
  cacheEntryDir,
  dropEntry,
  isCached,
  pruneCache,
  readStateNames,
  touchEntry,
  type VariantRequest,
} from './plan-cache.js';
import type { ModelConfig } from './policy.js';
import { type Failure, takeSnapshot } from './records.js';
import type { Snapshot } from './snapshot.js';

export interface RepositoryOptions {
  readonly settings: ControlSettings;
  readonly cacheDir: string;
  readonly tags: readonly string[];
  readonly canLabelsPrecede: boolean;
  /** Between two looks at the directories; 0 looks once. */
  readonly pollMs: number;
  /** Converters at the same time. */
  readonly converters: number;
  readonly log: Log;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onDiscardWorker: (worker: number, reason: string) => void;
  /**
   * A model is about to be loaded whose requests change what later ones are answered (the names of what they
   * change); throws when it can not be served.
   */
  readonly onState: (model: string, names: readonly string[]) => void;
}

/** The supervisor's side of the models: watches directories, compiles, tells the workers what to hold. */
export interface Repository {
  configure(models: readonly ModelConfig[]): void;
  /** Looks at the directories now; changed files of a served version count as a new version. */
  reload(): void;
  send(event: ControlEvent): void;
  /** A plan for shapes that the version's own plan does not take; its plan directory's cache entry. */
  compileVariant(modelDir: string, variant: VariantRequest): Promise<string>;
  readonly snapshot: Snapshot;
  /** Every version that is served is held by every worker. */
  readonly isHeldByAll: boolean;
  /** Why versions that were asked for are not served, by model. */
  listFailures(): { readonly model: string; readonly version: bigint; readonly failure: Failure }[];
  /** Ends watching and compiling; the book stays as it is. */
  close(): void;
}

/** What a failed load costs a retry, and what it says to clients. */
export function toFailure(error: unknown): Failure {
  const known = isTfdeployError(error)
    ? error
    : new TfdeployError('TFD_BUG', error instanceof Error ? error.message : String(error));
  return {
    code: known.code,
    grpc: CODES[known.code].grpc,
    message: known.message,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    isPermanent: known.row.exit !== 69,
  };
}

const MAX_BLOCKERS_TOLD = 5;
/** A loaded plan takes about its own size in every worker, and half of that again while it is being loaded. */
const MEMORY_FACTOR = 1.5;

class WatchedRepository implements Repository {
  readonly #state;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #variants = new Map<string, Promise<string>>();
  #running = 0;
  #published = '';
  #snapshot: Snapshot = { models: [], isSettled: false };

  constructor(private readonly options: RepositoryOptions) {
    this.#state = createControlState(options.settings);
    if (options.pollMs > 0) {
      this.#timer = setInterval(() => this.#scanAll(false), options.pollMs);
      this.#timer.unref();
    }
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get isHeldByAll(): boolean {
    const { models, workers } = this.#state;
    return [...models.values()].every(({ versions }) =>
      versions.every(
        ({ phase, holders }) => phase !== 'serving' || [...workers].every((id) => holders.has(id)),
      ),
    );
  }

  configure(models: readonly ModelConfig[]): void {
    this.send({ kind: 'configure', models });
    this.#scanAll(false);
  }

  reload(): void {
    this.#scanAll(true);
  }

  send(event: ControlEvent): void {
    if (this.#abort.signal.aborted) return;
    for (const action of decideControl(this.#state, event, performance.now())) this.#perform(action);
  }

  listFailures(): ReturnType<Repository['listFailures']> {
    return [...this.#state.models.values()].flatMap((model) =>
      model.versions.flatMap(({ id, version, phase, failure }) =>
        phase === 'failed' && failure !== undefined && model.aspired.includes(id)
          ? [{ model: model.config.name, version, failure }]
          : [],
      ),
    );
  }

  compileVariant(modelDir: string, variant: VariantRequest): Promise<string> {
    const { cacheDir, tags } = this.options;
    const entryDir = cacheEntryDir(cacheDir, modelDir, tags, variant);
    if (isCached(entryDir)) return Promise.resolve(entryDir);
    let compiling = this.#variants.get(entryDir);
    if (compiling === undefined) {
      compiling = new Promise<string>((resolve, reject) => {
        this.#enqueue(async () => {
          const job = { modelDir, tags, entryDir, variant };
          await this.#compile(job, true).then(({ signatures, refused }) => {
            const [first] = refused;
            if (signatures.length > 0) resolve(entryDir);
            else
              reject(
                new TfdeployError(
                  'TFD_INPUT_INVALID',
                  first?.blockers[0]?.why ?? 'the model takes no such shapes',
                ),
              );
          }, reject);
        });
      }).finally(() => this.#variants.delete(entryDir));
      this.#variants.set(entryDir, compiling);
    }
    return compiling;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  #scanAll(isForced: boolean): void {
    for (const [model, { config, isWanted }] of this.#state.models) {
      if (!isWanted) continue;
      const found = findModelVersions(config.basePath).map((each) => ({
        ...each,
        fingerprint: fingerprintVersion(each.dir),
      }));
      this.send({ kind: 'scanned', model, found, isForced });
    }
  }

  #perform(action: ControlAction): void {
    const { log } = this.options;
    if (action.kind === 'log') log[action.level](action.message, action.fields);
    else if (action.kind === 'publish') this.#publish();
    else if (action.kind === 'compile') this.#enqueue(() => this.#prepare(action));
    else this.options.onDiscardWorker(action.worker, action.failure.message);
  }

  #publish(): void {
    const snapshot = takeSnapshot(this.#state.models, this.options.canLabelsPrecede, this.#state.workers);
    const text = JSON.stringify(snapshot);
    if (text === this.#published) return;
    this.#published = text;
    this.#snapshot = snapshot;
    this.options.onSnapshot(snapshot);
  }

  async #prepare(action: Extract<ControlAction, { kind: 'compile' }>): Promise<void> {
    const { id, dir, isBackground } = action;
    try {
      const entryDir = cacheEntryDir(this.options.cacheDir, dir, this.options.tags, undefined);
      if (action.isFresh) dropEntry(entryDir);
      if (isCached(entryDir)) touchEntry(entryDir);
      else {
        const startMs = performance.now();
        const job = { modelDir: dir, tags: this.options.tags, entryDir };
        const { planBytes, refused } = await this.#compile(job, isBackground);
        const ms = Math.round(performance.now() - startMs);
        this.options.log.info(`compiled model ${action.model}`, { ms, bytes: planBytes });
        for (const each of refused) this.#warnRefused(action.model, each);
        if (isBackground) this.#checkMemory(planBytes);
      }
      const state = readStateNames(entryDir);
      if (state.length > 0) this.options.onState(action.model, state);
      this.send({ kind: 'compiled', id, entryDir });
    } catch (error) {
      this.send({ kind: 'compile-failed', id, failure: toFailure(error) });
    }
  }

  #compile(job: Parameters<typeof compileInProcess>[0], isBackground: boolean) {
    return compileInProcess(job, { isBackground, signal: this.#abort.signal });
  }

  #warnRefused(model: string, { name, blockers }: RefusedSignature): void {
    const { log } = this.options;
    log.warn(`signature "${name}" of model ${model} can not be run`, { blockers: blockers.length });
    for (const { op, node, layer, why } of blockers.slice(0, MAX_BLOCKERS_TOLD))
      log.warn(`${op} "${node}": ${why}`, layer === '' ? {} : { layer });
  }

  /** The new version stands beside the old one for a while, in every worker. */
  #checkMemory(planBytes: number): void {
    const needed = planBytes * MEMORY_FACTOR * this.#state.workers.size;
    const { availableMemoryBytes } = readMachine();
    if (needed <= availableMemoryBytes) return;
    const mib = (bytes: number) => `${Math.ceil(bytes / 1048576)} MiB`;
    throw new TfdeployError(
      'TFD_UNAVAILABLE',
      `not enough memory to load it beside the version that is served: about ${mib(needed)} needed, ${mib(availableMemoryBytes)} available`,
    );
  }

  #enqueue(task: () => Promise<void>): void {
    this.#queue.push(task);
    void this.#drainQueue();
  }

  async #drainQueue(): Promise<void> {
    if (this.#running >= this.options.converters) return;
    const task = this.#queue.shift();
    if (task === undefined) return;
    this.#running++;
    try {
      await task();
    } finally {
      this.#running--;
      void this.#drainQueue();
    }
  }
}

export function createRepository(options: RepositoryOptions): Repository {
  return new WatchedRepository(options);
}

/** Frees the disk of plans nobody has used for long; called once the server is up. */
export function tidyCache(cacheDir: string): void {
  pruneCache(cacheDir, Date.now());
}
