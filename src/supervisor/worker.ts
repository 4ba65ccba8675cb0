import type { AddressInfo } from 'node:net';
import { reviveError, TfdeployError } from '../base/error.js';
import type { MetricsSnapshot } from '../metrics/snapshot.js';
import type { Snapshot } from '../repository/snapshot.js';
import { type Handlers, handle } from './handle.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { Beat } from './state.js';

/** What a worker process does when the supervisor says so. */
export interface WorkerProgram {
  apply(snapshot: Snapshot): void;
  listen(): Promise<AddressInfo | string | null>;
  /** Answers what is open, then resolves. */
  drain(deadlineMs: number): Promise<void>;
  reopenLogs(): void;
  /** Gives so many connections away to other workers. */
  release(count: number): void;
  takeMetrics(): MetricsSnapshot;
  beat(): Beat;
}

/** The worker's end of the channel. */
export interface WorkerChannel {
  send(message: FromWorker): void;
  /** The plan for other input shapes; its cache entry. */
  compileVariant(
    modelDir: string,
    signature: string,
    shapes: Readonly<Record<string, readonly number[]>>,
  ): Promise<string>;
  collectMetrics(): Promise<MetricsSnapshot>;
  /** Serves the models of a serialized ModelServerConfig instead; rejects with what was refused or failed. */
  replaceModels(config: Uint8Array): Promise<void>;
  /** Takes orders from now on. */
  serve(program: WorkerProgram): void;
}

const BEAT_MS = 1000;

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** An error as it crosses to the supervisor. */
export function toWire(error: unknown): ReturnType<TfdeployError['toJSON']> {
  const known =
    error instanceof TfdeployError ? error : new TfdeployError('TFD_BUG', String(error), { cause: error });
  return known.toJSON();
}

export function openWorkerChannel(): WorkerChannel {
  const variants = new Map<number, Waiting<string>>();
  const metrics = new Map<number, Waiting<MetricsSnapshot>>();
  const replacements = new Map<number, Waiting<void>>();
  let nextId = 1;
  const send = (message: FromWorker): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const ask = <T>(waiting: Map<number, Waiting<T>>, request: (id: number) => FromWorker): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      send(request(id));
    });

  const handlersOf = (program: WorkerProgram): Handlers<ToWorker> => ({
    models: ({ snapshot }) => program.apply(snapshot),
    listen: () => {
      program.listen().then(
        (address) => send({ kind: 'listening', address }),
        (error: unknown) => send({ kind: 'listen-failed', error: toWire(error) }),
      );
    },
    drain: ({ deadlineMs }) => void program.drain(deadlineMs).finally(() => process.exit(0)),
    reopen: () => program.reopenLogs(),
    release: ({ count }) => program.release(count),
    'metrics-wanted': ({ id }) => send({ kind: 'metrics', id, metrics: program.takeMetrics() }),
    metrics: (message) => {
      metrics.get(message.id)?.resolve(message.metrics);
      metrics.delete(message.id);
    },
    'models-replaced': ({ id, error }) => {
      const waiting = replacements.get(id);
      replacements.delete(id);
      if (error !== undefined) waiting?.reject(reviveError(error));
      else waiting?.resolve();
    },
    variant: (message) => {
      const waiting = variants.get(message.id);
      variants.delete(message.id);
      if (message.error !== undefined) waiting?.reject(reviveError(message.error));
      else waiting?.resolve(message.entryDir ?? '');
    },
  });

  return {
    send,
    compileVariant: (modelDir, signature, shapes) =>
      ask(variants, (id) => ({ kind: 'variant-wanted', id, modelDir, signature, shapes })),
    replaceModels: (config) =>
      ask(replacements, (id) => ({
        kind: 'models-wanted',
        id,
        config: Buffer.from(config).toString('base64'),
      })),
    collectMetrics: () => ask(metrics, (id) => ({ kind: 'all-metrics-wanted', id })),
    serve(program) {
      const handlers = handlersOf(program);
      const drain = (deadlineMs: number) => handlers.drain({ kind: 'drain', deadlineMs });
      process.on('message', (message) => handle(handlers, message as ToWorker));
      // A terminal sends SIGINT to the whole group; the supervisor decides what it means.
      process.on('SIGINT', () => {});
      process.on('SIGHUP', () => {});
      process.on('SIGTERM', () => drain(30_000));
      process.on('SIGQUIT', () => process.exit(0));
      // The supervisor is gone: nobody would replace this worker or tell it to end.
      process.on('disconnect', () => drain(5_000));
      // It may have gone before anybody listened here.
      if (!process.connected) drain(0);
      setInterval(() => send({ kind: 'beat', beat: program.beat() }), BEAT_MS).unref();
      send({ kind: 'up' });
    },
  };
}
