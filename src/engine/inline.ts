import type { TensorMap } from '../base/tensor.js';
import { readPlan } from '../convert/plan-files.js';
import { PlanRunner } from './plan-runner.js';
import { resolveEngine } from './resolve.js';
import { createStageLoaders } from './stage-loaders.js';
import type { ExecutorOptions, PlanExecutor } from './types.js';
import { VariantSet } from './variant-set.js';

/**
 * A compiled model in this very thread, which it blocks while it runs: for one-off commands and tests.
 * Input buffers are not detached.
 */
export async function createInlineRunner(
  planDir: string,
  options: Partial<Omit<ExecutorOptions, 'planDir'>> = {},
): Promise<PlanExecutor> {
  const engine = options.engine ?? (await resolveEngine());
  const { threads = 1, device = 'cpu', isWeightSharing } = options;
  const loaders = createStageLoaders(engine, { threads, device, isWeightSharing });
  const plan = readPlan(planDir);
  const variants = new VariantSet(plan, options.compileVariant);
  const runners = new Map([[planDir, new PlanRunner(plan, planDir, loaders)]]);
  const runnerOf = (dir: string) => {
    const runner = runners.get(dir) ?? new PlanRunner(readPlan(dir), dir, loaders);
    runners.set(dir, runner);
    return runner;
  };
  let pending = 0;
  const runTimed = async (signature: string, inputs: TensorMap, outputs?: readonly string[]) => {
    pending++;
    try {
      const runner = runnerOf((await variants.choose(signature, inputs)) ?? planDir);
      const startMs = performance.now();
      const result = await runner.run(signature, inputs, outputs);
      return { outputs: result, timing: { computeMs: performance.now() - startMs } };
    } finally {
      pending--;
    }
  };
  return {
    runTimed,
    run: async (signature, inputs, outputs) => (await runTimed(signature, inputs, outputs)).outputs,
    warm: (signature) => runnerOf(planDir).warm(signature),
    get pending() {
      return pending;
    },
    async close() {
      for (const runner of runners.values()) await runner.close();
    },
  };
}
