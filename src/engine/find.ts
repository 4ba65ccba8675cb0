import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { dirname, isAbsolute, join } from 'node:path';
import { findHome } from '../base/home.js';
import { type EngineRow, isVersionSupported } from './engines.js';

export type EnginePlace = 'project' | 'tfdeploy' | 'cache';

/** An engine on this machine that can be loaded. */
export interface EngineLocation {
  readonly name: string;
  readonly place: EnginePlace;
  readonly packageDir: string;
  readonly version: string;
}

/** A package of the right name that can not be taken, and why. */
export interface EngineMisfit {
  readonly place: EnginePlace;
  readonly packageDir: string;
  readonly version: string;
  readonly why: string;
}

export interface EngineSearch {
  readonly found: EngineLocation | undefined;
  readonly misfits: readonly EngineMisfit[];
}

export interface FindOptions {
  /** Folder of the user's project; the working directory when absent. */
  readonly cwd?: string;
  /** Folder of all engines in the cache; see `engineCacheDir`. */
  readonly cacheDir?: string;
}

/** `$XDG_CACHE_HOME/tfdeploy/engines`, else the same under `~/.cache`. */
export function engineCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CACHE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'tfdeploy', 'engines');
  return join(findHome(env), '.cache', 'tfdeploy', 'engines');
}

/** Folder of one engine version in the cache, complete when it holds the marker. */
export function cachedEngineDir(row: EngineRow, cacheDir: string): string {
  return join(cacheDir, `${row.packageName}@${row.installVersion}`);
}

/** Written last, so that a folder without it is a torn installation. */
export const READY_MARKER = '.tfdeploy-ready.json';

function resolvePackage(row: EngineRow, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${row.packageName}/package.json`));
  } catch {
    return undefined;
  }
}

function readVersion(packageDir: string): string {
  try {
    const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as {
      version?: unknown;
    };
    return typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
}

/** Folder of the native files for this platform, e.g. `bin/napi-v6/linux/x64`; undefined when there is none. */
export function nativeDir(packageDir: string): string | undefined {
  const bin = join(packageDir, 'bin');
  const abis = existsSync(bin) ? readdirSync(bin).filter((name) => name.startsWith('napi-')) : [];
  return abis
    .map((abi) => join(bin, abi, process.platform, process.arch))
    .find((dir) => existsSync(join(dir, 'onnxruntime_binding.node')));
}

function inspectPackage(row: EngineRow, place: EnginePlace, packageDir: string): EngineSearch {
  const version = readVersion(packageDir);
  const misfit = (why: string) => ({
    found: undefined,
    misfits: [{ place, packageDir, version, why }],
  });
  if (!isVersionSupported(row, version)) {
    return misfit(`version ${version} is outside of the supported ${row.from} to below ${row.below}`);
  }
  if (nativeDir(packageDir) === undefined) {
    return misfit(`it has no files for ${process.platform}-${process.arch}`);
  }
  return { found: { name: row.name, place, packageDir, version }, misfits: [] };
}

/** Looks in the user's project, beside tfdeploy, then in the cache. Loads and installs nothing. */
export function findEngine(row: EngineRow, options: FindOptions = {}): EngineSearch {
  const misfits: EngineMisfit[] = [];
  const cached = cachedEngineDir(row, options.cacheDir ?? engineCacheDir());
  const places: readonly (readonly [EnginePlace, string | undefined])[] = [
    ['project', resolvePackage(row, join(options.cwd ?? process.cwd(), 'package.json'))],
    ['tfdeploy', resolvePackage(row, import.meta.url)],
    [
      'cache',
      existsSync(join(cached, READY_MARKER)) ? join(cached, 'node_modules', row.packageName) : undefined,
    ],
  ];
  for (const [place, packageDir] of places) {
    if (packageDir === undefined || misfits.some((each) => each.packageDir === packageDir)) continue;
    const search = inspectPackage(row, place, packageDir);
    if (search.found !== undefined) return { found: search.found, misfits };
    misfits.push(...search.misfits);
  }
  return { found: undefined, misfits };
}
