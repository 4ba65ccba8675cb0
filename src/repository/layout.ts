import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { nodeFiles } from '../base/node-files.js';
import { isSavedModelDir, locateModel } from '../savedmodel/locate.js';

/** A version that lies on disk. */
export interface FoundVersion {
  readonly version: bigint;
  readonly dir: string;
}

const MAX_INT64 = (1n << 63n) - 1n;

/** Version directories are named by a 64-bit number; leading zeros do not count (`00000123` is 123). */
export function parseVersion(name: string): bigint | undefined {
  if (!/^\d{1,30}$/.test(name)) return undefined;
  const version = BigInt(name);
  return version <= MAX_INT64 ? version : undefined;
}

/** The versions below a directory, highest first. A name that is no number is passed over. */
function listNumbered(base: string): FoundVersion[] {
  const found = new Map<bigint, string>();
  for (const entry of readdirSync(base, { withFileTypes: true })) {
    const version = parseVersion(entry.name);
    if (version === undefined) continue;
    const dir = join(base, entry.name);
    // `readdir` does not follow links, and versions often are links.
    if (entry.isDirectory() || statSync(dir, { throwIfNoEntry: false })?.isDirectory())
      found.set(version, dir);
  }
  return [...found]
    .map(([version, dir]) => ({ version, dir }))
    .sort((a, b) => (a.version < b.version ? 1 : -1));
}

/**
 * The versions of the model at `base`, highest first: the numbered directories in it or, for a bare SavedModel,
 * itself, as version 1 (as its own number where the directory is named by one). Empty when there are none yet.
 */
export function findModelVersions(base: string): FoundVersion[] {
  if (isSavedModelDir(nodeFiles, base)) return [{ version: parseVersion(basename(base)) ?? 1n, dir: base }];
  try {
    return listNumbered(base);
  } catch {
    return [];
  }
}

/** Throws what there is instead and what to do, when nothing can ever be served from `base`. */
export function checkModelPath(base: string): void {
  if (findModelVersions(base).length === 0) locateModel(nodeFiles, base);
}

/** Changes whenever a file of the version changes: names, sizes and times of its files. */
export function fingerprintVersion(dir: string): string {
  const parts: string[] = [];
  const add = (path: string, depth: number): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) parts.push(`${path} ${stat.size} ${stat.mtimeMs}`);
    else if (depth < 4) for (const name of readdirSync(path).sort()) add(join(path, name), depth + 1);
  };
  try {
    add(dir, 0);
  } catch {
    // A directory that vanishes while it is read has changed.
    parts.push('gone');
  }
  return parts.join('\n');
}

/** A model as it stands on the command line: `path` or `name=path`. */
export interface ModelArgument {
  readonly name: string;
  readonly basePath: string;
}

/** models/half/00000123 is the model "half": the last name that is no version, in letters that URLs carry. */
function nameOf(path: string): string {
  const own = resolve(path)
    .split('/')
    .filter((part) => part !== '' && parseVersion(part) === undefined)
    .at(-1);
  const name = (own ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-');
  return name.replace(/^[-.]+|[-.]+$/g, '') || 'model';
}

export function parseModelArgument(argument: string, name?: string): ModelArgument {
  const named = /^([A-Za-z0-9_.-]+)=(.+)$/s.exec(argument);
  const path = named?.[2] ?? argument;
  return { name: named?.[1] ?? name ?? nameOf(path), basePath: resolve(path) };
}

/** The models of the command line; TFD_USAGE when a name occurs twice. */
export function parseModelArguments(args: readonly string[], name: string | undefined): ModelArgument[] {
  const models = args.map((argument) => parseModelArgument(argument, args.length === 1 ? name : undefined));
  const seen = new Map<string, string>();
  for (const model of models) {
    const other = seen.get(model.name);
    if (other !== undefined)
      throw new TfdeployError(
        'TFD_USAGE',
        `two models are named "${model.name}": ${other} and ${model.basePath}`,
        {
          hint: 'name them: tfdeploy serve first=PATH second=PATH',
        },
      );
    seen.set(model.name, model.basePath);
  }
  return models;
}
