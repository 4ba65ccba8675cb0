import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { entryPath } from '../../src/base/entry.js';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { createExecutor } from '../../src/engine/executor.js';
import type { ExecutorOptions, PlanExecutor } from '../../src/engine/types.js';
import {
  identitySignature,
  matmulSignature,
  onnxNode,
  onnxStage,
  planOf,
  port,
  signature,
} from './plan-fixture.js';

/** Where the executor's source lies. */
const ENGINE = new URL('../../src/engine/executor.ts', import.meta.url).href;

const open: PlanExecutor[] = [];

async function start(planDir: string, options: Partial<ExecutorOptions> = {}): Promise<PlanExecutor> {
  const executor = await createExecutor({ planDir, threads: 1, device: 'cpu', ...options });
  open.push(executor);
  return executor;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((executor) => executor.close()));
});

function row(...values: number[]): TensorMap {
  return new Map([['x', numericTensor('float32', [1, values.length], values)]]);
}

function strings(count: number, length: number): TensorMap {
  const data = Array.from({ length: count }, () => new Uint8Array(length).fill(97));
  return new Map([['x', { dtype: 'string', shape: [count], data }]]);
}

/** A chain of products that takes about a second. */
function slowSignature() {
  const [x, y] = [port('x', 'float32', ['n', 1500]), port('y', 'float32', ['n', 1500])];
  const links = Array.from({ length: 10 }, (_, index) => `t${index}`);
  const nodes = links.map((name, index) => onnxNode('MatMul', [links[index - 1] ?? 'x', 'x'], [name]));
  return signature('slow', [x], [y], [onnxStage([x], [y], [...nodes, onnxNode('Relu', ['t9'], ['y'])])]);
}

function square(): TensorMap {
  return new Map([['x', numericTensor('float32', [1500, 1500], [])]]);
}

describe('createExecutor', () => {
  it('runs in a thread, many at a time, each answered with its own result', async () => {
    const executor = await start(planOf(matmulSignature(), identitySignature('string')));
    const runs = Array.from({ length: 100 }, (_, index) => executor.runTimed('matmul', row(index, 0, 0, 0)));
    expect(executor.pending).toBe(100);
    const results = await Promise.all(runs);
    results.forEach(({ outputs, timing }, index) => {
      expect([...(outputs.get('y')!.data as Float32Array)]).toEqual([index, index * 2]);
      expect(timing.computeMs).toBeGreaterThan(0);
    });
    expect(executor.pending).toBe(0);
    const texts = await executor.run('string', new Map([['x', text('é', '', 'z')]]));
    expect(texts.get('y')).toEqual(text('é', '', 'z'));
  });

  function text(...values: string[]): Tensor {
    const data = values.map((value) => new Uint8Array(Buffer.from(value)));
    return { dtype: 'string', shape: [values.length], data };
  }

  it('takes over whole buffers, copies parts of larger ones, and shares shared ones', async () => {
    const executor = await start(planOf(identitySignature('float32')));
    const whole = new Float32Array([1, 2]);
    const larger = new Float32Array([0, 1, 2, 0]);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    for (const data of [whole, larger.subarray(1, 3), shared]) {
      const out = await executor.run('float32', new Map([['x', { dtype: 'float32', shape: [2], data }]]));
      expect([...(out.get('y')!.data as Float32Array)]).toEqual([1, 2]);
    }
    expect(whole.length).toBe(0);
    expect([...larger]).toEqual([0, 1, 2, 0]);
    expect([...shared]).toEqual([1, 2]);
  });

  it('keeps the defaults of inputs and the rest of a burst when one run fails', async () => {
    const base = identitySignature('float32');
    const [input] = base.inputs;
    const fallback = numericTensor('float32', [2], [7, 8]);
    const executor = await start(planOf({ ...base, inputs: [{ ...input!, default: fallback }] }));
    const wrong: Tensor = { dtype: 'int32', shape: [0], data: new Int32Array(0) };
    const settled = await Promise.allSettled([
      executor.run('float32', new Map()),
      executor.run('float32', new Map([['x', wrong]])),
      executor.run('nope', new Map()),
      executor.run('float32', new Map()),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: 'TFD_INPUT_INVALID' } });
    expect(settled[2]).toMatchObject({ reason: { code: 'TFD_SIGNATURE_NOT_FOUND' } });
    expect(settled[3]).toMatchObject({ value: new Map([['y', fallback]]) });
  });

  it('loads a signature ahead when asked', async () => {
    const [x, y] = [port('x'), port('y')];
    const broken = signature('broken', [x], [y], [onnxStage([x], [y], [onnxNode('Frob', ['x'], ['y'])])]);
    const executor = await start(planOf(matmulSignature(), broken));
    await executor.warm('matmul');
    await expect(executor.warm('broken')).rejects.toMatchObject({
      code: 'TFD_ENGINE_FAILED',
      message: expect.stringContaining('Frob'),
    });
  });

  it('counts denormal numbers as zero, as TensorFlow does, in every executor of a process', async () => {
    const [x, y] = [port('x'), port('y')];
    const stage = onnxStage([x], [y], [onnxNode('Add', ['x', 'x'], ['y'])]);
    const planDir = planOf(signature('twice', [x], [y], [stage]));
    for (const executor of [await start(planDir), await start(planDir)]) {
      const out = await executor.run('twice', row(1e-40, 1, -1e-40, 2));
      expect([...(out.get('y')!.data as Float32Array)].map((value) => value + 0)).toEqual([0, 2, 0, 4]);
    }
  });

  it('rejects when there is no plan', async () => {
    await expect(start('/nowhere')).rejects.toMatchObject({ code: 'TFD_PLAN_CORRUPT' });
  });

  it('fails what was pending when its thread dies, and starts again with the next run', async () => {
    const executor = await start(planOf(identitySignature('string')), { maxHeapMb: 16 });
    const isHuge = strings(1_000_000, 40);
    const settled = await Promise.allSettled([
      executor.run('string', isHuge),
      executor.run('string', strings(1, 1)),
    ]);
    for (const each of settled) {
      expect(each).toMatchObject({
        status: 'rejected',
        reason: { code: 'TFD_ENGINE_FAILED', message: expect.stringContaining('memory limit') },
      });
    }
    expect(executor.pending).toBe(0);
    expect((await executor.run('string', strings(2, 3))).get('y')?.shape).toEqual([2]);
  });

  it('ends what is running before it closes, and takes nothing new', async () => {
    const executor = await start(planOf(matmulSignature()));
    const last = executor.run('matmul', row(1, 0, 0, 0));
    const closed = executor.close();
    await expect(executor.run('matmul', row(1, 0, 0, 0))).rejects.toMatchObject({ code: 'TFD_UNAVAILABLE' });
    expect((await last).get('y')?.shape).toEqual([1, 2]);
    await closed;
    await executor.close();
  });

  it('closes at its deadline while the engine is busy', async () => {
    const executor = await start(planOf(slowSignature()), { closeTimeoutMs: 1 });
    await executor.warm('slow');
    const run = executor.run('slow', square());
    const failed = expect(run).rejects.toMatchObject({
      code: 'TFD_ENGINE_FAILED',
      message: expect.stringContaining('did not end within 1 ms'),
    });
    await executor.close();
    await failed;
  });
});

describe('a process that exits while its engine is busy', () => {
  it('ends in order, after the run', async () => {
    const module = JSON.stringify(pathToFileURL(entryPath(ENGINE, './executor.js')).href);
    const script = `
      const { createExecutor } = await import(${module});
      const planDir = process.argv[1];
      const executor = await createExecutor({ planDir, threads: 1, device: 'cpu' });
      await executor.warm('slow');
      const data = new Float32Array(1500 * 1500);
      const run = executor.run('slow', new Map([['x', { dtype: 'float32', shape: [1500, 1500], data }]]));
      run.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
      process.exit(7);`;
    const { exitCode, signal, stderr } = await execa(
      process.execPath,
      ['--input-type=module', '-e', script, planOf(slowSignature())],
      { reject: false },
    );
    expect({ exitCode, signal, stderr }).toEqual({ exitCode: 7, signal: undefined, stderr: '' });
  });
});

describe('variants', () => {
  const assumed = { x: [null, 4] };
  const wide = () => {
    const [x, y] = [port('x', 'float32', ['batch', 2]), port('y', 'float32', ['batch', 1])];
    const weights = { w: numericTensor('float32', [2, 1], [10, 100]) };
    const stage = onnxStage([x], [y], [onnxNode('MatMul', ['x', 'w'], ['y'])], weights);
    return signature('matmul', [x], [y], [stage], { x: [null, 2] });
  };

  it('compiles once for another shape and keeps both', async () => {
    const variant = planOf(wide());
    const asked: unknown[] = [];
    const executor = await start(planOf(matmulSignature(assumed)), {
      compileVariant: async (name, shapes) => {
        asked.push([name, shapes]);
        return variant;
      },
    });
    const results = await Promise.all([
      executor.run('matmul', row(1, 1)),
      executor.run('matmul', row(1, 1)),
      executor.run('matmul', row(1, 0, 0, 0)),
    ]);
    expect(results.map((each) => [...(each.get('y')!.data as Float32Array)])).toEqual([[110], [110], [1, 2]]);
    const two = new Map([['x', numericTensor('float32', [2, 2], [1, 0, 0, 1])]]);
    expect([...((await executor.run('matmul', two)).get('y')!.data as Float32Array)]).toEqual([10, 100]);
    expect(asked).toEqual([['matmul', { x: [1, 2] }]]);
  });

  it.each([
    ['there is no compiler', undefined],
    ['the compiler gives a plan that fits no better', async () => planOf(matmulSignature(assumed))],
  ])('refuses when %s', async (_, compileVariant) => {
    const executor = await start(planOf(matmulSignature(assumed)), { compileVariant });
    await expect(executor.run('matmul', row(1, 1))).rejects.toMatchObject({
      code: 'TFD_INPUT_INVALID',
      message: expect.stringContaining('x [1, 2]'),
    });
  });
});
