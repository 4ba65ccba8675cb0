import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { TfdeployError } from './error.js';
import type { ModelFiles } from './files.js';

/** The operating system takes less than 2 GiB at a time. */
const MAX_READ_BYTES = 2 ** 30;

function orNotFound<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new TfdeployError('TFD_MODEL_NOT_FOUND', `${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The file system of Node.js. */
export const nodeFiles: ModelFiles = {
  list: (dir) => (existsSync(dir) ? orNotFound(dir, () => readdirSync(dir).sort()) : []),
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  exists: (path) => existsSync(path),
  size: (path) => orNotFound(path, () => statSync(path).size),
  read: (path) => orNotFound(path, () => readFileSync(path)),
  readRange(path, offset, length) {
    const fd = orNotFound(path, () => openSync(path, 'r'));
    try {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const room = Math.min(length - done, MAX_READ_BYTES);
        const count = orNotFound(path, () => readSync(fd, bytes, done, room, offset + done));
        if (count === 0) {
          throw new TfdeployError('TFD_MODEL_CORRUPT', `${path}: ends before byte ${offset + length}`, {
            hint: 'the file is shorter than its index says: copy the model again',
          });
        }
        done += count;
      }
      return bytes;
    } finally {
      closeSync(fd);
    }
  },
};
