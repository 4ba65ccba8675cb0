import { spawn } from 'node:child_process';
import type { Log } from '../base/log.js';
import type { Listener } from './listener.js';

/** First descriptor behind stdin, stdout and stderr. */
const HANDED_FD = 3;

/**
 * Starts the program anew, from the files as they are now, with the same arguments and the listening sockets.
 * Both serve until somebody ends the old one with SIGTERM (or the new one, to go back).
 */
export function upgradeProcess(listeners: readonly Listener[], log: Log): void {
  const { LISTEN_PID: _pid, LISTEN_FDS: _fds, LISTEN_FDNAMES: _names, ...env } = process.env;
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', ...listeners.map(({ fd }) => fd)],
    env: {
      ...env,
      TFDEPLOY_LISTEN_FD: String(HANDED_FD),
      TFDEPLOY_LISTEN_COUNT: String(listeners.length),
    },
    detached: true,
  });
  child.on('error', (error) => log.error(`the new program can not be started: ${error.message}`));
  child.on('exit', (code, signal) => log.warn(`the new program ended with ${signal ?? `status ${code}`}`));
  child.unref();
  log.info('started a new program on the same socket; end this one with SIGTERM when it is ready', {
    pid: child.pid,
  });
}
