import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { TfdeployError } from '../base/error.js';

/**
 * Settings that npm exports for the project or the `npx` call that started us. They would steer our own
 * installation somewhere else; registry, proxy, certificates and all other settings are kept.
 */
const CALLER_ONLY =
  /^npm_(?:config_(?:local_prefix|prefix|global|location|workspaces?|include_workspace_root|package|call|save.*|dry_run|package_lock_only|lockfile_only|omit|include|only|production)|package_.*|lifecycle_.*|command|execpath)$/i;

export function npmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !CALLER_ONLY.test(name)));
}

/** npm as a program and its first arguments: from PATH, else the one that came with this Node.js. */
function npmCommands(): readonly (readonly [string, ...string[]])[] {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return [['npm'], ...(existsSync(beside) ? ([[process.execPath, beside]] as const) : [])];
}

export interface NpmInstallOptions {
  /** `name@version`. */
  readonly spec: string;
  /** An existing folder with a package.json; node_modules comes there. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Installs one package with the user's npm and scripts off. TFD_ENGINE_MISSING with npm's own words. */
export async function npmInstall(options: NpmInstallOptions): Promise<void> {
  const { spec, dir, env, timeoutMs, signal } = options;
  const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  for (const [program, ...first] of npmCommands()) {
    const result = await execa(program, [...first, 'install', ...flags, '--loglevel=error', spec], {
      cwd: dir,
      env: npmEnvironment(env),
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      reject: false,
      timeout: timeoutMs,
      forceKillAfterDelay: 2_000,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    if (!result.failed) return;
    if (result.code === 'ENOENT') continue;
    const reason = result.timedOut
      ? `npm did not finish within ${Math.round(timeoutMs / 1000)} s`
      : result.isCanceled
        ? 'interrupted'
        : (result.all?.trim().slice(-2_000) ?? result.shortMessage ?? 'npm failed');
    throw new TfdeployError('TFD_ENGINE_MISSING', `npm install ${spec}: ${reason}`, {
      hint: `check the registry and proxy that npm uses, or install it in your project: npm install --ignore-scripts ${spec}`,
      details: { exitCode: result.exitCode },
    });
  }
  throw new TfdeployError('TFD_ENGINE_MISSING', `npm is not on the PATH, so ${spec} can not be installed`, {
    hint: `install npm, or add ${spec} to the project with your own package manager`,
  });
}
