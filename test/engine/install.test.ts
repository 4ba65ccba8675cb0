import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineRow } from '../../src/engine/engines.js';
import { cachedEngineDir, findEngine, READY_MARKER } from '../../src/engine/find.js';
import { type ResolveOptions, resolveEngine } from '../../src/engine/resolve.js';
import { startRegistry, type TestRegistry } from './registry.js';

const ROW: EngineRow = {
  name: 'tiny',
  packageName: 'tfdeploy-test-engine',
  from: '2.0.0',
  below: '3.0.0',
  installVersion: '2.5.0',
  downloadBytes: 1e6,
  installedBytes: 2e6,
  about: 'a package of the test',
};

let root: string;
let registry: TestRegistry;
let home: string;
let notes: string[];
let options: ResolveOptions;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tfdeploy-install-'));
  registry = await startRegistry(join(root, 'registry'), ROW.packageName, ROW.installVersion);
});
afterAll(async () => {
  await registry.close();
  rmSync(root, { recursive: true, force: true });
});

beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
  notes = [];
  options = {
    cwd: home,
    cacheDir: join(home, 'engines'),
    env: { PATH: process.env.PATH, HOME: home, npm_config_registry: registry.url },
    reporter: { note: (text) => notes.push(text), progress: () => undefined, done: () => undefined },
    timeoutMs: 60_000,
  };
});

function fakePackage(dir: string, version: string, platform = process.platform): string {
  const packageDir = join(dir, 'node_modules', ROW.packageName);
  const native = join(packageDir, 'bin/napi-v6', platform, process.arch);
  mkdirSync(native, { recursive: true });
  writeFileSync(join(native, 'onnxruntime_binding.node'), '');
  writeFileSync(join(packageDir, 'package.json'), JSON.stringify({ name: ROW.packageName, version }));
  return packageDir;
}

describe('resolveEngine', () => {
  it('takes the package of the project and installs nothing', async () => {
    const packageDir = fakePackage(home, '2.1.0');
    expect(await resolveEngine(options, ROW)).toEqual({
      name: 'tiny',
      place: 'project',
      packageDir,
      version: '2.1.0',
    });
    expect(notes).toEqual([]);
  });

  it('installs into the cache on first use, without scripts and other platforms, and finds it again', async () => {
    const found = await resolveEngine(options, ROW);
    const dir = cachedEngineDir(ROW, join(home, 'engines'));
    expect(found).toMatchObject({ place: 'cache', version: '2.5.0' });
    expect(found.packageDir.startsWith(dir)).toBe(true);
    expect(readdirSync(join(found.packageDir, 'bin/napi-v6/other'))).toEqual([]);
    expect(readdirSync(join(found.packageDir, 'bin/napi-v6', process.platform))).toEqual([process.arch]);
    expect(notes).toEqual([expect.stringContaining('installing tfdeploy-test-engine@2.5.0 into')]);
    expect(notes[0]).toContain('1 MB');
    expect(readdirSync(join(home, 'engines'))).toEqual([`${ROW.packageName}@2.5.0`]);

    const asked = registry.requests.length;
    expect(await resolveEngine({ ...options, canInstall: false }, ROW)).toEqual(found);
    expect(registry.requests.length).toBe(asked);
  });

  it('refuses to install under --no-install, and says how to', async () => {
    await expect(resolveEngine({ ...options, canInstall: false }, ROW)).rejects.toMatchObject({
      code: 'TFD_ENGINE_MISSING',
      hint: expect.stringContaining('tfdeploy engine install tiny'),
    });
  });

  it.each([
    ['a version that is too old', '1.9.9', process.platform, 'version 1.9.9 is outside'],
    ['another platform', '2.1.0', 'plan9' as NodeJS.Platform, 'it has no files for'],
  ])('passes over a package of %s', async (_, version, platform, why) => {
    fakePackage(home, version, platform);
    const found = await resolveEngine(options, ROW);
    expect(found.place).toBe('cache');
    expect(notes[0]).toContain(why);
  });

  it('replaces a torn installation and what killed ones left', async () => {
    const dir = cachedEngineDir(ROW, join(home, 'engines'));
    mkdirSync(join(dir, 'node_modules', ROW.packageName), { recursive: true });
    mkdirSync(`${dir}.999999.partial`);
    expect(findEngine(ROW, options).found).toBeUndefined();
    const found = await resolveEngine(options, ROW);
    expect(found.place).toBe('cache');
    expect(existsSync(join(dir, READY_MARKER))).toBe(true);
    expect(readdirSync(join(home, 'engines'))).toEqual([`${ROW.packageName}@2.5.0`]);
  });

  it('installs once when several ask at the same time', async () => {
    const before = registry.requests.filter((path) => path === `/${ROW.packageName}`).length;
    const found = await Promise.all([1, 2, 3].map(() => resolveEngine(options, ROW)));
    expect(new Set(found.map(({ packageDir }) => packageDir)).size).toBe(1);
    const after = registry.requests.filter((path) => path === `/${ROW.packageName}`).length;
    expect(after - before).toBe(1);
    expect(notes.filter((note) => note.includes('another process')).length).toBe(2);
  });

  it.each([
    ['of a dead process on this host', `${hostname()} 999999 x`, 0],
    ['not touched for long on a shared volume', 'elsewhere 1 x', 60],
  ])('takes over a lock %s', async (_, text, ageSeconds) => {
    mkdirSync(join(home, 'engines'));
    const lock = `${cachedEngineDir(ROW, join(home, 'engines'))}.lock`;
    writeFileSync(lock, text);
    const touched = Date.now() / 1000 - ageSeconds;
    utimesSync(lock, touched, touched);
    expect((await resolveEngine(options, ROW)).place).toBe('cache');
    expect(existsSync(lock)).toBe(false);
  });

  it('gives up waiting for a living installation at the deadline', async () => {
    mkdirSync(join(home, 'engines'));
    writeFileSync(`${cachedEngineDir(ROW, join(home, 'engines'))}.lock`, `${hostname()} ${process.pid} x`);
    await expect(resolveEngine({ ...options, timeoutMs: 1 }, ROW)).rejects.toMatchObject({
      code: 'TFD_ENGINE_MISSING',
      message: expect.stringContaining('another process did not finish'),
    });
  });

  it("reads the project's .npmrc and leaves no copy of it", async () => {
    writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\n//127.0.0.1/:_authToken=secret\n`);
    const env = { PATH: process.env.PATH, HOME: join(home, 'none') };
    const found = await resolveEngine({ ...options, env }, ROW);
    expect(readdirSync(cachedEngineDir(ROW, join(home, 'engines')))).not.toContain('.npmrc');
    expect(found.version).toBe('2.5.0');
  });

  it("passes on npm's own words when it fails", async () => {
    const row = { ...ROW, packageName: 'tfdeploy-no-such-engine' };
    await expect(resolveEngine(options, row)).rejects.toMatchObject({
      code: 'TFD_ENGINE_MISSING',
      message: expect.stringContaining('404'),
      hint: expect.stringContaining('npm install --ignore-scripts'),
    });
    expect(readdirSync(join(home, 'engines'))).toEqual([]);
  });

  it('says so when the cache can not be written', async () => {
    writeFileSync(join(home, 'file'), '');
    await expect(resolveEngine({ ...options, cacheDir: join(home, 'file', 'x') }, ROW)).rejects.toMatchObject(
      {
        code: 'TFD_ENGINE_MISSING',
        hint: expect.stringContaining('XDG_CACHE_HOME'),
      },
    );
  });
});
