import type { AddressInfo } from 'node:net';
import type { Log } from '../base/log.js';
import type { ModelConfig } from '../repository/policy.js';
import type { Repository, RepositoryOptions } from '../repository/repository.js';
import type { Snapshot } from '../repository/snapshot.js';
import type { Listener } from './listener.js';
import type { Notifier } from './sd-notify.js';
import type { SupervisorEvent, SupervisorSettings, WorkerRecord } from './state.js';

/** What a reload may change. */
export interface ServingPlan {
  readonly settings: SupervisorSettings;
  readonly models: readonly ModelConfig[];
  /** The number of workers was left to tfdeploy, which may take fewer. */
  readonly areWorkersAuto: boolean;
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
  readonly repository: Omit<RepositoryOptions, 'onSnapshot' | 'onDiscardWorker' | 'onState'>;
  readonly isFailingFast: boolean;
  /** Where workers that do not answer write what they are doing, before they are killed. */
  readonly reportDir: string;
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

/** A worker as `ctl` shows it. */
export interface WorkerInfo {
  readonly id: number;
  readonly pid: number | undefined;
  readonly phase: WorkerRecord['phase'];
  readonly requests: number;
  readonly connections: number;
  readonly residentBytes: number;
  readonly ageMs: number;
}

/** What the control socket may ask of a running supervisor. */
export interface Supervisor {
  /** Resolves with the exit status once every worker has ended; rejects when nothing could be served. */
  readonly ended: Promise<number>;
  dispatch(event: SupervisorEvent): void;
  /** Drains, or ends at once. */
  stop(isQuick: boolean): void;
  /** Opens the log files anew. */
  reopen(): void;
  /** Reads the configuration anew and replaces the workers one by one; rejects when it is not valid. */
  reload(): Promise<void>;
  /** Resolves when the last reload is through; rejects when its workers do not start. */
  reloaded(): Promise<void>;
  /** Serves these models instead of the ones before; rejects with those of them that can not be served. */
  replaceModels(models: readonly ModelConfig[]): Promise<void>;
  listWorkers(): WorkerInfo[];
  /** Why versions that were asked for are not served. */
  listFailures(): ReturnType<Repository['listFailures']>;
  readonly snapshot: Snapshot;
}
