import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import { createExecutor } from '../../src/engine/executor.js';
import type { CompileVariant } from '../../src/engine/types.js';
import { runCompileJob } from '../../src/repository/compile-job.js';
import { cacheEntryDir, planDirOf } from '../../src/repository/plan-cache.js';
import { type LoadedServable, loadServable } from '../../src/repository/servable.js';
import { writeSavedModel } from '../fixtures/saved-model-writer.js';
import { HAS_TESTDATA, SINGLE_MODELS, TESTDATA } from './testdata.js';
import { WRITTEN_MODELS } from './written-models.js';

/** Name in a request, version, directory. */
type Source = readonly [model: string, version: bigint, dir: string];

function listSources(written: string): Source[] {
  const own = Object.entries(WRITTEN_MODELS).map(([name, spec]): Source => {
    const dir = join(written, name);
    writeSavedModel(dir, spec);
    return [`E:${name}`, 1n, dir];
  });
  if (!HAS_TESTDATA) return own;
  const versions = join(TESTDATA, 'saved_model_half_plus_two_2_versions');
  return [
    ...own,
    ['default', 123n, SINGLE_MODELS.H2],
    ['H2T', 123n, SINGLE_MODELS.H2T],
    ['CNT', 123n, SINGLE_MODELS.CNT],
    ['saved_model_half_plus_two_2_versions', 123n, join(versions, '00000123')],
    ['saved_model_half_plus_three', 123n, join(TESTDATA, 'saved_model_half_plus_three', '00000123')],
  ];
}

export interface LoadedModels {
  readonly servables: readonly LoadedServable[];
  /** Models that could not be compiled or loaded, with why. */
  readonly failures: ReadonlyMap<string, Error>;
  close(): Promise<void>;
}

/** Plans for requests whose shapes are not the declared ones. */
function variantCompiler(dir: string, modelDir: string): CompileVariant {
  return async (signature, shapes) => {
    const variant = { signature, shapes };
    const entryDir = cacheEntryDir(join(dir, 'plans'), modelDir, ['serve'], variant);
    runCompileJob({ modelDir, tags: ['serve'], entryDir, variant });
    return planDirOf(entryDir);
  };
}

/** Compiles and loads the table's models, each in an executor of its own. */
export async function loadModels(): Promise<LoadedModels> {
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-conformance-'));
  const servables: LoadedServable[] = [];
  const failures = new Map<string, Error>();
  for (const [model, version, modelDir] of listSources(join(dir, 'written'))) {
    if (!existsSync(modelDir)) continue;
    try {
      const entryDir = cacheEntryDir(join(dir, 'plans'), modelDir, ['serve'], undefined);
      runCompileJob({ modelDir, tags: ['serve'], entryDir });
      const options = {
        model,
        version,
        entryDir,
        limits: DEFAULT_LIMITS,
        isBatching: true,
        isWarmingUp: false,
      };
      servables.push(
        await loadServable({
          ...options,
          createExecutor: (planDir) =>
            createExecutor({
              planDir,
              threads: 1,
              device: 'cpu',
              compileVariant: variantCompiler(dir, modelDir),
            }),
        }),
      );
    } catch (error) {
      failures.set(model, error as Error);
    }
  }
  return {
    servables,
    failures,
    async close() {
      await Promise.all(servables.map((servable) => servable.close()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
