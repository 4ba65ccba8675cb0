import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';

const MODEL = join(packageRoot(), 'examples/digits/model');
const REQUEST = join(packageRoot(), 'examples/digits/request.json');
const MINUTES = 60_000;

/** How npm reaches its registry here: settings of the machine, not of a project. */
const NPM_SETTINGS =
  /^(npm_config_(registry|userconfig|cafile|.*proxy)|.*_proxy|node_extra_ca_certs|ssl_cert_.*)$/i;

let root: string;
let project: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tfdeploy-pack-'));
  project = join(root, 'empty');
  mkdirSync(project);
  env = {
    PATH: process.env.PATH,
    npm_config_userconfig: join(homedir(), '.npmrc'),
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => NPM_SETTINGS.test(name))),
    HOME: join(root, 'home'),
    npm_config_update_notifier: 'false',
  };
  // The built tree is packed as it stands; the build has run before the tests.
  await call('npm', ['pack', '--ignore-scripts', '--pack-destination', root], packageRoot());
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  await call('npm', ['install', '--no-audit', '--no-fund', join(root, `tfdeploy-${version}.tgz`)]);
}, 5 * MINUTES);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function call(program: string, args: readonly string[], cwd = project) {
  const result = await execa(program, args, { cwd, env, extendEnv: false, stdin: 'ignore', reject: false });
  return { ...result, stdout: String(result.stdout), stderr: String(result.stderr) };
}

const tfdeploy = (...args: string[]) => call('npx', ['tfdeploy', ...args]);

describe('the packed tarball in an empty folder', () => {
  it('installs from the registry alone, without an engine', () => {
    expect(existsSync(join(project, 'node_modules/.bin/tfdeploy'))).toBe(true);
    expect(existsSync(join(project, 'node_modules/onnxruntime-node'))).toBe(false);
  });

  it('inspects a model without an engine', { timeout: MINUTES }, async () => {
    const { stdout, stderr, exitCode } = await tfdeploy('inspect', MODEL, '--json');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain('serving_default');
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });

  it('refuses to run under --no-install, and says what to do', { timeout: MINUTES }, async () => {
    const { stdout, exitCode } = await tfdeploy('run', MODEL, '--input', REQUEST, '--no-install', '--json');
    expect(exitCode).toBe(69);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'TFD_ENGINE_MISSING',
      hint: expect.stringContaining('tfdeploy engine install onnxruntime'),
    });
  });

  it('installs the engine on first use and answers right', { timeout: 10 * MINUTES }, async () => {
    const { stdout, stderr, exitCode } = await tfdeploy('run', MODEL, '--input', REQUEST, '--json');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toMatch(/installing onnxruntime-node@\d+\.\d+\.\d+ into .*\(downloads 114 MB, once\)/);
    const { digit } = JSON.parse(stdout).outputs;
    const digits = new BigInt64Array(new Uint8Array(Buffer.from(digit.b64, 'base64')).buffer);
    expect([...digits]).toEqual([4n, 6n]);
  });

  it('finds it again', { timeout: MINUTES }, async () => {
    const { stdout, stderr } = await tfdeploy('run', MODEL, '--input', REQUEST, '--no-install');
    expect(stderr).not.toContain('installing');
    expect(stdout).toContain('[4, 6]');
    const listed = await tfdeploy('engine', 'list', '--json');
    expect(JSON.parse(listed.stdout).engines[0]).toMatchObject({ isInstalled: true, place: 'cache' });
  });
});
