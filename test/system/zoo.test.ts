import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tfdeploy-oracle', 'tf', 'bin', 'python');
const MINUTES = 60_000;

if (!existsSync(PYTHON) && process.env.CI === 'true')
  throw new Error(`${PYTHON}: TensorFlow is not installed`);
if (!existsSync(PYTHON)) console.warn('SKIPPED: no Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON)');

describe.skipIf(!existsSync(PYTHON))('keras.applications', () => {
  it(
    'exported by TensorFlow match it, one of each family',
    async () => {
      const { stdout, exitCode } = await execa('node', ['test/zoo/zoo.mjs'], {
        cwd: packageRoot(),
        env: { TFDEPLOY_ORACLE_PYTHON: PYTHON },
        reject: false,
      });
      console.log(stdout);
      expect(stdout).toContain('8 of 8 match');
      expect(exitCode).toBe(0);
    },
    30 * MINUTES,
  );
});
