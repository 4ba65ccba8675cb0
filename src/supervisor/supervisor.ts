import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { reviveError, TfdeployError } from '../base/error.js';
import { Registry } from '../metrics/registry.js';
import type { ModelConfig } from '../repository/policy.js';
import { createRepository, type Repository, toFailure } from '../repository/repository.js';
import type { Snapshot } from '../repository/snapshot.js';
import { decideSupervisor } from './decide.js';
import { type Handlers, handle } from './handle.js';
import { formatAddress, formatUrl } from './listener.js';
import type { FromWorker, ToWorker } from './messages.js';
import { MetricsCollector } from './metrics-collector.js';
import { ModelReplacement } from './replace-models.js';
import { listenToSignals } from './signals.js';
import { createSupervisorState, type SupervisorAction, type SupervisorEvent } from './state.js';
import type { ServingPlan, Supervisor, SupervisorOptions, WorkerInfo } from './types.js';
import { forkWorker, REPORT_SIGNAL, type WorkerLink } from './worker-link.js';

const TICK_MS = 250;
const LOOK_MS = 100;
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
    this.#state = createSupervisorState(options.plan.settings, options.listener);
    this.#repository = createRepository({
      ...options.repository,
      onSnapshot: (snapshot) => this.#publish(snapshot),
      onDiscardWorker: (id, reason) => this.dispatch({ kind: 'discard', id, reason }),
      onState: (model, names) => this.#keepState(model, names),
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
      stop: (isQuick) => this.stop(isQuick),
      reload: () => void this.reload().catch(() => {}),
      scale: (by) => this.dispatch({ kind: 'scale', by }),
      resize: (to) => this.dispatch({ kind: 'resize', to }),
      reopen: () => this.reopen(),
      upgrade: () => this.options.upgrade(),
    });
    this.#timers.push(setInterval(() => this.dispatch({ kind: 'tick' }), TICK_MS));
    this.#timers.push(setInterval(() => this.#extendStart(), EXTEND_MS));
    this.#extendStart();
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

  async reloaded(): Promise<void> {
    const { generation } = this.#state;
    const isThrough = () => {
      if (this.#state.abandonedGeneration === generation)
        throw new TfdeployError('TFD_UNAVAILABLE', 'new workers do not start; the old ones stay');
      const live = [...this.#state.workers.values()].filter(({ phase }) => phase !== 'killing');
      const isDone = live.every((each) => each.phase === 'ready' && each.generation === generation);
      return isDone && live.length >= this.#state.target && this.snapshot.isSettled;
    };
    while (this.#state.phase === 'running' && !isThrough()) await setTimeout(LOOK_MS);
  }

  listWorkers(): WorkerInfo[] {
    const now = performance.now();
    return [...this.#state.workers.values()].map(
      ({ id, pid, phase, requests, connections, residentBytes, bornMs }) => ({
        id,
        pid,
        phase,
        requests,
        connections,
        residentBytes,
        ageMs: Math.round(now - bornMs),
      }),
    );
  }

  listFailures(): ReturnType<Repository['listFailures']> {
    return this.#repository.listFailures();
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
      this.options.log.warn(
        `worker ${id} is told to write a diagnostic report into ${this.options.reportDir}`,
      );
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
        this.dispatch({ kind: 'listening', id: worker });
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
    // Who leaves takes nothing new: it would answer from a state of its own.
    for (const id of this.#links.keys())
      if (this.#state.workers.get(id)?.phase !== 'draining') this.#send(id, { kind: 'models', snapshot });
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

  /** Each worker would answer from a state of its own. */
  #keepState(model: string, names: readonly string[]): void {
    const { areWorkersAuto, settings } = this.#plan;
    const what = `model ${model} keeps state between requests (${names.join(', ')})`;
    if (!areWorkersAuto && settings.workers > 1)
      throw new TfdeployError(
        'TFD_CONFIG',
        `${what}, which ${settings.workers} workers would each have of their own`,
        {
          hint: 'serve it with --workers 1, or leave --workers out',
        },
      );
    this.options.log.info(`${what}: one worker serves it`);
    this.dispatch({ kind: 'keep-state' });
  }

  /** There is nothing to serve, or nowhere: the process ends and its caller says why. */
  #failStart(error: TfdeployError): void {
    this.#startError ??= error;
    this.dispatch({ kind: 'stop', isQuick: true, status: this.#startError.row.exit });
  }

  #announce(): void {
    const workers = [...this.#state.workers.values()].filter(({ phase }) => phase === 'ready').length;
    const { snapshot } = this.#repository;
    for (const loose of this.#replacement.listLooseLabels(new Map(), this.#plan.models))
      this.options.log.warn(loose);
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

  stop(isQuick: boolean): void {
    this.options.log.info(isQuick ? 'stopping' : 'draining');
    this.options.notifier.stopping();
    // As long as this process holds the socket, connections that nobody will accept are still made.
    this.#closeListeners();
    this.#repository.close();
    this.dispatch({ kind: 'stop', isQuick, status: 0 });
  }

  reopen(): void {
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
