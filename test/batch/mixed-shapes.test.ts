import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import { alignShapes, type MixedShapes } from '../../src/batch/mixed-shapes.js';
import { createScheduler } from '../../src/batch/scheduler.js';
import { createFunctionExecutor } from './function-executor.js';

const floats = (shape: number[], values: number[]) => numericTensor('float32', shape, values);
const one = (tensor: Tensor): TensorMap => new Map([['x', tensor]]);

/** The element at an index, or the first one where the index lies outside. */
function padded(tensor: Tensor, index: readonly number[]): unknown {
  const isInside = index.every((at, axis) => at < (tensor.shape[axis] ?? 0));
  if (!isInside) return tensor.data[0];
  return tensor.data[index.reduce((at, each, axis) => at * (tensor.shape[axis] ?? 1) + each, 0)];
}

function* indices(shape: readonly number[], head: number[] = []): Generator<number[]> {
  if (head.length === shape.length) yield head;
  else for (let at = 0; at < (shape[head.length] ?? 0); at++) yield* indices(shape, [...head, at]);
}

describe('mixed shapes of one batch', () => {
  it("are padded with each tensor's own first element", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }).chain((rank) =>
          fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: rank, maxLength: rank }), {
            minLength: 2,
            maxLength: 4,
          }),
        ),
        fc.boolean(),
        (shapes, isText) => {
          const tensors = shapes.map((shape, request): Tensor => {
            const count = shape.reduce((a, b) => a * b, 1);
            const values = Array.from({ length: count }, (_, at) => request * 1000 + at + 1);
            return isText
              ? { dtype: 'string', shape, data: values.map((value) => Buffer.from(String(value))) }
              : floats(shape, values);
          });
          const aligned = alignShapes(tensors.map(one), 'pad', 1e6).map(
            (inputs) => inputs.get('x') as Tensor,
          );
          const most = shapes[0]!.map((_, axis) => Math.max(...shapes.map((shape) => shape[axis] ?? 0)));
          aligned.forEach((tensor, at) => {
            expect(tensor.shape).toEqual([shapes[at]![0], ...most.slice(1)]);
            expect([...tensor.data]).toEqual(
              [...indices(tensor.shape)].map((index) => padded(tensors[at]!, index)),
            );
          });
        },
      ),
    );
  });

  it('are refused where they are not to be padded, and where their ranks differ', () => {
    const [small, large] = [one(floats([1, 2], [1, 2])), one(floats([1, 3], [1, 2, 3]))];
    expect(() => alignShapes([small, large], 'refuse', 1e6)).toThrow(
      "Tensors with name 'x' from different tasks have different shapes and padding is turned off",
    );
    expect(() => alignShapes([small, one(floats([1], [1]))], 'pad', 1e6)).toThrow('different shapes');
    expect(() => alignShapes([small, large], 'pad', 5)).toThrow('take 6 elements');
    expect(alignShapes([small, small], 'refuse', 1e6)[1]).toEqual(small);
  });
});

describe('the scheduler with mixed shapes', () => {
  const run = (inputs: TensorMap): TensorMap => new Map([['y', inputs.get('x') as Tensor]]);
  const send = (mixedShapes: MixedShapes, canJoin: boolean) => {
    const executor = createFunctionExecutor(run);
    const limits = { ...DEFAULT_LIMITS, maxRows: 2, waitMs: 1000, mixedShapes };
    const scheduler = createScheduler({ executor, limits, canJoin: () => canJoin });
    const answers = [floats([1, 1], [7]), floats([1, 2], [8, 9])].map((x) =>
      scheduler.submit({ signature: 's', inputs: one(x) }, 2).then(({ outputs }) => outputs.get('y')),
    );
    return { executor, answers: Promise.allSettled(answers) };
  };

  it('pads them into one batch', async () => {
    const { executor, answers } = send('pad', true);
    expect(await answers).toMatchObject([
      { value: { shape: [1, 2], data: Float32Array.of(7, 7) } },
      { value: { shape: [1, 2], data: Float32Array.of(8, 9) } },
    ]);
    expect(executor.batches).toEqual([2]);
  });

  it('refuses all of them', async () => {
    const { answers } = send('refuse', true);
    for (const answer of await answers)
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'TFD_INPUT_INVALID' } });
  });

  it('runs each by itself where their rows could mix', async () => {
    const { executor, answers } = send('pad', false);
    expect(await answers).toMatchObject([{ value: { shape: [1, 1] } }, { value: { shape: [1, 2] } }]);
    expect(executor.batches).toEqual([1, 1]);
  });
});
