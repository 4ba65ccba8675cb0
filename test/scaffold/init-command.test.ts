import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { toModelName } from '../../src/scaffold/gather.js';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-init-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const tfdeploy = (...args: string[]) =>
  execa(process.execPath, [join(root, 'bin/tfdeploy.js'), ...args], { cwd: dir, reject: false });
const model = join(root, 'examples/digits/model');

describe('tfdeploy init', () => {
  it('writes a project and says what comes next', async () => {
    const { exitCode, stdout } = await tfdeploy('init', 'project', '--model', model, '--yes');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('npm install && npm start');
    expect(readFileSync(join(dir, 'project/tfdeploy.yaml'), 'utf8')).toContain(`model_base_path: ${model}`);
    expect(JSON.parse(readFileSync(join(dir, 'project/request.json'), 'utf8')).instances[0]).toHaveLength(8);
  });

  it('makes the same project again from the facts it prints', async () => {
    const facts = await tfdeploy('init', '--model', model, '--print-facts');
    writeFileSync(join(dir, 'facts.json'), facts.stdout);
    const { stdout } = await tfdeploy('init', 'project', '--facts', 'facts.json', '--yes', '--json');
    const { files } = JSON.parse(stdout) as { files: { verdict: string }[] };
    expect(new Set(files.map(({ verdict }) => verdict))).toEqual(new Set(['unchanged']));
  });

  it('does not write over an edited file', async () => {
    writeFileSync(join(dir, 'project/tfdeploy.yaml'), 'workers: 1\n');
    const { exitCode, stderr } = await tfdeploy('init', 'project', '--model', model, '--yes');
    expect(exitCode).toBe(73);
    expect(stderr).toContain('--force');
  });

  it('names every answer that can not be used, and writes nothing', async () => {
    const args = ['--model', model, '--yes', '--server-name', 'a;b', '--rest-port', '0', '--user', 'x y'];
    const { exitCode, stderr } = await tfdeploy('init', 'refused', ...args);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/a;b.*x y.*restPort 0/);
    expect(existsSync(join(dir, 'refused'))).toBe(false);
  });

  it('refuses a path without a model', async () => {
    const { exitCode, stderr } = await tfdeploy('init', '--model', dir, '--yes');
    expect(exitCode).toBe(65);
    expect(stderr).toContain('TFD_MODEL_NOT_FOUND');
  });
});

describe('toModelName', () => {
  it.each([
    ['/models/half_plus_two/00000123', 'half_plus_two'],
    ['/models/Résumé v2', 'Resume-v2'],
    ['/', 'model'],
  ])('%s → %s', (path, name) => {
    expect(toModelName(path)).toBe(name);
  });
});
