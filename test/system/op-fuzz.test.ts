import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModelCases, runModelCase } from '../convert/vision-cases.js';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tfdeploy-oracle', 'tf', 'bin', 'python');
const SCRIPT = fileURLToPath(new URL('../oracle/op_fuzz.py', import.meta.url));
const COUNT = Number(process.env.TFDEPLOY_FUZZ_COUNT ?? 400);
/** A fixed seed, and a fresh one whose number is in the test's name. */
const SEEDS = (process.env.TFDEPLOY_FUZZ_SEEDS ?? `1,${Date.now() % 1e9}`).split(',');

if (!existsSync(PYTHON) && process.env.CI === 'true')
  throw new Error(`${PYTHON}: TensorFlow is not installed`);
if (!existsSync(PYTHON)) console.warn('SKIPPED: no Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON)');

describe.skipIf(!existsSync(PYTHON))('random graphs answer as TensorFlow does', () => {
  it.each(SEEDS)('seed %s', { timeout: 600_000 }, async (seed) => {
    const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-fuzz-'));
    try {
      const path = join(dir, 'cases.json.gz');
      execFileSync(PYTHON, [SCRIPT, path, seed, String(COUNT)], { stdio: 'ignore' });
      const cases = readModelCases(path);
      expect(cases.length).toBeGreaterThan(COUNT * 0.8);
      const wrong: string[] = [];
      for (const given of cases) {
        for (const mode of ['declared', 'dynamic', 'unranked'] as const) {
          const found = await runModelCase(given, mode).catch((error: unknown) => [String(error)]);
          wrong.push(...found.map((why) => `${given.name} ${mode}: ${why}`));
        }
      }
      expect(wrong).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
