import { createHash } from 'node:crypto';
import type { ModelFiles } from '../base/files.js';
import type { SavedModel } from '../savedmodel/types.js';
import { PLAN_FORMAT, VERSION } from './compiler-version.js';

/** Files that make a SavedModel what it is. Weights count by the checkpoint's index, which holds their checksums. */
const PARTS = ['saved_model.pb', 'saved_model.pbtxt', 'variables/variables.index', 'fingerprint.pb'];
const PIECE_BYTES = 4 << 20;

/** Content hash of a model, of the version that compiles it, of the form of its plans and of what was asked for. */
export function hashSource(model: Pick<SavedModel, 'dir' | 'files'>, options: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, PLAN_FORMAT, options ?? null]));
  for (const name of [...PARTS, ...listAssets(model.files, `${model.dir}/assets`, 'assets')]) {
    const path = `${model.dir}/${name}`;
    if (!model.files.exists(path)) continue;
    const size = model.files.size(path);
    hash.update(`\n${name} ${size}\n`);
    for (let at = 0; at < size; at += PIECE_BYTES) {
      hash.update(model.files.readRange(path, at, Math.min(PIECE_BYTES, size - at)));
    }
  }
  return hash.digest('hex');
}

function listAssets(files: ModelFiles, dir: string, name: string): string[] {
  return files.list(dir).flatMap((entry) => {
    const path = `${dir}/${entry}`;
    return files.isDirectory(path) ? listAssets(files, path, `${name}/${entry}`) : [`${name}/${entry}`];
  });
}
