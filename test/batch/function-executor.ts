import type { TensorMap } from '../../src/base/tensor.js';
import type { Executor } from '../../src/engine/types.js';

/** An executor that runs a function, one batch after the other and off the caller's turn, as the real one does. */
export function createFunctionExecutor(
  run: (inputs: TensorMap, signature: string, outputs: readonly string[] | undefined) => TensorMap,
): Executor & { readonly batches: number[] } {
  const batches: number[] = [];
  let pending = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    batches,
    get pending() {
      return pending;
    },
    run(signature, inputs, outputs) {
      pending++;
      const result = last.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        batches.push([...inputs.values()][0]?.shape[0] ?? 0);
        pending--;
        return run(inputs, signature, outputs);
      });
      last = result.catch(() => {});
      return result;
    },
    close: () => Promise.resolve(),
  };
}
