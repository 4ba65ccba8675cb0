import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import type { BatchReport } from '../../src/batch/scheduler.js';
import { createExecutor } from '../../src/engine/executor.js';
import { runCompileJob } from '../../src/repository/compile-job.js';
import { cacheEntryDir, isCached, planDirOf } from '../../src/repository/plan-cache.js';
import { type LoadedServable, type LoadOptions, loadServable } from '../../src/repository/servable.js';
import { linearModel } from '../fixtures/linear-model.js';
import { writeSavedModel } from '../fixtures/saved-model-writer.js';

const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-servable-'));
const modelDir = join(dir, 'model');
const cacheDir = join(dir, 'cache');
let entryDir = '';
let servable: LoadedServable;
const reports: BatchReport[] = [];

const load = (parts: Partial<LoadOptions> = {}) =>
  loadServable({
    model: 'linear',
    version: 1n,
    entryDir,
    limits: DEFAULT_LIMITS,
    isBatching: true,
    isWarmingUp: true,
    createExecutor: (planDir) => createExecutor({ planDir, threads: 1, device: 'cpu' }),
    onBatch: (report) => reports.push(report),
    ...parts,
  });

beforeAll(async () => {
  writeSavedModel(modelDir, linearModel());
  entryDir = cacheEntryDir(cacheDir, modelDir, ['serve'], undefined);
  runCompileJob({ modelDir, tags: ['serve'], entryDir });
  servable = await load();
});
afterAll(async () => {
  await servable?.close();
  rmSync(dir, { recursive: true });
});

const ask = (inputs: Record<string, Tensor>, outputs?: readonly string[]) =>
  servable.predict({
    signature: 'serving_default',
    inputs: new Map(Object.entries(inputs)) as TensorMap,
    ...(outputs === undefined ? {} : { outputs }),
  });
const rows = (...values: [number, number][]) => numericTensor('float32', [values.length, 2], values.flat());
const linear = ([a, b]: [number, number]) => [a + 3 * b + 10, 2 * a + 4 * b + 20];

describe('a loaded version', () => {
  it('answers, and many requests at once share batches', async () => {
    reports.length = 0;
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const { outputs } = await ask({ x: rows([index, 1], [index, 2]) });
        return Array.from(outputs.get('y')?.data as Float32Array);
      }),
    );
    expect(answers).toEqual(
      Array.from({ length: 40 }, (_, index) => [...linear([index, 1]), ...linear([index, 2])]),
    );
    expect(reports.reduce((sum, report) => sum + report.requests, 0)).toBe(40);
    expect(reports.length).toBeLessThan(10);
  });

  it('knows the signatures as the model declares them', () => {
    expect(servable.signatures.get('serving_default')).toMatchObject({
      isBatchable: true,
      refusal: undefined,
    });
    expect(servable.signatureDefs.get('serving_default')?.inputs.get('x')).toMatchObject({
      dtype: 'float32',
      shape: ['?', 2],
    });
  });

  it('refuses requests that do not fit, before they meet others', async () => {
    await expect(ask({ x: numericTensor('float64', [1, 2], [1, 2]) })).rejects.toThrow(
      'Expects arg[0] to be float but double is provided',
    );
    await expect(ask({ unknown: rows([1, 2]) })).rejects.toThrow(
      'Sent extra: {unknown}. Missing but required: {x}.',
    );
    await expect(ask({ x: { ...rows([1, 2]), shape: [2, 2] } as Tensor })).rejects.toThrow('has 2 elements');
    await expect(ask({ x: rows([1, 2]) }, ['nope'])).rejects.toThrow('not found in signature: nope');
    await expect(ask({ x: rows([1, 2]) }, ['y', 'y'])).rejects.toThrow('duplicate output tensor alias: y');
    const wrong = servable.predict({ signature: 'nope', inputs: new Map() });
    await expect(wrong).rejects.toThrow('"nope" not found in signature def');
  });

  it('measures how many rows make a full batch', () => {
    expect(servable.fullRows.get('serving_default')).toBeGreaterThanOrEqual(1);
    expect(servable.cold.size).toBe(0);
  });

  it('a torn plan is told as such', async () => {
    const torn = join(dir, 'torn');
    runCompileJob({ modelDir, tags: ['serve'], entryDir: torn });
    expect(isCached(torn)).toBe(true);
    const stage = readdirSync(planDirOf(torn)).find((name) => name.endsWith('.onnx')) ?? '';
    truncateSync(join(planDirOf(torn), stage), 10);
    await expect(load({ entryDir: torn })).rejects.toMatchObject({ code: 'TFD_PLAN_CORRUPT' });
  });

  it('another content, other tags or another version of tfdeploy get another place in the cache', () => {
    const other = join(dir, 'other');
    writeSavedModel(
      other,
      linearModel({
        variables: {
          w: { dtype: 'float32', shape: [2, 2], values: [1, 2, 3, 5] },
          b: { dtype: 'float32', shape: [2], values: [10, 20] },
        },
      }),
    );
    const place = (model: string, tags: string[]) => cacheEntryDir(cacheDir, model, tags, undefined);
    expect(
      new Set([place(modelDir, ['serve']), place(other, ['serve']), place(modelDir, ['gpu'])]).size,
    ).toBe(3);
    expect(place(modelDir, ['serve'])).toBe(entryDir);
  });
});
