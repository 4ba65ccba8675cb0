import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isTfdeployError } from '../base/error.js';
import type { Plan } from '../convert/plan.js';
import { readPlan } from '../convert/plan-files.js';
import type { CompileVariant } from '../engine/types.js';
import { runCompileJob } from '../repository/compile-job.js';
import { checkModelPath, findModelVersions } from '../repository/layout.js';
import {
  cacheEntryDir,
  dropEntry,
  isCached,
  planCacheDir,
  planDirOf,
  touchEntry,
  type VariantRequest,
} from '../repository/plan-cache.js';

/** A compiled model, ready to be loaded. */
export interface OpenedPlan {
  readonly planDir: string;
  readonly plan: Plan;
  /** Directory of the SavedModel; undefined for a plan directory. */
  readonly modelDir: string | undefined;
  /** Compiles a signature for other input shapes; absent for a plan without its model. */
  readonly compileVariant: CompileVariant | undefined;
  /** Removes what does not outlive the command. */
  close(): void;
}

function canWrite(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The plan of a model: `path` is a SavedModel, a directory of numbered versions (the highest is taken) or a
 * plan directory. A SavedModel is compiled into the cache that `serve` uses too, or, where that can not be
 * written, into a temporary folder. `onCompile` is called before a compilation.
 */
export function openPlan(path: string, tags: readonly string[], onCompile: () => void): OpenedPlan {
  const base = resolve(path);
  if (existsSync(join(base, 'plan.json'))) {
    return {
      planDir: base,
      plan: readPlan(base),
      modelDir: undefined,
      compileVariant: undefined,
      close: () => undefined,
    };
  }
  checkModelPath(base);
  const modelDir = findModelVersions(base)[0]?.dir ?? base;
  const wanted = planCacheDir(undefined);
  const isKept = canWrite(wanted);
  const cacheDir = isKept ? wanted : mkdtempSync(join(tmpdir(), 'tfdeploy-plans-'));
  const compile = (variant: VariantRequest | undefined): string => {
    const entryDir = cacheEntryDir(cacheDir, modelDir, tags, variant);
    if (!isCached(entryDir)) {
      onCompile();
      runCompileJob({ modelDir, tags, entryDir, ...(variant === undefined ? {} : { variant }) });
    }
    touchEntry(entryDir);
    return planDirOf(entryDir);
  };
  const planDir = compile(undefined);
  return {
    planDir,
    modelDir,
    plan: readOrRecompile(planDir, () => {
      dropEntry(cacheEntryDir(cacheDir, modelDir, tags, undefined));
      compile(undefined);
    }),
    compileVariant: async (signature, shapes) => compile({ signature, shapes }),
    close() {
      if (!isKept) rmSync(cacheDir, { recursive: true, force: true });
    },
  };
}

/** A torn plan in the cache is compiled anew. */
function readOrRecompile(planDir: string, recompile: () => void): Plan {
  try {
    return readPlan(planDir);
  } catch (error) {
    if (!isTfdeployError(error) || error.code !== 'TFD_PLAN_CORRUPT') throw error;
    recompile();
    return readPlan(planDir);
  }
}
