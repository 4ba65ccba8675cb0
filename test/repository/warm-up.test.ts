import { describe, expect, it } from 'vitest';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import { createScheduler } from '../../src/batch/scheduler.js';
import type { ServableSignature } from '../../src/repository/types.js';
import { warmUp } from '../../src/repository/warm-up.js';
import { createFunctionExecutor } from '../batch/function-executor.js';

const signature: ServableSignature = {
  name: 's',
  methodName: 'tensorflow/serving/predict',
  inputs: [{ name: 'x', ref: 'x', dtype: 'float32', shape: ['n', 2] }],
  outputs: [{ name: 'y', ref: 'y', dtype: 'float32', shape: ['n', 2] }],
  isBatchable: true,
  refusal: undefined,
};

function start(
  parts = {},
  run = (inputs: TensorMap): TensorMap => new Map([['y', inputs.get('x') as Tensor]]),
) {
  const limits = { ...DEFAULT_LIMITS, maxRows: 8, ...parts };
  const seen: number[] = [];
  const executor = createFunctionExecutor((inputs) => {
    seen.push(inputs.get('x')?.shape[0] ?? 0);
    return run(inputs);
  });
  return { limits, seen, scheduler: createScheduler({ executor, limits }) };
}

describe('the warm-up', () => {
  it('runs every allowed size before a request may have it', async () => {
    const { limits, seen, scheduler } = start({ allowedRows: [1, 3, 8] });
    const options = { limits, budgetMs: 0, isBackground: false };
    expect(await warmUp(scheduler, signature, options)).toEqual({ fullRows: 8, failure: undefined });
    expect([...new Set(seen)]).toEqual([1, 3, 8]);
    const x = numericTensor('float32', [2, 2], [1, 2, 3, 4]);
    const answer = await scheduler.submit({ signature: 's', inputs: new Map([['x', x]]) }, 8);
    expect(seen.at(-1)).toBe(3);
    expect(answer.outputs.get('y')).toEqual(x);
  });

  it('runs powers of two up to a full batch, beside requests too', async () => {
    const { limits, seen, scheduler } = start();
    const { fullRows } = await warmUp(scheduler, signature, { limits, budgetMs: 1e4, isBackground: true });
    expect([1, 2, 4, 8]).toContain(fullRows);
    expect(Math.max(...seen)).toBeGreaterThanOrEqual(fullRows);
    expect([...new Set(seen)]).toEqual([1, 2, 4, 8].slice(0, new Set(seen).size));
  });

  it('leaves a model cold that does not take its sample, and says why', async () => {
    const { limits, scheduler } = start({}, () => {
      throw new Error('no');
    });
    const { failure } = await warmUp(scheduler, signature, { limits, budgetMs: 10, isBackground: false });
    expect(failure?.message).toBe('no');
  });
});
