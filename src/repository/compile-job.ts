import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import { nodeFiles } from '../base/node-files.js';
import { compileModel } from '../convert/compile.js';
import type { RefusedSignature } from '../convert/plan.js';
import { writePlan } from '../convert/plan-files.js';
import { openSavedModel, selectMetaGraph } from '../savedmodel/open.js';
import { planDirOf, signaturesPathOf, statePathOf, type VariantRequest } from './plan-cache.js';
import { signaturesToJson } from './signature-json.js';

export interface CompileJob {
  readonly modelDir: string;
  readonly tags: readonly string[];
  /** Cache entry to fill. */
  readonly entryDir: string;
  readonly variant?: VariantRequest;
}

export interface CompileResult {
  /** Bytes of the plan on disk, about what a loaded copy takes. */
  readonly planBytes: number;
  readonly signatures: readonly string[];
  readonly refused: readonly RefusedSignature[];
}

function countBytes(dir: string): number {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}

const WRITE_FAULTS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR']);

/**
 * Compiles a model into a cache entry. The plan is moved in last, so an entry with a plan is complete. Throws
 * what the converter throws, or TFD_WRITE_REFUSED when the cache can not be written.
 */
export function runCompileJob(job: CompileJob): CompileResult {
  try {
    return compileEntry(job);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (isTfdeployError(cause) || !WRITE_FAULTS.has(code ?? '')) throw cause;
    throw new TfdeployError('TFD_WRITE_REFUSED', `the compiled model can not be kept: ${message}`, {
      hint: 'name another place with --plan-cache-dir',
      cause,
    });
  }
}

function compileEntry({ modelDir, tags, entryDir, variant }: CompileJob): CompileResult {
  const model = openSavedModel(nodeFiles, modelDir);
  const compiled = compileModel(model, {
    tags,
    ...(variant === undefined
      ? {}
      : { signatures: [variant.signature], inputShapes: new Map(Object.entries(variant.shapes)) }),
  });
  mkdirSync(entryDir, { recursive: true });
  const signatures = signaturesPathOf(entryDir);
  const draft = `${signatures}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, signaturesToJson(selectMetaGraph(model, tags).signatures));
    renameSync(draft, signatures);
  } finally {
    rmSync(draft, { force: true });
  }
  const names = [...new Set(compiled.signatures.flatMap(({ state }) => state?.writes ?? []))];
  if (names.length > 0) writeFileSync(statePathOf(entryDir), names.join('\n'));
  const planDir = planDirOf(entryDir);
  const plan = writePlan(compiled, planDir);
  return {
    planBytes: countBytes(planDir),
    signatures: plan.signatures.map(({ name }) => name),
    refused: plan.refused,
  };
}
