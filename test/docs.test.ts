import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { packageRoot } from '../src/base/entry.js';

it('the generated pages of docs/ are fresh', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/gen-docs.mjs', '--check'], {
    cwd: packageRoot(),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
