import { type ChildProcess, fork } from 'node:child_process';
import type { FromWorker, ToWorker } from './messages.js';

export interface WorkerLink {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  signal(name: NodeJS.Signals): void;
}

export interface LinkOptions {
  /** Compiled file of the worker's program. */
  readonly entry: string;
  /** What the program is started with, as JSON. */
  readonly data: unknown;
  readonly listenFd: number;
  /** Further listening sockets; a worker finds them behind that one. */
  readonly extraFds: readonly number[];
  readonly reportDir: string;
  onMessage(message: FromWorker): void;
  onExit(code: number | null, signal: NodeJS.Signals | null): void;
}

/** Descriptor at which a worker finds the listening socket: behind stdin, stdout, stderr and the channel. */
export const WORKER_LISTEN_FD = 4;
/** Node.js writes its report on this signal from its event loop: a worker whose loop stands still writes none. */
export const REPORT_SIGNAL = 'SIGUSR2';

/**
 * Balances connections among processes that accept from one socket, and gives the memory of large tensors back
 * to the system: without it glibc keeps what an unloaded model has used.
 */
const WORKER_ENV = { UV_TCP_SINGLE_ACCEPT: '1', MALLOC_MMAP_THRESHOLD_: '131072' };

/** Starts a worker process and keeps the channel to it. */
export function forkWorker(options: LinkOptions): WorkerLink {
  const report = ['--report-on-signal', `--report-signal=${REPORT_SIGNAL}`, '--report-compact'];
  const child: ChildProcess = fork(options.entry, [JSON.stringify(options.data)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', options.listenFd, ...options.extraFds],
    execArgv: [...process.execArgv, ...report, `--report-directory=${options.reportDir}`],
    env: { ...WORKER_ENV, ...process.env },
  });
  let hasEnded = false;
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (hasEnded) return;
    hasEnded = true;
    options.onExit(code, signal);
  };
  child.on('message', (message) => options.onMessage(message as FromWorker));
  // Without a listener a broken channel would end the supervisor.
  child.on('error', () => {
    if (child.pid === undefined) end(1, null);
  });
  child.on('exit', end);
  return {
    pid: child.pid,
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    signal(name) {
      child.kill(name);
    },
  };
}
