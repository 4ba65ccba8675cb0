import type { AddressInfo } from 'node:net';
import { reviveError, TfdeployError } from '../base/error.js';
import type { Log } from '../base/log.js';
import { Registry } from '../metrics/registry.js';
import type { ModelConfig } from '../repository/policy.js';
import {
  createRepository,
  type Repository,
  type RepositoryOptions,
  toFailure,
} from '../repository/repository.js';
import type { Snapshot } from '../repository/snapshot.js';
import { decideSupervisor } from './decide.js';
import { type Handlers, handle } from './handle.js';
import { formatAddress, formatUrl, type Listener } from './listener.js';
import type { FromWorker, ToWorker } from './messages.js';
import { MetricsCollector } from './metrics-collector.js';
import { ModelReplacement } from './replace-models.js';
import type { Notifier } from './sd-notify.js';
import { listenToSignals } from './signals.js';
import {
  createSupervisorState,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorSettings,
  type WorkerRecord,
} from './state.js';
import { forkWorker, REPORT_SIGNAL, type WorkerLink } from './worker-link.js';

/** What a reload may change. */
export interface ServingPlan {
  readonly settings: SupervisorSettings;
  readonly models: readonly ModelConfig[];
  /** What worker `id` is started with. */
  readonly workerData: (id: number) => unknown;
}

export interface SupervisorOptions {
  readonly plan: ServingPlan;
  readonly listener: Listener;
  /** Sockets of gRPC; none turns it off. */
  readonly grpcListeners: readonly Listener[];
  /** Reads a serialized ModelServerConfig; throws what is wrong with it. */
  readonly decodeModels: (config: Uint8Array) => readonly ModelConfig[] | Promise<readonly ModelConfig[]>;
  /** Compiled file of the worker's program. */
  readonly workerEntry: string;
  readonly repository: Omit<RepositoryOptions, 'onSnapshot' | 'onDiscardWorker'>;
  readonly isFailingFast: boolean;
  readonly reportDir: string | undefined;
  readonly log: Log;
  readonly notifier: Notifier;
  /** Reads the configuration anew, for SIGHUP; a rejection keeps the old one. */
  readonly reload: () => Promise<ServingPlan>;
  readonly onReady: (status: ReadyStatus) => void;
  /** Starts the program anew with the listening socket, for SIGUSR2. */
  readonly upgrade: () => void;
}

export interface ReadyStatus {
  readonly address: AddressInfo | string | null;
  /** Where gRPC is answered: `127.0.0.1:8500`, `unix:/run/x.sock`; undefined when it is off. */
  readonly grpcAddress: string | undefined;
  readonly workers: number;
  readonly snapshot: Snapshot;
  readonly failures: ReturnType<Repository['listFailures']>;
}

export interface WorkerInfo
  extends Pick<WorkerRecord, 'id' | 'pid' | 'phase' | 'requests' | 'residentBytes' | 'bornMs'> {}

/** What the control socket may ask of a running supervisor. */
export interface Supervisor {
  /** Resolves with the exit status once every worker has ended; rejects when nothing could be served. */
  readonly ended: Promise<number>;
  dispatch(event: SupervisorEvent): void;
  reload(): Promise<void>;
  /** Serves these models instead of the ones before; rejects with those of them that can not be served. */
  replaceModels(models: readonly ModelConfig[]): Promise<void>;
  listWorkers(): WorkerInfo[];
  readonly snapshot: Snapshot;
}

const TICK_MS = 250;
/** While models load, systemd is asked for more time at this interval. */
const EXTEND_MS = 5000;

function toKnown(error: unknown): TfdeployError {
  return error instanceof TfdeployError ? error : new TfdeployError('TFD_BUG', String(error));
}

class ProcessSupervisor implements Supervisor {
  readonly ended: Promise<number>;
  readonly #state;
  readonly #links = new Map<number, WorkerLink>();
  readonly #repository: Repository;
  readonly #replacement: ModelReplacement;
  readonly #collector = new MetricsCollector();
  readonly #registry = new Registry();
  readonly #timers: NodeJS.Timeout[] = [];
  #plan: ServingPlan;
  #address: AddressInfo | string | null = null;
  #startError: TfdeployError | undefined;
  #finish: (status: number) => void = () => {};
  #stopSignals: () => void = () => {};

  constructor(private readonly options: SupervisorOptions) {
    this.#plan = options.plan;
    this.#state = createSupervisorState(options.plan.settings);
    this.#repository = createRepository({
      ...options.repository,
      onSnapshot: (snapshot) => this.#publish(snapshot),
      onDiscardWorker: (id, reason) => this.dispatch({ kind: 'discard', id, reason }),
    });
    this.#replacement = new ModelReplacement(this.#repository, {
      log: options.log,
      canLabelsPrecede: options.repository.canLabelsPrecede,
    });
    this.ended = new Promise((resolve, reject) => {
      this.#finish = (status) => {
        if (this.#startError === undefined) resolve(status);
        else reject(this.#startError);
      };
    });
  }

  get snapshot(): Snapshot {
    return this.#repository.snapshot;
  }

  start(): void {
    this.#stopSignals = listenToSignals({
      stop: (isQuick) => this.#stop(isQuick),
      reload: () => void this.reload().catch(() => {}),
      scale: (by) => this.dispatch({ kind: 'scale', by }),
      resize: (to) => this.dispatch({ kind: 'resize', to }),
      reopen: () => this.#reopen(),
      upgrade: () => this.options.upgrade(),
    });
    this.#timers.push(setInterval(() => this.dispatch({ kind: 'tick' }), TICK_MS));
    this.#timers.push(setInterval(() => this.#extendStart(), EXTEND_MS));
    this.dispatch({ kind: 'tick' });
    this.#repository.configure(this.#plan.models);
  }

  dispatch(event: SupervisorEvent): void {
    for (const action of decideSupervisor(this.#state, event, performance.now()))
      handle(this.#actions, action);
  }

  async reload(): Promise<void> {
    const { log, notifier } = this.options;
    log.info('reloading');
    notifier.reloading();
    try {
      this.#plan = await this.options.reload();
    } catch (error) {
      log.error(`reload refused, nothing is changed: ${(error as Error).message}`);
      notifier.ready('serving with the old configuration');
      throw error;
    }
    this.#repository.configure(this.#plan.models);
    this.#repository.reload();
    this.dispatch({ kind: 'reload', settings: this.#plan.settings });
    notifier.ready('serving');
  }

  async replaceModels(models: readonly ModelConfig[]): Promise<void> {
    await this.#replacement.replace(
      () => this.#plan.models,
      models,
      (next) => {
        this.#plan = { ...this.#plan, models: next };
      },
    );
  }

  listWorkers(): WorkerInfo[] {
    return [...this.#state.workers.values()].map(({ id, pid, phase, requests, residentBytes, bornMs }) => ({
      id,
      pid,
      phase,
      requests,
      residentBytes,
      bornMs,
    }));
  }

  readonly #actions: Handlers<SupervisorAction> = {
    fork: ({ id }) => this.#fork(id),
    listen: ({ id }) => this.#send(id, { kind: 'listen' }),
    drain: ({ id, deadlineMs }) => {
      this.#repository.send({ kind: 'worker-down', worker: id });
      this.#send(id, { kind: 'drain', deadlineMs });
    },
    signal: ({ id, signal }) => this.#links.get(id)?.signal(signal),
    report: ({ id }) => {
      this.#repository.send({ kind: 'worker-down', worker: id });
      this.#links.get(id)?.signal(REPORT_SIGNAL);
    },
    release: ({ id, count }) => this.#send(id, { kind: 'release', count }),
    announce: () => this.#announce(),
    log: ({ level, message, fields }) => this.options.log[level](message, fields),
    'count-restart': ({ reason }) => this.#registry.counter('workerRestarts', reason).add(),
    exit: ({ status }) => this.#end(status),
  };

  #fork(id: number): void {
    const handlers = this.#messageHandlers(id);
    const link = forkWorker({
      entry: this.options.workerEntry,
      data: this.#plan.workerData(id),
      listenFd: this.options.listener.fd,
      extraFds: this.options.grpcListeners.map(({ fd }) => fd),
      reportDir: this.options.reportDir,
      onMessage: (message) => handle(handlers, message),
      onExit: (code, signal) => {
        this.#links.delete(id);
        this.#collector.forget(id);
        this.#repository.send({ kind: 'worker-down', worker: id });
        this.#replacement.notify();
        this.dispatch({ kind: 'exited', id, code, signal });
      },
    });
    this.#links.set(id, link);
    this.dispatch({ kind: 'forked', id, pid: link.pid });
  }

  #send(id: number, message: ToWorker): void {
    this.#links.get(id)?.send(message);
  }

  #messageHandlers(worker: number): Handlers<FromWorker> {
    const tell = this.#repository.send.bind(this.#repository);
    return {
      up: () => {
        this.#send(worker, { kind: 'models', snapshot: this.#repository.snapshot });
        this.dispatch({ kind: 'up', id: worker });
        tell({ kind: 'worker-up', worker });
      },
      listening: ({ address }) => {
        this.#address = address;
        this.options.log.debug(`worker ${worker} listens at ${formatUrl(address)}`);
      },
      'listen-failed': ({ error }) => this.#failStart(reviveError(error)),
      ready: () => this.dispatch({ kind: 'ready', id: worker }),
      beat: ({ beat }) => this.dispatch({ kind: 'beat', id: worker, beat }),
      loaded: ({ version }) => {
        tell({ kind: 'loaded', worker, id: version });
        this.#replacement.notify();
      },
      'load-failed': ({ version, error }) =>
        tell({ kind: 'load-failed', worker, id: version, failure: toFailure(reviveError(error)) }),
      unloaded: ({ version }) => tell({ kind: 'unloaded', worker, id: version }),
      'variant-wanted': (message) => void this.#compileVariant(worker, message),
      'models-wanted': (message) => void this.#replaceFor(worker, message),
      'all-metrics-wanted': ({ id }) => void this.#collectMetrics(worker, id),
      metrics: ({ id, metrics }) => this.#collector.take(worker, id, metrics),
    };
  }

  async #compileVariant(
    worker: number,
    { id, modelDir, signature, shapes }: Extract<FromWorker, { kind: 'variant-wanted' }>,
  ): Promise<void> {
    try {
      const entryDir = await this.#repository.compileVariant(modelDir, { signature, shapes });
      this.#send(worker, { kind: 'variant', id, entryDir });
    } catch (error) {
      this.#send(worker, { kind: 'variant', id, error: toKnown(error).toJSON() });
    }
  }

  async #replaceFor(
    worker: number,
    { id, config }: Extract<FromWorker, { kind: 'models-wanted' }>,
  ): Promise<void> {
    try {
      const bytes = Buffer.from(config, 'base64');
      await this.replaceModels(await this.options.decodeModels(bytes));
      this.#send(worker, { kind: 'models-replaced', id });
    } catch (error) {
      this.#send(worker, { kind: 'models-replaced', id, error: toKnown(error).toJSON() });
    }
  }

  async #collectMetrics(worker: number, id: number): Promise<void> {
    const records = [...this.#state.workers.values()];
    for (const phase of ['booting', 'ready', 'draining'] as const)
      this.#registry.gauge('workers', phase).set(records.filter((each) => each.phase === phase).length);
    const askable = records.filter(({ phase, isUp }) => isUp && phase !== 'killing').map((each) => each.id);
    const metrics = await this.#collector.collect(
      askable,
      (each, request) => this.#send(each, { kind: 'metrics-wanted', id: request }),
      this.#registry.snapshot(),
    );
    this.#send(worker, { kind: 'metrics', id, metrics });
  }

  #publish(snapshot: Snapshot): void {
    for (const id of this.#links.keys()) this.#send(id, { kind: 'models', snapshot });
    this.#replacement.notify();
    if (!snapshot.isSettled || this.#state.isAnnounced) return;
    const failures = this.#repository.listFailures();
    const [first] = failures;
    if (first === undefined) return;
    const isServing = snapshot.models.some(({ versions }) =>
      versions.some(({ state }) => state === 'AVAILABLE'),
    );
    if (isServing && !this.options.isFailingFast) return;
    this.#failStart(
      reviveError({ ...first.failure, message: `model ${first.model}: ${first.failure.message}` }),
    );
  }

  /** There is nothing to serve, or nowhere: the process ends and its caller says why. */
  #failStart(error: TfdeployError): void {
    this.#startError ??= error;
    this.dispatch({ kind: 'stop', isQuick: true, status: this.#startError.row.exit });
  }

  #announce(): void {
    const workers = [...this.#state.workers.values()].filter(({ phase }) => phase === 'ready').length;
    const { snapshot } = this.#repository;
    this.options.notifier.ready(`serving with ${workers} workers`);
    this.options.onReady({
      address: this.#address,
      grpcAddress: formatAddress(this.options.grpcListeners[0]),
      workers,
      snapshot,
      failures: this.#repository.listFailures(),
    });
  }

  #closeListeners(): void {
    for (const each of [this.options.listener, ...this.options.grpcListeners]) each.close();
  }

  #extendStart(): void {
    if (!this.#state.isAnnounced && this.#state.phase === 'running')
      this.options.notifier.extend(2 * EXTEND_MS);
  }

  #stop(isQuick: boolean): void {
    this.options.log.info(isQuick ? 'stopping' : 'draining');
    this.options.notifier.stopping();
    // As long as this process holds the socket, connections that nobody will accept are still made.
    this.#closeListeners();
    this.dispatch({ kind: 'stop', isQuick, status: 0 });
  }

  #reopen(): void {
    this.options.log.reopen();
    for (const id of this.#links.keys()) this.#send(id, { kind: 'reopen' });
  }

  #end(status: number): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopSignals();
    this.#repository.close();
    this.options.notifier.close();
    this.#closeListeners();
    this.#finish(status);
  }
}

/** Starts the workers and keeps them; see `decideSupervisor` for its rules. It never touches a request. */
export function startSupervisor(options: SupervisorOptions): Supervisor {
  const supervisor = new ProcessSupervisor(options);
  supervisor.start();
  return supervisor;
}
