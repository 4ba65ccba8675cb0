import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { TfdeployError } from '../base/error.js';

/** A holder touches its lock this often; one not touched for `STALE_MS` belongs to a dead process. */
const HEARTBEAT_MS = 1_000;
const STALE_MS = 15_000;
const POLL_MS = 200;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The text of a lock whose holder is dead; undefined for a living one. Its age decides on shared volumes;
 * on the same host a dead holder is seen at once.
 */
async function readStale(path: string): Promise<string | undefined> {
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')]);
    const [host, pid] = text.split(' ');
    const isDead = host === hostname() && pid !== undefined && !isAlive(Number(pid));
    return isDead || Date.now() - mtimeMs > STALE_MS ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a dead holder's lock away. Of several that try, `rename` lets one succeed; one that came late and
 * took the next holder's new lock instead puts it back.
 */
async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== staleText) await link(aside, path);
  } catch {
    // Another process was first.
  } finally {
    await rm(aside, { force: true });
  }
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${hostname()} ${process.pid} ${randomUUID()}`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

export interface LockOptions {
  /** Moment (Date.now() clock) to give up at, with TFD_ENGINE_MISSING. */
  readonly deadlineAt: number;
  readonly signal?: AbortSignal;
  /** Called once when another process holds the lock. */
  readonly onWait?: () => void;
}

/** Runs `act` while this process alone holds the lock file. */
export async function withInstallLock<T>(
  path: string,
  options: LockOptions,
  act: () => Promise<T>,
): Promise<T> {
  let hasWaited = false;
  while (!(await tryCreate(path))) {
    const staleText = await readStale(path);
    if (staleText !== undefined) {
      await removeStale(path, staleText);
      continue;
    }
    if (!hasWaited) options.onWait?.();
    hasWaited = true;
    if (Date.now() >= options.deadlineAt) {
      throw new TfdeployError('TFD_ENGINE_MISSING', `${path}: another process did not finish installing`, {
        hint: 'wait for it, or remove the lock file when no installation is running',
      });
    }
    await delay(POLL_MS, undefined, { signal: options.signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    return await act();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  }
}
