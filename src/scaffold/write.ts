import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { Artifact } from './plan.js';

export type WriteVerdict = 'created' | 'unchanged' | 'replaced';

/**
 * Writes the files. One that exists with other content is in the way: nothing at all is written then,
 * unless `force` is set, and the error names every such file.
 */
export function writeArtifacts(
  projectDir: string,
  artifacts: readonly Artifact[],
  force: boolean,
): { readonly path: string; readonly verdict: WriteVerdict }[] {
  const verdicts = artifacts.map(({ path, content }) => {
    const target = join(projectDir, path);
    const verdict: WriteVerdict = !existsSync(target)
      ? 'created'
      : readFileSync(target, 'utf8') === content
        ? 'unchanged'
        : 'replaced';
    return { path, verdict };
  });
  const inTheWay = verdicts.filter(({ verdict }) => verdict === 'replaced').map(({ path }) => path);
  if (inTheWay.length > 0 && !force) {
    throw new TfdeployError(
      'TFD_WRITE_REFUSED',
      `${projectDir} already has other content in: ${inTheWay.join(', ')}`,
      {
        hint: 'choose another directory, or replace them with --force',
        details: { files: inTheWay },
      },
    );
  }
  for (const { path, content } of artifacts) {
    const target = join(projectDir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return verdicts;
}
