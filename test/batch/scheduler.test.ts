import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TfdeployError } from '../../src/base/error.js';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import { createScheduler } from '../../src/batch/scheduler.js';
import { createFunctionExecutor } from './function-executor.js';

const floats = (shape: number[], values: number[]) => numericTensor('float32', shape, values);
const values = (tensor: Tensor | undefined) => Array.from(tensor?.data as Float32Array);
const request = (inputs: Record<string, Tensor>, parts = {}) => ({
  signature: 's',
  inputs: new Map(Object.entries(inputs)) as TensorMap,
  ...parts,
});

/** y = x + 1, and z = the sum of each row. */
function model(inputs: TensorMap): TensorMap {
  const x = inputs.get('x') as Tensor;
  const [rows = 0, width = 1] = x.shape;
  const sums = Array.from({ length: rows }, (_, row) =>
    values(x)
      .slice(row * width, (row + 1) * width)
      .reduce((a, b) => a + b, 0),
  );
  return new Map([
    [
      'y',
      floats(
        [...x.shape],
        values(x).map((value) => value + 1),
      ),
    ],
    ['z', floats([rows], sums)],
  ]);
}

function schedulerOf(run = model, limits = {}) {
  const executor = createFunctionExecutor(run);
  return { executor, scheduler: createScheduler({ executor, limits: { ...DEFAULT_LIMITS, ...limits } }) };
}

describe('the scheduler', () => {
  it('gives every caller exactly its rows and the outputs it asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            rows: fc.integer({ min: 0, max: 9 }),
            width: fc.constantFrom(1, 2, 40),
            outputs: fc.constantFrom(undefined, ['y'], ['z'], ['z', 'y']),
          }),
          { minLength: 1, maxLength: 25 },
        ),
        fc.constantFrom([], [1, 3, 4], [2, 4]),
        async (shapes, allowedRows) => {
          const { scheduler } = schedulerOf(model, { maxRows: 4, allowedRows });
          await Promise.all(
            shapes.map(async ({ rows, width, outputs }, index) => {
              const data = Array.from({ length: rows * width }, (_, at) => index * 1000 + at);
              const inputs = { x: floats([rows, width], data) };
              const answer = await scheduler.submit(request(inputs, { outputs }), 4);
              const expected = model(request({ x: floats([rows, width], data) }).inputs);
              expect([...answer.outputs.keys()].sort()).toEqual([...(outputs ?? ['y', 'z'])].sort());
              for (const [name, tensor] of answer.outputs) expect(tensor).toEqual(expected.get(name));
            }),
          );
          expect(scheduler.pendingRequests).toBe(0);
          await scheduler.drain();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('shares batches among requests that arrive together', async () => {
    const { scheduler, executor } = schedulerOf();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        scheduler.submit(request({ x: floats([1, 2], [index, 0]) }), 64),
      ),
    );
    expect(executor.batches).toEqual([50]);
  });

  it('fills batches to the size that was measured, also where a bucket is known already', async () => {
    const { executor, scheduler } = schedulerOf();
    const ask = (index: number) => request({ x: floats([1, 2], [index, 0]) });
    for (const isKept of [false, true]) await scheduler.warm(ask(0), 128, isKept);
    scheduler.setFullRows(ask(0), 2);
    executor.batches.length = 0;
    await Promise.all(Array.from({ length: 6 }, (_, at) => scheduler.submit(ask(at), 128)));
    expect(executor.batches[0]).toBe(2);
  });

  it('runs requests that are not batchable one by one', async () => {
    const { scheduler, executor } = schedulerOf();
    const answers = await Promise.all(
      [1, 2, 3].map((value) => scheduler.submit(request({ x: floats([1, 1], [value]) }), undefined)),
    );
    expect(executor.batches).toEqual([1, 1, 1]);
    expect(answers.map(({ outputs }) => values(outputs.get('y')))).toEqual([[2], [3], [4]]);
  });

  it('packs strings and pads by repeating a row', async () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const seen: number[] = [];
    const { scheduler } = schedulerOf(
      (inputs) => {
        const x = inputs.get('x') as Tensor & { data: Uint8Array[] };
        seen.push(x.data.length);
        return new Map([['y', x]]);
      },
      { maxRows: 4, allowedRows: [4] },
    );
    const strings = (texts: string[]): Tensor => ({
      dtype: 'string',
      shape: [texts.length],
      data: texts.map(bytes),
    });
    const answers = await Promise.all(
      [['a'], ['b', 'c']].map((texts) => scheduler.submit(request({ x: strings(texts) }), 4)),
    );
    expect(seen).toEqual([4]);
    expect(answers.map(({ outputs }) => outputs.get('y'))).toEqual([strings(['a']), strings(['b', 'c'])]);
  });

  it('one bad request does not fail its neighbours', async () => {
    const { scheduler } = schedulerOf((inputs) => {
      const x = inputs.get('x') as Tensor;
      if (values(x).includes(13)) throw new TfdeployError('TFD_KERNEL_INPUT', 'thirteen');
      return model(inputs);
    });
    const answers = await Promise.allSettled(
      [1, 2, 13, 4].map((value) => scheduler.submit(request({ x: floats([1, 1], [value]) }), 64)),
    );
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  it('notices outputs that do not follow the rows and runs such requests alone', async () => {
    const total = (inputs: TensorMap) =>
      new Map([['y', floats([], [values(inputs.get('x')).reduce((a, b) => a + b, 0)])]]) as TensorMap;
    const { scheduler, executor } = schedulerOf(total);
    const send = () =>
      Promise.all([1, 2, 3].map((value) => scheduler.submit(request({ x: floats([1, 1], [value]) }), 64)));
    for (let round = 0; round < 2; round++)
      expect((await send()).map(({ outputs }) => values(outputs.get('y')))).toEqual([[1], [2], [3]]);
    expect(executor.batches.slice(-3)).toEqual([1, 1, 1]);
  });

  it('splits a large request over batches that others share, and joins its rows', async () => {
    const { scheduler, executor } = schedulerOf(model, { maxRows: 8 });
    const large = Array.from({ length: 19 }, (_, row) => row);
    const [big, small] = await Promise.all([
      scheduler.submit(request({ x: floats([19, 1], large) }, { outputs: ['y'] }), 8),
      scheduler.submit(request({ x: floats([5, 1], [1, 2, 3, 4, 5]) }, { outputs: ['z'] }), 8),
    ]);
    expect(executor.batches).toEqual([8, 8, 8]);
    expect([...big.outputs.keys()]).toEqual(['y']);
    expect(big.outputs.get('y')).toEqual(
      floats(
        [19, 1],
        large.map((value) => value + 1),
      ),
    );
    expect(values(small.outputs.get('z'))).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps shapes apart, each in full batches', async () => {
    const { scheduler, executor } = schedulerOf(model, { maxRows: 4 });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        scheduler.submit(
          request({ x: floats([1, 1 + (index % 2)], new Array(1 + (index % 2)).fill(index)) }),
          4,
        ),
      ),
    );
    expect(executor.batches).toEqual([4, 4]);
    expect(answers.map(({ outputs }) => values(outputs.get('z'))[0])).toEqual([0, 2, 2, 6, 4, 10, 6, 14]);
  });

  it('runs what is urgent before what came earlier', async () => {
    const { scheduler } = schedulerOf(model, { maxRows: 1 });
    const order: string[] = [];
    const send = (name: string, priority: number) =>
      scheduler.submit(request({ x: floats([1, 1], [1]) }, { priority }), 1).then(() => order.push(name));
    await Promise.all([
      send('first', 0),
      send('second', 0),
      send('idle', 5),
      send('usual', 0),
      send('urgent', -1),
    ]);
    expect(order.indexOf('urgent')).toBeLessThan(order.indexOf('usual'));
    expect(order.at(-1)).toBe('idle');
  });

  it('refuses a request above the largest batch when splitting is off', async () => {
    const { scheduler } = schedulerOf(model, { maxRows: 64, isSplitting: false });
    const big = floats([65, 1], new Array(65).fill(0));
    await expect(scheduler.submit(request({ x: big }), 64)).rejects.toThrow(
      'Task size 65 is larger than maximum input batch size 64',
    );
  });

  it('answers a full queue with TensorFlow Serving’s words and a time to come back', async () => {
    const { scheduler } = schedulerOf(model, { maxRows: 1, maxQueuedBatches: 2 });
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => scheduler.submit(request({ x: floats([1, 1], [1]) }), 1)),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused).toHaveLength(2);
    expect(refused[0].message).toBe(
      'The batch scheduling queue to which this task was submitted is full; currently 2 batches enqueued and max_enqueued_batches is 2',
    );
    expect(refused[0].details.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });

  it('does not run a client that went away', async () => {
    const { scheduler, executor } = schedulerOf();
    const controller = new AbortController();
    const first = scheduler.submit(request({ x: floats([1, 1], [1]) }), 64);
    const gone = scheduler.submit(request({ x: floats([1, 1], [2]) }, { signal: controller.signal }), 64);
    controller.abort();
    await expect(gone).rejects.toThrow('went away');
    await first;
    expect(executor.batches).toEqual([1]);
  });
});
