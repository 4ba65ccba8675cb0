import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkGraphs, readGraphs } from '../random/check.mjs';
import { loadProduct } from '../random/product.mjs';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tfdeploy-oracle', 'tf', 'bin', 'python');
const SCRIPT = fileURLToPath(new URL('../oracle/random/generate.py', import.meta.url));
/** A fixed seed, and a fresh one whose number is in the test's name: `run.mjs --seed` repeats it. */
const RUNS = [
  { seed: 1, graphs: 1500 },
  { seed: Number(process.env.TFDEPLOY_RANDOM_SEED ?? Date.now() % 1e9), graphs: 500 },
];

if (!existsSync(PYTHON) && process.env.CI === 'true')
  throw new Error(`${PYTHON}: TensorFlow is not installed`);
if (!existsSync(PYTHON)) console.warn('SKIPPED: no Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON)');

describe.skipIf(!existsSync(PYTHON))('random graphs of all tiers answer as TensorFlow does', () => {
  it.each(RUNS)('seed $seed, $graphs graphs', { timeout: 900_000 }, async ({ seed, graphs }) => {
    const product = await loadProduct(new URL('../../dist/', import.meta.url));
    const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-random-'));
    try {
      const shards = join(dir, 'shards');
      execFileSync(PYTHON, [SCRIPT, shards, '--seed', `${seed}`, '--graphs', `${graphs}`], {
        stdio: 'ignore',
      });
      const wrong: string[] = [];
      let checked = 0;
      for (const name of readdirSync(shards).filter((each) => each.endsWith('.json.gz'))) {
        const rows = await checkGraphs(product, readGraphs(product, join(shards, name)), dir);
        checked += rows.length;
        wrong.push(
          ...rows
            .filter(({ outcome }) => outcome === 'differs' || outcome === 'refused')
            .map((row) => `${row.name} (${row.hides}): ${row.why} [${row.ops.join(' ')}]`),
        );
      }
      expect(checked).toBeGreaterThan(graphs * 0.95);
      expect(wrong, `node test/random/run.mjs --seed ${seed} --only NUMBERS tells the first step`).toEqual(
        [],
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
