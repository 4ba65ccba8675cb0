import { spawn } from 'node:child_process';
import type { Log } from '../base/log.js';
import type { Listener } from './listener.js';

/** First descriptor behind stdin, stdout and stderr. */
const HANDED_FD = 3;

export interface UpgradeOptions {
  readonly listeners: readonly Listener[];
  readonly log: Log;
  /** Another program goes on in this one's place: leave what has a name to it. */
  readonly onHandOver: () => void;
  /** That program has ended, and this one still runs. */
  readonly onTakeBack: () => void;
}

/**
 * What starts the program anew, from the files as they are now, with the same arguments and the listening sockets.
 * Both serve until somebody ends the old one with SIGTERM (or the new one, to go back). One at a time.
 */
export function createUpgrade({ listeners, log, onHandOver, onTakeBack }: UpgradeOptions): () => void {
  let successor: number | undefined;
  return () => {
    if (successor !== undefined) {
      log.warn('a new program runs already; end this one or that one first', { pid: successor });
      return;
    }
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      stdio: ['inherit', 'inherit', 'inherit', ...listeners.map(({ fd }) => fd)],
      env: successorEnv(listeners.length),
      detached: true,
    });
    child.on('error', (error) => log.error(`the new program can not be started: ${error.message}`));
    child.unref();
    if (child.pid === undefined) return;
    successor = child.pid;
    const takeBacks = listeners.map((listener) => listener.handOver());
    onHandOver();
    child.on('exit', (code, signal) => {
      log.warn(`the new program ended with ${signal ?? `status ${code}`}`);
      successor = undefined;
      for (const takeBack of takeBacks) takeBack();
      onTakeBack();
    });
    log.info('started a new program on the same socket; end this one with SIGTERM when it is ready', {
      pid: child.pid,
    });
  };
}

/** What names this process in the environment (systemd's sockets, its watchdog) does not name the new one. */
function successorEnv(count: number): NodeJS.ProcessEnv {
  const {
    LISTEN_PID: _pid,
    LISTEN_FDS: _fds,
    LISTEN_FDNAMES: _names,
    WATCHDOG_PID: _dog,
    ...env
  } = process.env;
  return { ...env, TFDEPLOY_LISTEN_FD: String(HANDED_FD), TFDEPLOY_LISTEN_COUNT: String(count) };
}
