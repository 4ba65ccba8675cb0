import { describe, expect, it } from 'vitest';
import { decide, foreseeLate } from '../../src/batch/core.js';
import { type BatchLimits, checkLimits, DEFAULT_LIMITS, paddedRows } from '../../src/batch/limits.js';
import { createBatchState, type Run } from '../../src/batch/state.js';
import { poissonArrivals, type SimulatedJob, simulate, simulatedJob } from './simulate.js';

const limits = (parts: Partial<BatchLimits> = {}): BatchLimits => ({
  ...DEFAULT_LIMITS,
  maxRows: 64,
  ...parts,
});
const start = (parts: Partial<BatchLimits> = {}) => createBatchState<SimulatedJob>(limits(parts));

/** One request in a turn of its own. */
function ask(state: ReturnType<typeof start>, job: SimulatedJob, now: number) {
  return [...decide(state, { kind: 'submit', job }, now), ...decide(state, { kind: 'turn' }, now)];
}

function runOf(actions: ReturnType<typeof decide<SimulatedJob>>): Run<SimulatedJob> {
  const found = actions.find((action) => action.kind === 'run');
  if (found?.kind !== 'run') throw new Error('no run');
  return found.run;
}

describe('the scheduler core', () => {
  it('runs a lone request at once', () => {
    const state = start();
    const job = simulatedJob();
    expect(runOf(ask(state, job, 0)).jobs).toEqual([job]);
  });

  it('what arrives in one turn shares a batch', () => {
    const state = start();
    for (let index = 0; index < 5; index++)
      expect(decide(state, { kind: 'submit', job: simulatedJob() }, 0)).toEqual([]);
    expect(runOf(decide(state, { kind: 'turn' }, 0)).rows).toBe(5);
  });

  it('collects what arrives while the executor is busy, and takes all of it when it is idle', () => {
    const state = start();
    const run = runOf(ask(state, simulatedJob(), 0));
    for (let index = 0; index < 5; index++) expect(ask(state, simulatedJob({ rows: 2 }), 1)).toEqual([]);
    expect(runOf(decide(state, { kind: 'done', run }, 2)).rows).toBe(10);
  });

  it('hands a second batch over early only when it is full', () => {
    const state = start({ maxRows: 4 });
    ask(state, simulatedJob(), 0);
    for (let index = 0; index < 3; index++) expect(ask(state, simulatedJob(), 1)).toEqual([]);
    expect(runOf(ask(state, simulatedJob(), 1)).rows).toBe(4);
    expect(ask(state, simulatedJob({ rows: 4 }), 1)).toEqual([]);
  });

  it('keeps different shapes apart without shrinking their batches', () => {
    const state = start();
    const run = runOf(ask(state, simulatedJob(), 0));
    for (let index = 0; index < 10; index++)
      ask(state, simulatedJob({ bucket: index % 2 === 0 ? 'even' : 'odd' }), 1);
    const even = runOf(decide(state, { kind: 'done', run }, 2));
    expect([even.bucket, even.rows]).toEqual(['even', 5]);
    const odd = runOf(decide(state, { kind: 'done', run: even }, 3));
    expect([odd.bucket, odd.rows]).toEqual(['odd', 5]);
  });

  it('serves priority before deadline before arrival', () => {
    const state = start({ maxRows: 1 });
    const run = runOf(ask(state, simulatedJob(), 0));
    const second = runOf(ask(state, simulatedJob(), 0));
    const later = simulatedJob({ deadlineMs: 900 });
    const sooner = simulatedJob({ deadlineMs: 500 });
    const urgent = simulatedJob({ deadlineMs: 999, priority: -1 });
    for (const job of [later, sooner, urgent]) ask(state, job, 1);
    const order: SimulatedJob[] = [];
    for (let current of [run, second]) {
      for (let next = 0; next < 2 && order.length < 3; next++) {
        const action = decide(state, { kind: 'done', run: current }, 2).find(({ kind }) => kind === 'run');
        if (action?.kind !== 'run') break;
        order.push(...action.run.jobs);
        current = action.run;
      }
    }
    expect(order).toEqual([urgent, sooner, later]);
  });

  it('drops clients that went away', () => {
    const state = start();
    const run = runOf(ask(state, simulatedJob(), 0));
    const gone = simulatedJob();
    const here = simulatedJob();
    ask(state, gone, 1);
    ask(state, here, 1);
    gone.isGone = true;
    const actions = decide(state, { kind: 'done', run }, 2);
    expect(actions).toContainEqual({ kind: 'shed', job: gone, reason: 'cancelled', retryMs: 0 });
    expect(runOf(actions).jobs).toEqual([here]);
  });

  it('bounds the queue by batches, rows counted, and by bytes', () => {
    const state = start({ maxRows: 4, maxQueuedBatches: 2 });
    ask(state, simulatedJob({ rows: 4 }), 0);
    ask(state, simulatedJob({ rows: 4 }), 0);
    ask(state, simulatedJob({ rows: 4 }), 0);
    ask(state, simulatedJob({ rows: 4 }), 0);
    expect(ask(state, simulatedJob(), 0)[0]).toMatchObject({ kind: 'shed', reason: 'full' });
    const heavy = start({ maxQueuedBytes: 100 });
    ask(heavy, simulatedJob({ bytes: 1000 }), 0);
    expect(ask(heavy, simulatedJob({ bytes: 101 }), 0)[0]).toMatchObject({ reason: 'full' });
  });

  it('refuses at once what can not be on time', () => {
    const state = start({ maxRows: 1 });
    const first = runOf(ask(state, simulatedJob(), 0));
    decide(state, { kind: 'done', run: first }, 10);
    ask(state, simulatedJob(), 10);
    ask(state, simulatedJob(), 10);
    ask(state, simulatedJob(), 10);
    expect(ask(state, simulatedJob({ arrivalMs: 10, deadlineMs: 35 }), 10)[0]).toMatchObject({
      kind: 'shed',
      reason: 'late',
    });
    expect(ask(state, simulatedJob({ arrivalMs: 10, deadlineMs: 55 }), 10)).toEqual([]);
  });

  it('tries again what is expected to be late when the executor is idle, or it would never learn better', () => {
    const state = start();
    const paused = runOf(ask(state, simulatedJob(), 0));
    decide(state, { kind: 'done', run: paused }, 1000);
    const late = (at: number) => simulatedJob({ arrivalMs: at, deadlineMs: at + 100 });
    expect(ask(state, late(1010), 1010)[0]).toMatchObject({ kind: 'shed', reason: 'late' });
    let now = 2000;
    for (let trials = 0; trials < 10; trials++, now += 400) {
      const run = runOf(ask(state, late(now), now));
      decide(state, { kind: 'done', run }, now + 1);
    }
    expect(runOf(ask(state, late(now), now)).rows).toBe(1);
    expect(ask(state, late(now), now)).toEqual([]);
  });

  it('is not misled by one pause of the machine', () => {
    const state = start();
    let now = 0;
    for (let runs = 0; runs < 50; runs++, now += 2)
      decide(state, { kind: 'done', run: runOf(ask(state, simulatedJob(), now)) }, now + 1);
    const run = runOf(ask(state, simulatedJob(), now));
    decide(state, { kind: 'done', run }, now + 300);
    now += 300;
    ask(state, simulatedJob(), now);
    expect(ask(state, simulatedJob({ arrivalMs: now, deadlineMs: now + 20 }), now)).toEqual([]);
  });

  it('foresees what would be late, and who is about to come counts for a while', () => {
    const state = start({ maxRows: 1 });
    expect(foreseeLate(state, 0, 0, 0)).toBeUndefined();
    decide(state, { kind: 'done', run: runOf(ask(state, simulatedJob(), 0)) }, 10);
    ask(state, simulatedJob(), 10);
    ask(state, simulatedJob(), 10);
    expect(foreseeLate(state, 39, 0, 10)).toBe(20);
    expect(foreseeLate(state, 41, 0, 10)).toBeUndefined();
    const ticket = state.announced.add(1, 10);
    state.announced.add(1, 10);
    expect(foreseeLate(state, 41, 0, 10)).toBe(40);
    state.announced.remove(ticket, 1, 10);
    expect(foreseeLate(state, 51, 0, 10)).toBeUndefined();
    expect(foreseeLate(state, 51, 40, 10)).toBeUndefined();
    expect(foreseeLate(state, 51, 45, 10)).toBe(35);
    expect(state.announced.sum(190)).toBe(1);
    expect(state.announced.sum(260)).toBe(0);
  });

  it('waits for a fuller batch only when told to', () => {
    const state = start({ waitMs: 5, maxRows: 2 });
    expect(ask(state, simulatedJob({ arrivalMs: 0 }), 0)).toEqual([{ kind: 'wake', atMs: 5 }]);
    expect(runOf(decide(state, { kind: 'turn' }, 5)).rows).toBe(1);
    const other = start({ waitMs: 5, maxRows: 2 });
    ask(other, simulatedJob(), 0);
    expect(runOf(ask(other, simulatedJob(), 1)).rows).toBe(2);
  });

  it('pads to the allowed sizes and checks them as TensorFlow Serving does', () => {
    const allowed = checkLimits(limits({ maxRows: 4, allowedRows: [1, 3, 4] }));
    expect([1, 2, 3, 4].map((rows) => paddedRows(allowed, rows))).toEqual([1, 3, 3, 4]);
    expect(() => checkLimits(limits({ maxRows: 4, allowedRows: [4, 2] }))).toThrow(
      'monotonically increasing',
    );
    expect(() => checkLimits(limits({ maxRows: 4, allowedRows: [2, 8] }))).toThrow('max_batch_size');
  });
});

describe('the scheduler core under load, simulated', () => {
  const gpu = { runMs: (rows: number) => 0.1 * rows + 5, sloMs: 50, limits: limits({ maxRows: 64 }) };
  const cpu = { runMs: (rows: number) => 2 * rows + 2, sloMs: 50, limits: limits({ maxRows: 16 }) };

  it('answers at least 99 % in time near the peak', () => {
    for (const [options, rate] of [
      [gpu, 5400],
      [cpu, 365],
    ] as const) {
      const arrivals = poissonArrivals(rate, 20);
      const { inTime } = simulate({ ...options, arrivals });
      expect(inTime / arrivals.length).toBeGreaterThan(0.99);
    }
  });

  it('keeps its goodput at 1.5 and 3 times the peak and answers nothing late', () => {
    for (const options of [gpu, cpu]) {
      const peak = (options.limits.maxRows / options.runMs(options.limits.maxRows)) * 1000;
      for (const factor of [1.5, 3]) {
        const result = simulate({ ...options, arrivals: poissonArrivals(peak * factor, 10) });
        expect(result.inTime / (peak * 10)).toBeGreaterThan(0.9);
        expect(result.late).toBe(0);
      }
    }
  });

  it('recovers from pauses of the machine', () => {
    // Every run of the first fifth of each second takes as long as four deadlines.
    const runMs = (rows: number, at: number) => cpu.runMs(rows) + (at % 1000 < 200 ? 200 : 0);
    const arrivals = poissonArrivals(300, 20);
    const { inTime } = simulate({ ...cpu, runMs, arrivals });
    expect(inTime / arrivals.length).toBeGreaterThan(0.6);
  });

  it('adds no wait at low load', () => {
    const { meanLatencyMs } = simulate({ ...cpu, arrivals: poissonArrivals(20, 20) });
    expect(meanLatencyMs).toBeLessThan(1.1 * cpu.runMs(1));
  });
});
