import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { findHome } from '../base/home.js';
import { nodeFiles } from '../base/node-files.js';
import { hashSource } from '../convert/source-hash.js';

/** Input shapes that a plan is compiled for, where the declared ones do not fit a request. */
export interface VariantRequest {
  readonly signature: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const UNUSED_DAYS = 30;
const DAY_MS = 86_400_000;

/** Where compiled models are kept. */
export function planCacheDir(configured: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (configured !== undefined) return configured;
  const xdg = env.XDG_CACHE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'tfdeploy', 'plans');
  return join(findHome(env), '.cache', 'tfdeploy', 'plans');
}

/**
 * The folder of a compiled model, named by the content of the model, the version of tfdeploy and what is asked
 * for: a changed model never meets an old plan.
 */
export function cacheEntryDir(
  cacheDir: string,
  modelDir: string,
  tags: readonly string[],
  variant: VariantRequest | undefined,
): string {
  const source = hashSource({ dir: modelDir, files: nodeFiles }, ['serve', tags, variant ?? null]);
  return join(cacheDir, source.slice(0, 32));
}

export const planDirOf = (entryDir: string): string => join(entryDir, 'plan');
export const signaturesPathOf = (entryDir: string): string => join(entryDir, 'signatures.json');

/** Marks a plan with state between requests; holds the names of the variables and tables, one per line. */
export const statePathOf = (entryDir: string): string => join(entryDir, 'state.txt');

/** The variables and tables that the signatures of a cached plan change. */
export function readStateNames(entryDir: string): string[] {
  const path = statePathOf(entryDir);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** Whether a plan lies there. Whoever loads it checks it, and a torn one is compiled anew. */
export function isCached(entryDir: string): boolean {
  return existsSync(join(planDirOf(entryDir), 'plan.json')) && existsSync(signaturesPathOf(entryDir));
}

/** Marks an entry as used now. */
export function touchEntry(entryDir: string): void {
  try {
    utimesSync(entryDir, new Date(), new Date());
  } catch {
    // A cache that can only be read serves as well.
  }
}

export function dropEntry(entryDir: string): void {
  rmSync(entryDir, { recursive: true, force: true });
}

/** Removes what nobody has used for a month. */
export function pruneCache(cacheDir: string, nowMs: number): void {
  try {
    for (const name of readdirSync(cacheDir)) {
      const dir = join(cacheDir, name);
      const age = nowMs - (statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? nowMs);
      if (/^[0-9a-f]{32}$/.test(name) && age > UNUSED_DAYS * DAY_MS) dropEntry(dir);
    }
  } catch {
    // Nothing depends on it; the next start tries again.
  }
}
