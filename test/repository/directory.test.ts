import { describe, expect, it } from 'vitest';
import { createWorkerDirectory } from '../../src/repository/directory.js';
import type { LoadedServable } from '../../src/repository/servable.js';
import type { Goal, Snapshot, VersionSnapshot } from '../../src/repository/snapshot.js';

function version(
  id: string,
  number: number,
  goal: Goal,
  parts: Partial<VersionSnapshot> = {},
): VersionSnapshot {
  const state = { wait: 'START', load: 'LOADING', serve: 'AVAILABLE', retire: 'UNLOADING' } as const;
  return {
    id,
    version: String(number),
    modelDir: `/m/${number}`,
    entryDir: `/cache/${id}`,
    goal,
    state: state[goal],
    errorCode: 'OK',
    errorMessage: '',
    ...parts,
  };
}

const snapshot = (versions: VersionSnapshot[], parts: Partial<Snapshot> = {}): Snapshot => ({
  models: [{ name: 'm', labels: [['stable', '1']], versions }],
  isSettled: true,
  ...parts,
});

/** A directory whose loads are ended by hand. */
function directory() {
  const told: string[] = [];
  const loads = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const closed: string[] = [];
  const subject = createWorkerDirectory(
    1,
    (model, { id, version: number }) =>
      new Promise((resolve, reject) => {
        const servable = {
          model,
          version: BigInt(number),
          close: async () => {
            closed.push(id);
          },
        } as unknown as LoadedServable;
        loads.set(id, { resolve: () => resolve(servable), reject });
      }),
    {
      loaded: (id) => told.push(`loaded ${id}`),
      failed: (id) => told.push(`failed ${id}`),
      unloaded: (id) => told.push(`unloaded ${id}`),
      ready: () => told.push('ready'),
    },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    subject,
    told,
    closed,
    loads,
    async load(id: string) {
      loads.get(id)?.resolve();
      await turn();
    },
    async fail(id: string) {
      loads.get(id)?.reject(new Error('no'));
      await turn();
    },
  };
}

describe('the directory of a worker', () => {
  it('answers with a version once it is loaded and meant to serve, and is ready once', async () => {
    const { subject, told, load } = directory();
    subject.apply(snapshot([version('a', 1, 'load')], { isSettled: false }));
    expect(subject.isReady).toBe(false);
    expect(() => subject.find('m', {})).toThrow('Servable is being loaded');
    await load('a');
    expect(told).toEqual(['loaded a']);
    expect(() => subject.find('m', {})).toThrow();
    subject.apply(snapshot([version('a', 1, 'serve')]));
    subject.apply(snapshot([version('a', 1, 'serve')]));
    expect(told).toEqual(['loaded a', 'ready']);
    expect(subject.find('m', {}).version).toBe(1n);
    expect(subject.isReady).toBe(true);
  });

  it('finds the highest version, a version, a label, and says what it does not have', async () => {
    const { subject, load } = directory();
    subject.apply(snapshot([version('b', 2, 'serve'), version('a', 1, 'serve')]));
    await load('a');
    await load('b');
    expect(subject.find('m', {}).version).toBe(2n);
    expect(subject.find('m', { version: 1n }).version).toBe(1n);
    expect(subject.find('m', { label: 'stable' }).version).toBe(1n);
    expect(() => subject.find('m', { label: 'nope' })).toThrow('Unrecognized servable version label: nope');
    expect(() => subject.find('m', { version: 50n })).toThrow(
      'Servable not found for request: Specific(m, 50)',
    );
    expect(() => subject.find('foo', {})).toThrow('Servable not found for request: Latest(foo)');
    expect(() => subject.status('foo')).toThrow('Could not find any versions of model foo');
    expect(() => subject.status('m', 99n)).toThrow('Could not find version 99 of model m');
  });

  it('loads beside requests only in its turn, one version after the other', async () => {
    const { subject, told, loads, load } = directory();
    const others = { turn: 2 };
    const mine = { turn: 1 };
    subject.apply(snapshot([version('b', 2, 'load', others), version('a', 1, 'load', others)]));
    await load('');
    expect([...loads.keys()]).toEqual([]);
    subject.apply(snapshot([version('b', 2, 'load', mine), version('a', 1, 'load', mine)]));
    await load('');
    expect([...loads.keys()]).toEqual(['b']);
    await load('b');
    expect(told).toContain('loaded b');
    expect([...loads.keys()]).toEqual(['b', 'a']);
    await load('a');
    expect(told).toEqual(['ready', 'loaded b', 'loaded a']);
  });

  it('lets an old version go after it is off the route', async () => {
    const { subject, told, closed, load } = directory();
    subject.apply(snapshot([version('a', 1, 'serve')]));
    await load('a');
    subject.apply(snapshot([version('b', 2, 'serve'), version('a', 1, 'retire')]));
    await load('b');
    expect(subject.find('m', {}).version).toBe(2n);
    expect(() => subject.find('m', { version: 1n })).toThrow('Specific(m, 1)');
    await subject.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(closed.sort()).toEqual(['a', 'b']);
    expect(told).toContain('unloaded a');
  });

  it('tells a failed load once, and tries again only when told anew', async () => {
    const { subject, told, loads, fail } = directory();
    const wanted = snapshot([version('a', 1, 'load')], { isSettled: false });
    subject.apply(wanted);
    await fail('a');
    loads.clear();
    subject.apply(wanted);
    expect([told, loads.size]).toEqual([['failed a'], 0]);
    subject.apply(snapshot([version('a', 1, 'wait')], { isSettled: false }));
    subject.apply(wanted);
    expect(loads.size).toBe(1);
  });

  it('shows one state for a version whose files are being replaced', () => {
    const { subject } = directory();
    subject.apply(snapshot([version('b', 1, 'load'), version('a', 1, 'serve')]));
    expect(subject.status('m')).toMatchObject([{ version: 1n, state: 'AVAILABLE' }]);
  });

  it('is not ready while a model has no version, and not when it drains', async () => {
    const { subject, load } = directory();
    subject.apply({
      ...snapshot([version('a', 1, 'serve')]),
      models: [...snapshot([version('a', 1, 'serve')]).models, { name: 'n', labels: [], versions: [] }],
    });
    await load('a');
    expect([subject.isReady, subject.models]).toEqual([false, ['m']]);
    subject.apply(snapshot([version('a', 1, 'serve')]));
    expect(subject.isReady).toBe(true);
    subject.setDraining();
    expect(subject.isReady).toBe(false);
  });
});
