import type { LogLevel } from '../base/log.js';

export interface SupervisorSettings {
  /** Worker processes to keep; TTIN and TTOU change it. */
  readonly workers: number;
  /** A worker without a heartbeat, or with a batch running, for this long is replaced; 0 is never. */
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
  /** Requests after which a worker is replaced; 0 is never. */
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  readonly maxMemoryBytes: number;
  /** Between 0 and 1; drawn once for each worker. */
  readonly random: () => number;
}

/** How the supervisor came by its sockets. */
export interface Start {
  /** From systemd or an older program: clients may be waiting in them, or be answered by somebody else. */
  readonly isHandedOver: boolean;
}

export type WorkerPhase = 'booting' | 'ready' | 'draining' | 'killing';

export interface WorkerRecord {
  readonly id: number;
  pid: number | undefined;
  generation: number;
  phase: WorkerPhase;
  readonly bornMs: number;
  /** Begin of the phase it is in. */
  sinceMs: number;
  beatMs: number;
  isListening: boolean;
  /** It has opened its channel and can be told to listen. */
  isUp: boolean;
  requests: number;
  readonly requestLimit: number;
  residentBytes: number;
  connections: number;
  /** When it was last told to give connections away. */
  releasedMs: number;
  /** Why it is being replaced. */
  reason: string;
}

export interface SupervisorState {
  settings: SupervisorSettings;
  readonly isHandedOver: boolean;
  phase: 'running' | 'draining' | 'quitting';
  target: number;
  /** Never more workers than this: 1 once a model keeps state, which several would each have of their own. */
  most: number;
  generation: number;
  /** The last generation that did not come up. */
  abandonedGeneration: number;
  readonly workers: Map<number, WorkerRecord>;
  nextId: number;
  /** Workers that ended before they were ready, in a row. */
  failedBoots: number;
  /** Before this moment no worker is started: the crash-loop brake. */
  notBeforeMs: number;
  /** A worker has accepted to listen: from now on the address is known. */
  isReachable: boolean;
  isAnnounced: boolean;
  lastTickMs: number;
  firstReadyMs: number | undefined;
  stoppingSinceMs: number;
  exitStatus: number;
  hasExited: boolean;
}

export interface Beat {
  readonly requests: number;
  readonly residentBytes: number;
  readonly connections: number;
  /** How long the oldest batch has been running; 0 when idle. */
  readonly oldestRunMs: number;
}

export type SupervisorEvent =
  | { readonly kind: 'forked'; readonly id: number; readonly pid: number | undefined }
  | { readonly kind: 'up'; readonly id: number }
  | { readonly kind: 'listening'; readonly id: number }
  | { readonly kind: 'ready'; readonly id: number }
  | { readonly kind: 'beat'; readonly id: number; readonly beat: Beat }
  | {
      readonly kind: 'exited';
      readonly id: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  /** A worker is of no use: end it. */
  | { readonly kind: 'discard'; readonly id: number; readonly reason: string }
  | { readonly kind: 'scale'; readonly by: number }
  | { readonly kind: 'resize'; readonly to: number }
  /** From now on one worker at most. */
  | { readonly kind: 'keep-state' }
  /** Replace every worker by a new one, one at a time, each after its successor is ready. */
  | { readonly kind: 'reload'; readonly settings: SupervisorSettings }
  /** The first one drains, the second one ends at once. */
  | { readonly kind: 'stop'; readonly isQuick: boolean; readonly status: number }
  | { readonly kind: 'tick' };

export type SupervisorAction =
  | { readonly kind: 'fork'; readonly id: number }
  | { readonly kind: 'listen'; readonly id: number }
  | { readonly kind: 'drain'; readonly id: number; readonly deadlineMs: number }
  | { readonly kind: 'signal'; readonly id: number; readonly signal: 'SIGQUIT' | 'SIGABRT' | 'SIGKILL' }
  /** Have the worker write a diagnostic report. */
  | { readonly kind: 'report'; readonly id: number }
  /** Have the worker give connections away to the others. */
  | { readonly kind: 'release'; readonly id: number; readonly count: number }
  | { readonly kind: 'announce' }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'count-restart'; readonly reason: string }
  | { readonly kind: 'exit'; readonly status: number };

export function createSupervisorState(
  settings: SupervisorSettings,
  { isHandedOver }: Start = { isHandedOver: false },
): SupervisorState {
  return {
    settings,
    isHandedOver,
    phase: 'running',
    target: settings.workers,
    most: Number.POSITIVE_INFINITY,
    generation: 1,
    abandonedGeneration: 0,
    workers: new Map(),
    nextId: 1,
    failedBoots: 0,
    notBeforeMs: 0,
    isReachable: false,
    isAnnounced: false,
    lastTickMs: Number.POSITIVE_INFINITY,
    firstReadyMs: undefined,
    stoppingSinceMs: 0,
    exitStatus: 0,
    hasExited: false,
  };
}

export function setPhase(worker: WorkerRecord, phase: WorkerPhase, now: number, reason = ''): void {
  worker.phase = phase;
  worker.sinceMs = now;
  if (reason !== '') worker.reason = reason;
}

export function addWorker(state: SupervisorState, now: number): WorkerRecord {
  const { maxRequests, maxRequestsJitter, random } = state.settings;
  const worker: WorkerRecord = {
    id: state.nextId++,
    pid: undefined,
    generation: state.generation,
    phase: 'booting',
    bornMs: now,
    sinceMs: now,
    beatMs: now,
    isListening: false,
    isUp: false,
    requests: 0,
    requestLimit:
      maxRequests === 0
        ? Number.POSITIVE_INFINITY
        : maxRequests + Math.floor(random() * (maxRequestsJitter + 1)),
    residentBytes: 0,
    connections: 0,
    releasedMs: Number.NEGATIVE_INFINITY,
    reason: '',
  };
  state.workers.set(worker.id, worker);
  return worker;
}
