import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { startChild } from '../fixtures/child.js';
import { requireProgram } from '../fixtures/require-program.js';

const root = mkdtempSync(join(tmpdir(), 'tfdeploy-start-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.skipIf(!requireProgram('curl'))(
  'npm start in a bare clone serves the example, and the printed line works when pasted',
  async () => {
    const clone = join(root, 'clone');
    await execa('git', ['clone', '--quiet', packageRoot(), clone]);
    const env = {
      ...process.env,
      TFDEPLOY_REST_API_PORT: '0',
      TFDEPLOY_PORT: '0',
      XDG_CACHE_HOME: join(root, 'cache'),
    };
    const start = startChild('npm', ['start'], { cwd: clone, env });
    let url = '';
    try {
      const [line] = await start.waitFor(/curl .*:predict$/m, 240_000);
      url = /http:\S+/.exec(line)?.[0] ?? '';
      const { stdout } = await execa('bash', ['-c', `${line} --silent --max-time 10`], { cwd: clone });
      const { predictions } = JSON.parse(stdout) as { predictions: { digit: number }[] };
      const expected = JSON.parse(readFileSync(join(clone, 'examples/digits/expected.json'), 'utf8')) as {
        digit: number[];
      };
      expect(predictions.map(({ digit }) => digit)).toEqual(expected.digit);
    } finally {
      await start.stop();
    }
    // Nothing is left behind when npm is told to end.
    await expect(fetch(url, { signal: AbortSignal.timeout(5_000) })).rejects.toThrow();
  },
);
