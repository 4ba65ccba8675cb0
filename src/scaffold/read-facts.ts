import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import type { Facts } from './facts.js';

const REQUIRED: Readonly<Record<keyof Facts, readonly string[]>> = {
  machine: ['cores', 'memoryBytes'],
  software: ['nodePath', 'nodeVersion', 'tfdeployVersion'],
  model: ['path', 'name', 'signature', 'inputs', 'outputs', 'sizeBytes'],
};

/** Facts written down before (`init --print-facts`), so that a project can be made again byte for byte. */
export function readFacts(path: string): Facts {
  let parsed: Record<string, Record<string, unknown>>;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8')) as typeof parsed;
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `${path}: ${(cause as Error).message}`, { cause });
  }
  const missing = Object.entries(REQUIRED).flatMap(([group, names]) =>
    names.filter((name) => parsed[group]?.[name] === undefined).map((name) => `${group}.${name}`),
  );
  if (missing.length > 0) {
    throw new TfdeployError('TFD_CONFIG', `${path}: facts are missing: ${missing.join(', ')}`, {
      hint: 'write them with `tfdeploy init --model MODEL --print-facts`',
      details: { missing },
    });
  }
  return parsed as unknown as Facts;
}
