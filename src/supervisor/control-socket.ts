import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { Log } from '../base/log.js';
import type { WireError } from './messages.js';
import type { Supervisor } from './types.js';

/** One line of JSON each way. */
export interface ControlRequest {
  readonly command: ControlCommand;
  /** A number of workers, or a worker's id. */
  readonly argument?: number;
}

export type ControlReply = { readonly result: unknown } | { readonly error: WireError };

/** What `tfdeploy ctl` can ask, and what it does. */
export const CONTROL_COMMANDS = {
  status: 'workers and models',
  workers: 'the worker processes',
  models: 'the models with their versions',
  reload: 'read the configuration and the models anew, replace the workers one by one, tell when it is done',
  scale: 'keep so many workers',
  kill: 'replace the worker with this id',
  reopen: 'open the log files anew',
  drain: 'answer what is open, then end',
  stop: 'end at once',
} as const;

export type ControlCommand = keyof typeof CONTROL_COMMANDS;

/** A line longer than this is no request of ours. */
const MAX_LINE_BYTES = 4096;

/** Where the control socket of the server on a REST port is, unless the configuration names another place. */
export function controlPath(port: number, env: NodeJS.ProcessEnv = process.env): string {
  const runtimeDir = env.XDG_RUNTIME_DIR ?? env.RUNTIME_DIRECTORY;
  const dir =
    runtimeDir !== undefined && runtimeDir !== ''
      ? runtimeDir
      : join(tmpdir(), `tfdeploy-${process.getuid?.() ?? 0}`);
  return join(dir, `tfdeploy-${port}.ctl`);
}

function listModels({ snapshot }: Supervisor) {
  return snapshot.models.map(({ name, labels, versions }) => ({
    name,
    labels: Object.fromEntries(labels),
    versions: versions.map(({ version, state, errorCode, errorMessage }) => ({
      version,
      state,
      ...(errorCode === 'OK' ? {} : { errorCode, errorMessage }),
    })),
  }));
}

function needNumber(argument: number | undefined, what: string): number {
  if (argument !== undefined && Number.isInteger(argument) && argument >= 0) return argument;
  throw new TfdeployError('TFD_USAGE', `${what} is missing or no number`);
}

type Answers = Readonly<
  Record<ControlCommand, (supervisor: Supervisor, argument: number | undefined) => unknown>
>;

const ANSWERS: Answers = {
  status: (supervisor) => ({ workers: supervisor.listWorkers(), models: listModels(supervisor) }),
  workers: (supervisor) => supervisor.listWorkers(),
  models: listModels,
  async reload(supervisor) {
    await supervisor.reload();
    await supervisor.reloaded();
    const failed = supervisor.listFailures().map(({ model, version, failure }) => ({
      model,
      version: String(version),
      code: failure.code,
      error: failure.message,
    }));
    return { workers: supervisor.listWorkers(), models: listModels(supervisor), failed };
  },
  scale(supervisor, argument) {
    supervisor.dispatch({ kind: 'resize', to: needNumber(argument, 'the number of workers') });
    return { workers: argument };
  },
  kill(supervisor, argument) {
    const id = needNumber(argument, 'the id of the worker');
    if (!supervisor.listWorkers().some((worker) => worker.id === id))
      throw new TfdeployError('TFD_NOT_FOUND', `there is no worker ${id}`);
    supervisor.dispatch({ kind: 'discard', id, reason: 'ctl' });
    return { killed: id };
  },
  reopen: (supervisor) => supervisor.reopen(),
  drain: (supervisor) => supervisor.stop(false),
  stop: (supervisor) => supervisor.stop(true),
};

async function answer(line: string, supervisor: Supervisor): Promise<ControlReply> {
  try {
    const { command, argument } = JSON.parse(line) as ControlRequest;
    if (!Object.hasOwn(ANSWERS, command))
      throw new TfdeployError('TFD_USAGE', `"${command}" is no command of this server`);
    return { result: (await ANSWERS[command](supervisor, argument)) ?? null };
  } catch (error) {
    const known = error instanceof TfdeployError ? error : new TfdeployError('TFD_USAGE', String(error));
    return { error: known.toJSON() };
  }
}

function serveClient(socket: Socket, supervisor: Supervisor): void {
  let text = '';
  let isAnswering = false;
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk;
    if (text.length > MAX_LINE_BYTES) socket.destroy();
    const end = text.indexOf('\n');
    if (end === -1 || isAnswering) return;
    isAnswering = true;
    void answer(text.slice(0, end), supervisor).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
  });
}

/**
 * Opens the control socket, which only this user can talk to. A server runs without it where it can not be
 * made, and says so. Returns what closes it.
 */
export function openControlSocket(path: string, supervisor: Supervisor, log: Log): () => void {
  const server = createServer((socket) => serveClient(socket, supervisor));
  server.on('error', (error) => log.warn(`no control socket: ${error.message}`));
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // What an earlier server left behind; one that runs holds the port this path is named by.
    rmSync(path, { force: true });
  } catch (error) {
    log.warn(`no control socket: ${(error as Error).message}`);
    return () => {};
  }
  server.listen(path, () => chmodSync(path, 0o600));
  server.unref();
  return () => server.close();
}
