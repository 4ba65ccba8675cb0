import { describe, expect, it } from 'vitest';
import { decideSupervisor } from '../../src/supervisor/decide.js';
import {
  createSupervisorState,
  type Start,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorSettings,
} from '../../src/supervisor/state.js';

const SETTINGS: SupervisorSettings = {
  workers: 2,
  timeoutMs: 30_000,
  gracefulTimeoutMs: 10_000,
  maxRequests: 0,
  maxRequestsJitter: 0,
  maxMemoryBytes: 0,
  random: () => 0.5,
};

/** The state machine with a clock moved by hand and a record of what it asked for. */
function machine(parts: Partial<SupervisorSettings> = {}, start?: Start) {
  const state = createSupervisorState({ ...SETTINGS, ...parts }, start);
  let now = 1000;
  const done: SupervisorAction[] = [];
  const send = (event: SupervisorEvent) => {
    const actions = decideSupervisor(state, event, now);
    // A worker that is told to listen does so at once.
    for (const action of [...actions])
      if (action.kind === 'listen')
        actions.push(...decideSupervisor(state, { kind: 'listening', id: action.id }, now));
    done.push(...actions);
    return actions;
  };
  const m = {
    state,
    done,
    send,
    /** Lets time pass, with the ticks that a running supervisor gets. */
    tick(ms: number) {
      const all: SupervisorAction[] = [];
      for (const end = now + ms; now < end; ) {
        now = Math.min(now + 1000, end);
        all.push(...send({ kind: 'tick' }));
      }
      return ms === 0 ? send({ kind: 'tick' }) : all;
    },
    /** The supervisor itself stands still for a while. */
    pause(ms: number) {
      now += ms;
      return send({ kind: 'tick' });
    },
    up: (...ids: number[]) => ids.flatMap((id) => send({ kind: 'up', id })),
    ready: (...ids: number[]) => ids.flatMap((id) => send({ kind: 'ready', id })),
    exited: (id: number, code: number | null = 0, signal: string | null = null) =>
      send({ kind: 'exited', id, code, signal }),
    beat: (id: number, beat = {}) =>
      send({
        kind: 'beat',
        id,
        beat: { requests: 0, residentBytes: 0, connections: 0, oldestRunMs: 0, ...beat },
      }),
    ids: (kind: SupervisorAction['kind']) =>
      done.flatMap((action) => (action.kind === kind && 'id' in action ? [action.id] : [])),
    logs: () => done.flatMap((action) => (action.kind === 'log' ? [action.message] : [])),
    running() {
      m.tick(0);
      m.up(1, 2);
      m.ready(1, 2);
      done.length = 0;
      return m;
    },
  };
  return m;
}

const kinds = (actions: readonly SupervisorAction[]) =>
  actions
    .filter(({ kind }) => kind !== 'log')
    .map((action) => ('id' in action ? `${action.kind} ${action.id}` : action.kind));

describe('the supervisor', () => {
  it('boots its workers, lets one answer at once and announces when all are ready', () => {
    const m = machine();
    expect(kinds(m.tick(0))).toEqual(['fork 1', 'fork 2']);
    expect(kinds(m.up(1))).toEqual(['listen 1']);
    expect(kinds(m.up(2))).toEqual([]);
    expect(kinds(m.ready(1))).toEqual([]);
    expect(kinds(m.ready(2))).toEqual(['listen 2', 'announce']);
  });

  it('answers a socket that was handed over only when a worker is ready: others may serve it until then', () => {
    const m = machine({}, { isHandedOver: true });
    m.tick(0);
    expect(kinds(m.up(1, 2))).toEqual([]);
    expect(kinds(m.tick(20_000))).toEqual([]);
    expect(kinds(m.ready(1))).toEqual(['listen 1']);
    expect(kinds(m.ready(2))).toEqual(['listen 2', 'announce']);
  });

  it('announces with fewer workers when the others do not come', () => {
    const m = machine();
    m.tick(0);
    m.ready(1);
    expect(kinds(m.tick(9000))).toEqual([]);
    expect(kinds(m.tick(1000))).toContain('announce');
  });

  it('replaces a dead worker, and a sole one that takes long answers 503 meanwhile', () => {
    const m = machine({ workers: 1 });
    m.tick(0);
    m.up(1);
    m.ready(1);
    expect(kinds(m.exited(1, null, 'SIGKILL'))).toEqual(['count-restart', 'fork 2']);
    expect(m.logs().at(-1)).toContain('Perhaps out of memory?');
    expect(kinds(m.up(2))).toEqual([]);
    expect(kinds(m.tick(999))).toEqual([]);
    expect(kinds(m.tick(1))).toEqual(['listen 2']);
  });

  it('reloads one worker at a time, each after its successor is ready', () => {
    const m = machine().running();
    expect(kinds(m.send({ kind: 'reload', settings: SETTINGS }))).toEqual(['fork 3']);
    expect(kinds(m.tick(60))).toEqual([]);
    expect(kinds(m.ready(3))).toEqual(['listen 3', 'drain 1', 'fork 4']);
    m.exited(1);
    expect(kinds(m.ready(4))).toEqual(['listen 4', 'drain 2']);
    m.exited(2);
    expect(m.state.workers.size).toBe(2);
  });

  it('keeps the old workers when the new ones do not start', () => {
    const m = machine().running();
    m.send({ kind: 'reload', settings: SETTINGS });
    expect(kinds(m.exited(3, 78))).toEqual(['count-restart']);
    expect(m.logs()).toContain('reload failed: new workers do not start; the old ones stay');
    expect(kinds(m.tick(60_000 - 60_000))).toEqual([]);
    expect([...m.state.workers.keys()]).toEqual([1, 2]);
    expect(m.ids('drain')).toEqual([]);
  });

  it('kills a worker whose event loop stands still, after a report, and starts another at once', () => {
    const m = machine().running();
    m.beat(2);
    m.tick(15_000);
    m.beat(2);
    expect(kinds(m.tick(15_001))).toEqual(['report 1', 'fork 3']);
    expect(kinds(m.tick(1000))).toEqual(['signal 1']);
    expect(m.tick(1000)).toContainEqual({ kind: 'signal', id: 1, signal: 'SIGKILL' });
  });

  it('does not take its own pause for that of the workers', () => {
    const m = machine().running();
    expect(kinds(m.pause(3_600_000))).toEqual([]);
    expect(kinds(m.tick(29_000))).toEqual([]);
    expect(kinds(m.tick(2000))).toContain('report 1');
  });

  it('kills a worker that runs one batch for too long although it beats', () => {
    const m = machine().running();
    expect(kinds(m.beat(1, { oldestRunMs: 30_001 }))).toEqual(['report 1', 'fork 3']);
  });

  it('replaces workers after max_requests plus jitter without missing one', () => {
    const m = machine({ maxRequests: 100, maxRequestsJitter: 10 }).running();
    expect(kinds(m.beat(1, { requests: 104 }))).toEqual([]);
    expect(kinds(m.beat(1, { requests: 105 }))).toEqual(['fork 3']);
    expect(kinds(m.ready(3))).toEqual(['listen 3', 'drain 1']);
  });

  it('replaces workers that hold too much memory', () => {
    const m = machine({ maxMemoryBytes: 1000 }).running();
    expect(kinds(m.beat(2, { residentBytes: 1001 }))).toEqual(['fork 3']);
    m.ready(3);
    m.exited(2);
    expect(m.done).toContainEqual({ kind: 'count-restart', reason: 'memory' });
  });

  it('has a worker with far more connections than the others give some away, once in a while', () => {
    const m = machine().running();
    m.beat(1, { connections: 50 });
    m.beat(2, { connections: 14 });
    expect(m.tick(250)).toContainEqual({ kind: 'release', id: 1, count: 18 });
    expect(kinds(m.tick(250))).toEqual([]);
    m.tick(1500);
    m.beat(1, { connections: 33 });
    m.beat(2, { connections: 31 });
    expect(kinds(m.tick(1000))).toEqual([]);
    m.beat(1, { connections: 2 });
    m.beat(2, { connections: 0 });
    expect(kinds(m.tick(5000))).toEqual([]);
  });

  it('follows TTIN and TTOU, never below one', () => {
    const m = machine().running();
    expect(kinds(m.send({ kind: 'scale', by: 1 }))).toEqual(['fork 3']);
    m.ready(3);
    expect(kinds(m.send({ kind: 'scale', by: -1 }))).toEqual(['drain 1']);
    m.send({ kind: 'scale', by: -1 });
    m.send({ kind: 'scale', by: -1 });
    expect(m.ids('drain')).toEqual([1, 2]);
    expect(m.state.target).toBe(1);
  });

  it('drains on the first stop and ends on the second', () => {
    const m = machine().running();
    expect(kinds(m.send({ kind: 'stop', isQuick: false, status: 0 }))).toEqual(['drain 1', 'drain 2']);
    expect(kinds(m.exited(1))).toEqual([]);
    expect(kinds(m.send({ kind: 'stop', isQuick: false, status: 0 }))).toEqual(['signal 2']);
    expect(m.exited(2)).toContainEqual({ kind: 'exit', status: 0 });
    expect(kinds(m.tick(1))).toEqual([]);
  });

  it('kills what does not drain within graceful_timeout', () => {
    const m = machine().running();
    m.send({ kind: 'stop', isQuick: false, status: 0 });
    m.tick(11_000);
    expect(m.ids('signal')).toEqual([]);
    m.tick(1000);
    expect(m.done.filter(({ kind }) => kind === 'signal')).toContainEqual({
      kind: 'signal',
      id: 1,
      signal: 'SIGKILL',
    });
  });

  it('brakes a crash loop', () => {
    const m = machine({ workers: 1 });
    m.tick(0);
    m.ready(1);
    m.exited(1, 1);
    let forks = 0;
    for (let at = 0; at < 60_000; at += 100) {
      for (const action of m.tick(100)) {
        if (action.kind !== 'fork') continue;
        forks++;
        m.exited(action.id, 1);
      }
      for (const id of m.state.workers.keys()) m.exited(id, 1);
    }
    expect(forks).toBeLessThan(10);
  });

  it('gives up with the same status when the first workers can not start for good', () => {
    const m = machine();
    m.tick(0);
    m.exited(1, 78);
    expect(m.exited(2, 78)).toContainEqual({ kind: 'exit', status: 78 });
    const other = machine({ workers: 1 });
    for (let round = 0; round < 5; round++) {
      other.tick(10_000);
      other.exited(other.state.nextId - 1, 1);
    }
    expect(other.done).toContainEqual({ kind: 'exit', status: 69 });
  });

  it('keeps one worker for models with state, whatever is asked for', () => {
    const m = machine({ workers: 3, maxRequests: 10 });
    m.tick(0);
    m.ready(1, 2, 3);
    m.send({ kind: 'keep-state' });
    expect(m.ids('drain')).toHaveLength(2);
    expect(m.logs().join()).toContain('max_requests 10 ends the worker');
    for (const id of m.ids('drain')) m.exited(id);
    m.send({ kind: 'scale', by: 2 });
    m.send({ kind: 'resize', to: 4 });
    m.tick(1000);
    expect(m.state.target).toBe(1);
    m.send({ kind: 'reload', settings: { ...SETTINGS, workers: 4 } });
    expect(m.state.target).toBe(1);
    expect(m.logs().join()).toContain("the new worker's models begin with their first state");
    expect(m.ids('fork')).toHaveLength(4);
  });
});
