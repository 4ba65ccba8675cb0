import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runHostModel } from './zoo-host.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
const PYTHON = process.env.TFDEPLOY_FOREST_PYTHON ?? join(CACHE, 'forests', 'bin', 'python');
const ZOO = join(CACHE, 'forest-zoo');
const SCRIPT = fileURLToPath(new URL('../oracle/forests.py', import.meta.url));
/** Kinds of forests that the script exports. */
const COUNT = 19;

function exportForests(): string[] {
  const listed = () => (existsSync(ZOO) ? readdirSync(ZOO).sort() : []);
  if (!existsSync(PYTHON)) return listed();
  mkdirSync(ZOO, { recursive: true });
  execFileSync(PYTHON, [SCRIPT, ZOO], { stdio: 'ignore' });
  return listed();
}

const names = exportForests();
if (names.length < COUNT && process.env.CI === 'true') {
  throw new Error(`${PYTHON}: TensorFlow Decision Forests is not installed`);
}
if (names.length === 0)
  console.warn('SKIPPED: no Python with TensorFlow Decision Forests (TFDEPLOY_FOREST_PYTHON)');

describe.skipIf(names.length === 0)('decision forests answer as TensorFlow Decision Forests does', () => {
  it.each(names)('%s', { timeout: 60_000 }, async (name) => {
    const row = await runHostModel(name, ZOO);
    expect(`${row.outcome} ${row.why}`.trim()).toBe('match');
    expect(row.cases).toBe(3);
  });
});
