import type { LogLevel } from '../base/log.js';
import { balanceConnections } from './balance.js';
import {
  addWorker,
  type Beat,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  setPhase,
  type WorkerRecord,
} from './state.js';

/** Between the first attempt to end a worker and SIGKILL. */
const KILL_AFTER_MS = 2000;
/** The readiness line does not wait longer than this for the rest once one worker is ready. */
const ANNOUNCE_AFTER_MS = 10_000;
/** A lone worker that loads for longer answers 503 instead of leaving clients waiting in the backlog. */
const LISTEN_AFTER_MS = 1000;
/** Ticks are far closer to each other than this. */
const OWN_PAUSE_MS = 5000;
const BRAKE_FIRST_MS = 200;
const BRAKE_MOST_MS = 30_000;
/** Boots that fail in a row, before any worker was ever ready, after which the server gives up. */
const MAX_FAILED_BOOTS = 5;
/** Wrong usage, a bad model, a bad configuration: trying again gives the same. */
const PERMANENT_STATUSES: ReadonlySet<number> = new Set([64, 65, 78]);
const STATUS_UNAVAILABLE = 69;

class Decision {
  readonly actions: SupervisorAction[] = [];

  push(action: SupervisorAction): void {
    this.actions.push(action);
  }

  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.actions.push({ kind: 'log', level, message, fields });
  }
}

const isLive = ({ phase }: WorkerRecord): boolean => phase === 'booting' || phase === 'ready';
const label = ({ id, pid }: WorkerRecord): string =>
  `worker ${id}${pid === undefined ? '' : ` (pid ${pid})`}`;

function drain(
  state: SupervisorState,
  worker: WorkerRecord,
  reason: string,
  now: number,
  decision: Decision,
): void {
  setPhase(worker, 'draining', now, reason);
  worker.isListening = false;
  decision.push({ kind: 'drain', id: worker.id, deadlineMs: state.settings.gracefulTimeoutMs });
}

/** Ends a worker that does not answer: a report of what it does, then SIGABRT, then SIGKILL. */
function kill(worker: WorkerRecord, reason: string, now: number, decision: Decision): void {
  setPhase(worker, 'killing', now, reason);
  worker.isListening = false;
  decision.push({ kind: 'report', id: worker.id });
}

function checkHealth(state: SupervisorState, worker: WorkerRecord, now: number, decision: Decision): void {
  const { timeoutMs, gracefulTimeoutMs } = state.settings;
  const inPhaseMs = now - worker.sinceMs;
  if (worker.phase === 'killing') {
    // SIGSTOP holds everything but SIGKILL back.
    if (inPhaseMs >= KILL_AFTER_MS) decision.push({ kind: 'signal', id: worker.id, signal: 'SIGKILL' });
    else if (inPhaseMs >= KILL_AFTER_MS / 2 && state.phase === 'running')
      decision.push({ kind: 'signal', id: worker.id, signal: 'SIGABRT' });
  } else if (worker.phase === 'draining') {
    if (inPhaseMs < gracefulTimeoutMs + KILL_AFTER_MS) return;
    decision.log('warn', `${label(worker)} did not end within graceful_timeout and is killed`);
    setPhase(worker, 'killing', now - KILL_AFTER_MS, worker.reason);
    decision.push({ kind: 'signal', id: worker.id, signal: 'SIGKILL' });
  } else if (timeoutMs > 0 && now - worker.beatMs > timeoutMs) {
    decision.log('error', `WORKER TIMEOUT: ${label(worker)} gave no heartbeat for ${timeoutMs / 1000} s`);
    kill(worker, 'timeout', now, decision);
  }
}

function takeBeat(
  state: SupervisorState,
  worker: WorkerRecord,
  beat: Beat,
  now: number,
  decision: Decision,
): void {
  const { timeoutMs, maxMemoryBytes } = state.settings;
  worker.beatMs = now;
  worker.requests = beat.requests;
  worker.residentBytes = beat.residentBytes;
  worker.connections = beat.connections;
  if (worker.phase !== 'ready' || worker.generation !== state.generation) return;
  if (timeoutMs > 0 && beat.oldestRunMs > timeoutMs) {
    decision.log(
      'error',
      `WORKER TIMEOUT: ${label(worker)} has been running one batch for ${Math.round(beat.oldestRunMs / 1000)} s`,
    );
    kill(worker, 'timeout', now, decision);
  } else if (worker.requests >= worker.requestLimit) {
    decision.log(
      'info',
      `${label(worker)} has answered ${worker.requests} requests and is replaced${lossOf(state)}`,
    );
    retire(worker, 'max_requests');
  } else if (maxMemoryBytes > 0 && worker.residentBytes > maxMemoryBytes) {
    decision.log(
      'warn',
      `${label(worker)} holds ${worker.residentBytes} bytes of memory and is replaced${lossOf(state)}`,
    );
    retire(worker, 'memory');
  }
}

/** A worker takes the state of its models with it. */
const lossOf = ({ most }: SupervisorState): string =>
  most === 1 ? ", and its models' state begins anew" : '';

/** When this process itself stood still (a suspended machine, SIGSTOP), silence says nothing about the workers. */
function forgiveOwnPause(state: SupervisorState, now: number): void {
  const pauseMs = now - state.lastTickMs;
  state.lastTickMs = now;
  if (pauseMs < OWN_PAUSE_MS) return;
  for (const worker of state.workers.values()) {
    worker.beatMs += pauseMs;
    worker.sinceMs += pauseMs;
  }
}

/** Makes a worker one of the past: it goes when its successor is ready. */
function retire(worker: WorkerRecord, reason: string): void {
  worker.generation = 0;
  worker.reason = reason;
}

function explainExit(worker: WorkerRecord, code: number | null, signal: string | null): string {
  const how = signal === null ? `exited with status ${code}` : `was ended by ${signal}`;
  const memory = Math.round(worker.residentBytes / 1048576);
  const hint =
    signal === 'SIGKILL' && worker.phase !== 'killing'
      ? `. Perhaps out of memory? It held ${memory} MiB`
      : '';
  return `${label(worker)} ${how}${hint}`;
}

function takeExit(
  state: SupervisorState,
  worker: WorkerRecord,
  { code, signal }: { code: number | null; signal: string | null },
  now: number,
  decision: Decision,
): void {
  state.workers.delete(worker.id);
  if (state.phase !== 'running' || worker.phase === 'draining') {
    decision.log('debug', explainExit(worker, code, signal));
    if (worker.phase === 'draining' && worker.reason !== '')
      decision.push({ kind: 'count-restart', reason: worker.reason });
    return;
  }
  decision.log('error', `${explainExit(worker, code, signal)}${lossOf(state)}`);
  const reason = worker.reason !== '' ? worker.reason : signal === null ? 'exit' : 'signal';
  decision.push({ kind: 'count-restart', reason });
  if (worker.phase !== 'booting') return;
  state.failedBoots++;
  const wait = Math.min(BRAKE_FIRST_MS * 2 ** (state.failedBoots - 1), BRAKE_MOST_MS);
  state.notBeforeMs = now + wait;
  const hasOlder = [...state.workers.values()].some(
    (each) => each.phase === 'ready' && each.generation < state.generation,
  );
  const isPermanent = code !== null && PERMANENT_STATUSES.has(code);
  if (hasOlder && (isPermanent || state.failedBoots >= 3)) abandonReload(state, decision);
  else if (!state.isAnnounced && (isPermanent || state.failedBoots >= MAX_FAILED_BOOTS))
    stop(state, isPermanent ? code : STATUS_UNAVAILABLE, true, now, decision);
  else decision.log('warn', `the next worker starts in ${wait / 1000} s`);
}

/** The new generation does not come up: the old workers stay for good. */
function abandonReload(state: SupervisorState, decision: Decision): void {
  decision.log('error', 'reload failed: new workers do not start; the old ones stay');
  state.abandonedGeneration = state.generation;
  state.failedBoots = 0;
  state.notBeforeMs = 0;
  for (const worker of state.workers.values())
    if (worker.generation !== 0) worker.generation = state.generation;
}

function stop(
  state: SupervisorState,
  status: number,
  isQuick: boolean,
  now: number,
  decision: Decision,
): void {
  if (state.phase === 'quitting') return;
  const phase = isQuick || state.phase === 'draining' ? 'quitting' : 'draining';
  state.exitStatus = status === 0 ? state.exitStatus : status;
  state.phase = phase;
  state.stoppingSinceMs = now;
  for (const worker of state.workers.values())
    if (phase === 'quitting') {
      if (worker.phase !== 'killing') setPhase(worker, 'killing', now);
      decision.push({ kind: 'signal', id: worker.id, signal: 'SIGQUIT' });
    } else if (worker.phase !== 'killing') drain(state, worker, '', now, decision);
}

/** Starts, announces, lets listen and drains so that the workers become what they should be. */
function reconcile(state: SupervisorState, now: number, decision: Decision): void {
  if (state.phase !== 'running') {
    if (state.workers.size > 0 || state.hasExited) return;
    state.hasExited = true;
    decision.push({ kind: 'exit', status: state.exitStatus });
    return;
  }
  const all = [...state.workers.values()];
  const current = all.filter((worker) => isLive(worker) && worker.generation === state.generation);
  const old = all.filter((worker) => isLive(worker) && worker.generation !== state.generation);
  const ready = current.filter(({ phase }) => phase === 'ready');

  // Listening comes first: whoever is drained below leaves the port to somebody else.
  for (const worker of ready) listen(worker, decision);
  drainOldest(state, old, old.length + ready.length - state.target, now, decision);
  drainOldest(state, current, current.length - state.target, now, decision);

  // One more than the target at most: a successor boots beside those it replaces.
  const past = old.filter(isLive).length;
  const surge = Math.max(state.target + 1 - past, ready.length + 1);
  const wanted = past === 0 ? state.target : Math.min(state.target, surge);
  for (let count = current.filter(isLive).length; count < wanted && now >= state.notBeforeMs; count++)
    decision.push({ kind: 'fork', id: addWorker(state, now).id });

  // On a socket that was handed over a client that waits is served later, or by the program that is being
  // replaced: an early 503 would lose it.
  const mayWait = state.isHandedOver && !state.isAnnounced;
  const isDeaf = !mayWait && !all.some(({ isListening }) => isListening);
  // The port answers from the first moment of the server, and of a restart that takes long.
  for (const worker of current)
    if (isDeaf && worker.isUp && (!state.isAnnounced || now - worker.bornMs >= LISTEN_AFTER_MS)) {
      listen(worker, decision);
      break;
    }

  if (state.isAnnounced || !state.isReachable || ready.length === 0) return;
  state.firstReadyMs ??= now;
  if (ready.length >= state.target || now - state.firstReadyMs >= ANNOUNCE_AFTER_MS) {
    state.isAnnounced = true;
    decision.push({ kind: 'announce' });
  }
}

function drainOldest(
  state: SupervisorState,
  workers: readonly WorkerRecord[],
  count: number,
  now: number,
  decision: Decision,
): void {
  const oldest = [...workers].sort((a, b) => a.bornMs - b.bornMs || a.id - b.id);
  for (const worker of oldest.slice(0, Math.max(count, 0)))
    drain(
      state,
      worker,
      worker.generation === state.generation ? '' : worker.reason || 'reload',
      now,
      decision,
    );
}

function listen(worker: WorkerRecord, decision: Decision): void {
  if (worker.isListening || !isLive(worker)) return;
  worker.isListening = true;
  decision.push({ kind: 'listen', id: worker.id });
}

function takeWorkerEvent(
  state: SupervisorState,
  worker: WorkerRecord,
  event: Extract<SupervisorEvent, { readonly id: number }>,
  now: number,
  decision: Decision,
): void {
  if (event.kind === 'forked') worker.pid = event.pid;
  else if (event.kind === 'up') {
    worker.isUp = true;
    worker.beatMs = now;
  } else if (event.kind === 'listening') state.isReachable = true;
  else if (event.kind === 'beat') takeBeat(state, worker, event.beat, now, decision);
  else if (event.kind === 'exited') takeExit(state, worker, event, now, decision);
  else if (event.kind === 'discard') {
    if (isLive(worker)) kill(worker, event.reason, now, decision);
  } else if (worker.phase === 'booting') {
    setPhase(worker, 'ready', now);
    worker.beatMs = now;
    state.failedBoots = 0;
    state.notBeforeMs = 0;
    decision.log('info', `${label(worker)} is ready`, { ms: Math.round(now - worker.bornMs) });
  }
}

/**
 * The supervisor's decisions, without processes, signals or clock: takes an event, changes `state`, says what
 * to do. Workers are replaced only when their successor is ready.
 */
export function decideSupervisor(
  state: SupervisorState,
  event: SupervisorEvent,
  now: number,
): SupervisorAction[] {
  const decision = new Decision();
  if ('id' in event) {
    const worker = state.workers.get(event.id);
    if (worker !== undefined) takeWorkerEvent(state, worker, event, now, decision);
  } else if (event.kind === 'scale') {
    state.target = Math.min(Math.max(state.target + event.by, 1), state.most);
    decision.log('info', `workers: ${state.target}`);
  } else if (event.kind === 'resize') {
    state.target = Math.min(Math.max(event.to, 0), state.most);
    decision.log('info', `workers: ${state.target}`);
  } else if (event.kind === 'keep-state') {
    state.most = 1;
    state.target = Math.min(state.target, state.most);
    if (state.settings.maxRequests > 0)
      decision.log(
        'warn',
        `max_requests ${state.settings.maxRequests} ends the worker, and its models' state begins anew`,
      );
  } else if (event.kind === 'reload') {
    if (state.phase === 'running') {
      state.settings = event.settings;
      state.target = Math.min(event.settings.workers, state.most);
      state.generation++;
      if (state.most === 1) decision.log('warn', "the new worker's models begin with their first state");
      state.failedBoots = 0;
      state.notBeforeMs = 0;
    }
  } else if (event.kind === 'stop') stop(state, event.status, event.isQuick, now, decision);
  else {
    forgiveOwnPause(state, now);
    for (const worker of state.workers.values()) checkHealth(state, worker, now, decision);
    decision.actions.push(...balanceConnections(state, now));
    const { gracefulTimeoutMs } = state.settings;
    if (state.phase === 'draining' && now - state.stoppingSinceMs > gracefulTimeoutMs + 2 * KILL_AFTER_MS)
      stop(state, 0, true, now, decision);
  }
  reconcile(state, now, decision);
  return decision.actions;
}
