import { TfdeployError } from '../base/error.js';
import type { ModelFiles } from '../base/files.js';
import { recogniseDirectory, recogniseFile } from './recognise.js';

/** Where a SavedModel lies and in which form. */
export interface ModelLocation {
  readonly dir: string;
  readonly path: string;
  readonly format: 'pb' | 'pbtxt';
}

const FORMS = [
  ['saved_model.pb', 'pb'],
  ['saved_model.pbtxt', 'pbtxt'],
] as const;

/** Numbers of the version directories in a directory (`00000123`, `1`, …), highest first. */
export function findVersions(files: ModelFiles, dir: string): { number: number; dir: string }[] {
  const versions: { number: number; dir: string }[] = [];
  for (const name of files.list(dir)) {
    const path = `${dir.replace(/\/+$/, '')}/${name}`;
    if (/^\d+$/.test(name) && Number.isSafeInteger(Number(name)) && files.isDirectory(path)) {
      versions.push({ number: Number(name), dir: path });
    }
  }
  return versions.sort((a, b) => b.number - a.number);
}

/** Whether the directory holds a SavedModel, readable or not. */
export function isSavedModelDir(files: ModelFiles, dir: string): boolean {
  return ['saved_model.pb', 'saved_model.pbtxt', 'saved_model.cpb'].some((name) =>
    files.exists(`${dir}/${name}`),
  );
}

/**
 * Finds saved_model.pb or saved_model.pbtxt in a directory (or at the path itself). Throws
 * TFD_MODEL_NOT_FOUND saying what is there instead, or TFD_MODEL_UNSUPPORTED for other model formats.
 */
export function locateModel(files: ModelFiles, path: string): ModelLocation {
  const dir = path.replace(/\/+$/, '') || path;
  if (!files.exists(dir)) {
    throw new TfdeployError('TFD_MODEL_NOT_FOUND', `${dir}: no such file or directory`, {
      hint: 'give the directory that holds saved_model.pb',
    });
  }
  if (!files.isDirectory(dir)) return locateByFile(files, dir);
  for (const [name, format] of FORMS) {
    if (files.exists(`${dir}/${name}`)) return { dir, path: `${dir}/${name}`, format };
  }
  if (files.exists(`${dir}/saved_model.cpb`)) {
    throw new TfdeployError('TFD_MODEL_UNSUPPORTED', `${dir}: saved_model.cpb is a chunked SavedModel`, {
      hint: 'the chunked form (written for graphs over 2 GB) is not read: export the weights as variables instead of constants',
    });
  }
  throw refuseDirectory(files, dir);
}

function locateByFile(files: ModelFiles, path: string): ModelLocation {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dir = slash < 0 ? '.' : path.slice(0, slash) || '/';
  const form = FORMS.find(([known]) => known === name);
  if (form !== undefined) return { dir, path, format: form[1] };
  const kind = recogniseFile(files, path);
  throw new TfdeployError(
    kind?.code ?? 'TFD_MODEL_UNSUPPORTED',
    `${path}: ${kind === undefined ? 'is not a SavedModel' : `is ${kind.what}, not a SavedModel`}`,
    { hint: kind?.hint ?? 'give the directory that holds saved_model.pb' },
  );
}

function refuseDirectory(files: ModelFiles, dir: string): TfdeployError {
  const versions = findVersions(files, dir).filter((version) => isSavedModelDir(files, version.dir));
  if (versions.length > 0) {
    const names = versions.map((version) => version.dir.slice(dir.length + 1));
    return new TfdeployError('TFD_MODEL_NOT_FOUND', `${dir}: holds versions, not one SavedModel`, {
      hint: `give one of its versions: ${names.map((name) => `${dir}/${name}`).join(', ')}`,
      details: { versions: names },
    });
  }
  const found = recogniseDirectory(files, dir);
  if (found !== undefined) {
    return new TfdeployError(
      found.isModel ? (found.code ?? 'TFD_MODEL_UNSUPPORTED') : 'TFD_MODEL_NOT_FOUND',
      `${dir}: ${found.what}`,
      { hint: found.hint },
    );
  }
  const names = files.list(dir);
  const listed = names.slice(0, 8).join(', ') + (names.length > 8 ? `, … (${names.length} in all)` : '');
  return new TfdeployError(
    'TFD_MODEL_NOT_FOUND',
    `${dir}: no saved_model.pb in it, only ${names.length === 0 ? 'nothing (it is empty)' : listed}`,
    { hint: 'give the directory that holds saved_model.pb' },
  );
}
