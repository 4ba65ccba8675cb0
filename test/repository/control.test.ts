import { describe, expect, it } from 'vitest';
import {
  type ControlAction,
  type ControlEvent,
  createControlState,
  decideControl,
} from '../../src/repository/control.js';
import { LATEST, type ModelConfig, type VersionPolicy } from '../../src/repository/policy.js';
import type { Failure } from '../../src/repository/records.js';
import { takeSnapshot } from '../../src/repository/records.js';

const BROKEN: Failure = {
  code: 'TFD_OP_UNSUPPORTED',
  grpc: 'FAILED_PRECONDITION',
  message: 'no',
  isPermanent: true,
};
const PASSING: Failure = {
  code: 'TFD_UNAVAILABLE',
  grpc: 'UNAVAILABLE',
  message: 'killed',
  isPermanent: false,
};

function model(policy: VersionPolicy = LATEST, parts: Partial<ModelConfig> = {}): ModelConfig {
  return { name: 'm', basePath: '/m', policy, labels: new Map(), ...parts };
}

/** A book with two workers, driven by events; `now` moves by hand. */
function book(config = model()) {
  const state = createControlState({ maxRetries: 1, retryIntervalMs: 1000 });
  let now = 0;
  const log: string[] = [];
  const compiles: Extract<ControlAction, { kind: 'compile' }>[] = [];
  const send = (event: ControlEvent) => {
    const actions = decideControl(state, event, now);
    for (const action of actions) {
      if (action.kind === 'log') log.push(action.message);
      if (action.kind === 'compile') compiles.push(action);
    }
    return actions;
  };
  send({ kind: 'worker-up', worker: 1 });
  send({ kind: 'worker-up', worker: 2 });
  send({ kind: 'configure', models: [config] });
  return {
    send,
    log,
    compiles,
    wait(ms: number) {
      now += ms;
      return send({ kind: 'tick' });
    },
    scan(versions: readonly (number | readonly [number, string])[], isForced = false) {
      const found = versions
        .map((each) => (typeof each === 'number' ? ([each, 'f'] as const) : each))
        .map(([version, fingerprint]) => ({ version: BigInt(version), dir: `/m/${version}`, fingerprint }))
        .sort((a, b) => Number(b.version - a.version));
      return send({ kind: 'scanned', model: 'm', found, isForced });
    },
    compiled: (id: string) => send({ kind: 'compiled', id, entryDir: `/cache/${id}` }),
    loaded: (worker: number, id: string) => send({ kind: 'loaded', worker, id }),
    unloaded: (worker: number, id: string) => send({ kind: 'unloaded', worker, id }),
    states(canPrecede = false) {
      const { models } = takeSnapshot(state.models, canPrecede, state.workers);
      return Object.fromEntries((models[0]?.versions ?? []).map(({ version, state: s }) => [version, s]));
    },
    snapshot: (canPrecede = false) => takeSnapshot(state.models, canPrecede, state.workers),
  };
}

function serveFirst(each: ReturnType<typeof book>): void {
  each.scan([1]);
  each.compiled('1');
  each.loaded(1, '1');
  each.loaded(2, '1');
}

describe('the book of models', () => {
  it('serves the first version from the first worker that holds it', () => {
    const b = book();
    b.scan([1]);
    expect(b.compiles).toMatchObject([{ model: 'm', dir: '/m/1', isBackground: false, isFresh: false }]);
    expect(b.states()).toEqual({ 1: 'LOADING' });
    b.compiled('1');
    expect(b.snapshot().isSettled).toBe(false);
    b.loaded(1, '1');
    expect(b.states()).toEqual({ 1: 'AVAILABLE' });
    expect(b.snapshot().isSettled).toBe(true);
  });

  it('a new version takes over when every worker holds it, then the old one goes', () => {
    const b = book();
    serveFirst(b);
    b.scan([1, 2]);
    expect(b.compiles[1]).toMatchObject({ dir: '/m/2', isBackground: true });
    b.compiled('2');
    b.loaded(1, '2');
    expect(b.states()).toEqual({ 1: 'AVAILABLE', 2: 'LOADING' });
    b.loaded(2, '2');
    expect(b.states()).toEqual({ 1: 'UNLOADING', 2: 'AVAILABLE' });
    b.unloaded(1, '1');
    b.unloaded(2, '1');
    expect(b.states()).toEqual({ 1: 'END', 2: 'AVAILABLE' });
  });

  it('has one worker after the other load a new version, but all at once when nothing is served', () => {
    const b = book();
    const turn = () => b.snapshot().models[0]?.versions[0]?.turn;
    b.scan([1]);
    b.compiled('1');
    expect(turn()).toBeUndefined();
    b.loaded(1, '1');
    b.loaded(2, '1');
    b.scan([1, 2]);
    expect(turn()).toBeUndefined();
    b.compiled('2');
    expect(turn()).toBe(1);
    b.loaded(1, '2');
    expect(turn()).toBe(2);
    b.send({ kind: 'worker-down', worker: 2 });
    expect(turn()).toBeUndefined();
    expect(b.states()).toEqual({ 1: 'UNLOADING', 2: 'AVAILABLE' });
  });

  it('a broken new version leaves the old one serving and says why', () => {
    const b = book();
    serveFirst(b);
    b.scan([1, 2]);
    b.send({ kind: 'compile-failed', id: '2', failure: BROKEN });
    expect(b.states()).toEqual({ 1: 'AVAILABLE', 2: 'END' });
    expect(b.snapshot().models[0]?.versions[0]).toMatchObject({
      errorCode: 'FAILED_PRECONDITION',
      errorMessage: 'no',
    });
    b.wait(5000);
    b.scan([1, 2]);
    expect(b.compiles).toHaveLength(2);
    b.scan([1, [2, 'mended']]);
    expect(b.compiles).toHaveLength(3);
    expect(b.states()).toEqual({ 1: 'AVAILABLE', 2: 'LOADING' });
  });

  it('tries again what may heal, as often as it is told', () => {
    const b = book();
    b.scan([1]);
    b.send({ kind: 'compile-failed', id: '1', failure: PASSING });
    b.wait(999);
    expect(b.compiles).toHaveLength(1);
    b.wait(1);
    expect(b.compiles).toHaveLength(2);
    b.send({ kind: 'compile-failed', id: '1', failure: PASSING });
    b.wait(1_000_000);
    expect(b.compiles).toHaveLength(2);
  });

  it('compiles a torn plan again, once', () => {
    const b = book();
    b.scan([1]);
    b.compiled('1');
    const failure = { ...BROKEN, code: 'TFD_PLAN_CORRUPT' };
    b.send({ kind: 'load-failed', worker: 1, id: '1', failure });
    expect(b.compiles[1]).toMatchObject({ isFresh: true });
    b.compiled('1');
    b.send({ kind: 'load-failed', worker: 1, id: '1', failure });
    b.wait(10);
    expect(b.compiles).toHaveLength(2);
    expect(b.states()).toEqual({ 1: 'END' });
  });

  it('a worker that can not hold what others serve is discarded, not the version', () => {
    const b = book();
    serveFirst(b);
    b.send({ kind: 'worker-down', worker: 2 });
    b.send({ kind: 'worker-up', worker: 3 });
    const actions = b.send({ kind: 'load-failed', worker: 3, id: '1', failure: PASSING });
    expect(actions).toContainEqual({ kind: 'discard-worker', worker: 3, failure: PASSING });
    expect(b.states()).toEqual({ 1: 'AVAILABLE' });
  });

  it('unloads what is gone from the disk', () => {
    const b = book();
    serveFirst(b);
    b.scan([]);
    expect(b.states()).toEqual({ 1: 'UNLOADING' });
    expect(b.log.some((line) => line.startsWith('No versions of servable m found'))).toBe(true);
  });

  it('takes changed files of a served version only when it is asked to', () => {
    const b = book();
    serveFirst(b);
    b.scan([[1, 'changed']]);
    expect(b.compiles).toHaveLength(1);
    b.scan([[1, 'changed']], true);
    expect(b.compiles).toHaveLength(2);
    expect(b.snapshot().models[0]?.versions.map(({ state: s }) => s)).toEqual(['LOADING', 'AVAILABLE']);
    b.compiled('2');
    b.loaded(1, '2');
    b.loaded(2, '2');
    expect(b.snapshot().models[0]?.versions.map(({ state: s }) => s)).toEqual(['AVAILABLE', 'UNLOADING']);
  });

  it('follows the version policies', () => {
    const dirs = [42, 33, 30, 21, 17];
    const started = (policy: VersionPolicy) => {
      const b = book(model(policy));
      b.scan(dirs);
      return b.compiles.map(({ dir }) => dir);
    };
    expect(started(LATEST)).toEqual(['/m/42']);
    expect(started({ kind: 'latest', count: 3 })).toEqual(['/m/42', '/m/33', '/m/30']);
    expect(started({ kind: 'specific', versions: [17n, 30n, 99n] })).toEqual(['/m/30', '/m/17']);
    expect(started({ kind: 'all' })).toHaveLength(5);
  });

  it('shows labels of served versions only, unless new ones may precede', () => {
    const b = book(model(LATEST, { labels: new Map([['stable', 1n]]) }));
    b.scan([1]);
    expect([b.snapshot().models[0]?.labels, b.snapshot(true).models[0]?.labels]).toEqual([
      [],
      [['stable', '1']],
    ]);
    b.compiled('1');
    b.loaded(1, '1');
    expect(b.snapshot().models[0]?.labels).toEqual([['stable', '1']]);
  });

  it('a model that is no longer configured is let go and forgotten', () => {
    const b = book();
    serveFirst(b);
    b.send({ kind: 'configure', models: [] });
    expect(b.states()).toEqual({ 1: 'UNLOADING' });
    b.unloaded(1, '1');
    b.unloaded(2, '1');
    expect(b.snapshot().models).toEqual([]);
  });
});
