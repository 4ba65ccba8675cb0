import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runExported } from './exported-model.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');

/** Two libraries of forests, each with a Python of its own; `count` models are exported by each script. */
const LIBRARIES = [
  {
    title: 'TensorFlow Decision Forests',
    python: process.env.TFDEPLOY_FOREST_PYTHON ?? join(CACHE, 'forests', 'bin', 'python'),
    script: '../oracle/forests.py',
    zoo: join(CACHE, 'forest-zoo'),
    count: 18,
    signature: 'serving_default',
    isRequired: true,
  },
  {
    title: 'BoostedTrees estimators of TensorFlow 2.6',
    python: process.env.TFDEPLOY_ESTIMATOR_PYTHON ?? join(CACHE, 'estimator', 'bin', 'python'),
    script: '../oracle/boosted_trees.py',
    zoo: join(CACHE, 'boosted-zoo'),
    count: 2,
    signature: 'predict',
    // Needs Python 3.8, which few machines still have.
    isRequired: false,
  },
];

describe.each(LIBRARIES)('$title', ({ python, script, zoo, count, signature, isRequired, title }) => {
  mkdirSync(zoo, { recursive: true });
  if (existsSync(python)) {
    execFileSync(python, [fileURLToPath(new URL(script, import.meta.url)), zoo], { stdio: 'ignore' });
  }
  const names = readdirSync(zoo).sort();
  if (names.length === 0) console.warn(`SKIPPED: no Python with ${title}`);

  it.skipIf(names.length === 0 && !(isRequired && process.env.CI === 'true'))('exports every kind', () => {
    expect(names).toHaveLength(count);
  });

  it.skipIf(names.length === 0).each(names)('%s answers alike', { timeout: 60_000 }, async (name) => {
    const row = await runExported(join(zoo, name), signature);
    expect(`${row.outcome} ${row.why}`.trim()).toBe('match');
    expect(row.cases).toBe(3);
  });
});
