import { spawn } from 'node:child_process';
import type { Log } from '../base/log.js';

/** What systemd is told about the service (Type=notify). Everything does nothing without NOTIFY_SOCKET. */
export interface Notifier {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  status(text: string): void;
  /** Asks for more time to start. */
  extend(ms: number): void;
  /** While another program speaks for the service, only the watchdog hears of this one. */
  setQuiet(isQuiet: boolean): void;
  close(): void;
}

/**
 * Node.js has no UNIX datagram sockets, so systemd's own `systemd-notify` sends the messages; the unit needs
 * NotifyAccess=all. With WatchdogSec= set it is pinged at half the interval, as systemd recommends.
 */
export function createNotifier(env: NodeJS.ProcessEnv, log: Log): Notifier {
  const isOn = env.NOTIFY_SOCKET !== undefined && env.NOTIFY_SOCKET !== '';
  let isBroken = false;
  let isQuiet = false;
  const send = (...fields: string[]): void => {
    if (!isOn || isBroken) return;
    const child = spawn('systemd-notify', fields, { stdio: 'ignore' });
    child.on('error', (error) => {
      isBroken = true;
      log.warn(`systemd-notify can not be run, so systemd hears nothing of this service: ${error.message}`);
    });
  };
  const say = (...fields: string[]): void => {
    if (!isQuiet) send(...fields);
  };
  const watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1000;
  const isWatched = watchdogMs > 0 && (env.WATCHDOG_PID ?? String(process.pid)) === String(process.pid);
  const timer = isOn && isWatched ? setInterval(() => send('WATCHDOG=1'), watchdogMs / 2) : undefined;
  return {
    ready: (status) => say('READY=1', `STATUS=${status}`, `MAINPID=${process.pid}`),
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => say('STOPPING=1', 'STATUS=draining'),
    status: (text) => say(`STATUS=${text}`),
    extend: (ms) => say(`EXTEND_TIMEOUT_USEC=${Math.round(ms * 1000)}`),
    setQuiet(next) {
      isQuiet = next;
    },
    close: () => clearInterval(timer),
  };
}
