import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { EngineRow } from './engines.js';
import { cachedEngineDir, nativeDir, READY_MARKER } from './find.js';
import { withInstallLock } from './install-lock.js';
import { npmInstall } from './npm.js';
import { formatMegabytes, type InstallReporter } from './reporter.js';

const PROGRESS_MS = 300;

export interface InstallOptions {
  readonly cacheDir: string;
  /** Folder of the user's project, whose .npmrc counts. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: InstallReporter;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

async function directoryBytes(dir: string): Promise<number> {
  let total = 0;
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    total += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return total;
}

/** The nearest .npmrc at or above `cwd`, which npm would read for a project there. */
function projectNpmrc(cwd: string): string | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const npmrc = join(dir, '.npmrc');
    if (existsSync(npmrc)) return npmrc;
    if (existsSync(join(dir, 'package.json')) || dirname(dir) === dir) return undefined;
  }
}

/** Drops the files of other platforms, which are most of the package. */
async function keepOwnPlatform(packageDir: string): Promise<void> {
  const own = nativeDir(packageDir);
  if (own === undefined) {
    throw new TfdeployError(
      'TFD_ENGINE_MISSING',
      `the engine has no files for ${process.platform}-${process.arch}`,
      { hint: 'it exists for Linux (x64, arm64), macOS (arm64) and Windows (x64, arm64)' },
    );
  }
  const platforms = dirname(dirname(own));
  for (const platform of await readdir(platforms)) {
    for (const arch of await readdir(join(platforms, platform))) {
      const dir = join(platforms, platform, arch);
      if (dir !== own) await rm(dir, { recursive: true, force: true });
    }
  }
}

async function fill(row: EngineRow, dir: string, options: InstallOptions): Promise<void> {
  const { reporter } = options;
  const spec = `${row.packageName}@${row.installVersion}`;
  reporter.note(
    `installing ${spec} into ${options.cacheDir} (downloads ${formatMegabytes(row.downloadBytes)}, once)`,
  );
  await writeFile(join(dir, 'package.json'), '{"private":true}\n');
  const npmrc = projectNpmrc(options.cwd);
  // A link, so that a token in the file is not copied into the cache.
  if (npmrc !== undefined) await symlink(npmrc, join(dir, '.npmrc'));
  let isMeasuring = false;
  const timer = setInterval(() => {
    if (isMeasuring) return;
    isMeasuring = true;
    directoryBytes(dir).then((bytes) => {
      isMeasuring = false;
      reporter.progress(bytes, row.installedBytes);
    });
  }, PROGRESS_MS);
  try {
    await npmInstall({
      spec,
      dir,
      env: options.env,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
  } finally {
    clearInterval(timer);
    reporter.done();
  }
  await rm(join(dir, '.npmrc'), { force: true });
  await keepOwnPlatform(join(dir, 'node_modules', row.packageName));
  await writeFile(join(dir, READY_MARKER), `${JSON.stringify({ package: spec })}\n`);
}

/**
 * Installs the engine into the cache: into a folder aside, which is renamed when it is complete, under a
 * lock that other processes wait for. Returns the engine's folder in the cache.
 */
export async function installEngine(row: EngineRow, options: InstallOptions): Promise<string> {
  const final = cachedEngineDir(row, options.cacheDir);
  const deadlineAt = Date.now() + options.timeoutMs;
  try {
    await mkdir(options.cacheDir, { recursive: true });
    return await withInstallLock(
      `${final}.lock`,
      {
        deadlineAt,
        signal: options.signal,
        onWait: () => options.reporter.note('another process is installing the engine; waiting for it'),
      },
      async () => {
        if (existsSync(join(final, READY_MARKER))) return final;
        const aside = `${final}.${process.pid}.partial`;
        await removeLeftovers(final);
        await mkdir(aside, { recursive: true });
        try {
          await fill(row, aside, { ...options, timeoutMs: Math.max(1, deadlineAt - Date.now()) });
          await rename(aside, final);
        } finally {
          await rm(aside, { recursive: true, force: true });
        }
        return final;
      },
    );
  } catch (cause) {
    if (cause instanceof TfdeployError) throw cause;
    throw new TfdeployError('TFD_ENGINE_MISSING', `${options.cacheDir}: ${(cause as Error).message}`, {
      hint: 'set XDG_CACHE_HOME to a folder that can be written, or install the engine in your project',
      cause,
    });
  }
}

/** Removes what killed installations left behind; the lock is held, so nobody writes there now. */
async function removeLeftovers(final: string): Promise<void> {
  const base = final.slice(dirname(final).length + 1);
  for (const name of await readdir(dirname(final))) {
    const isPartial = name.startsWith(`${base}.`) && name.endsWith('.partial');
    if (name === base || isPartial) {
      await rm(join(dirname(final), name), { recursive: true, force: true });
    }
  }
}
