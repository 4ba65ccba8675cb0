import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { linearModel } from '../fixtures/linear-model.js';
import { attr, node, placeholder, writeSavedModel } from '../fixtures/saved-model-writer.js';

const ROOT = join(import.meta.dirname, '..', '..');
export const BIN = join(ROOT, 'bin', 'tfdeploy.js');

export interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ready: Record<string, unknown>;
  /** What it wrote on standard error so far. */
  log(): string;
  /** Resolves when the log holds the text, with the log. */
  logged(text: string | RegExp): Promise<string>;
  /** Exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

interface Launched {
  readonly child: ChildProcess;
  readonly log: () => string;
}

const children: Launched[] = [];
const folders: string[] = [];

export function tempFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-serve-'));
  folders.push(dir);
  return dir;
}

const strangers: number[] = [];

/** Has `cleanUp` end a process that a server started on its own account. */
export function endLater(pid: number): void {
  strangers.push(pid);
}

/** Ends what the tests of a file started. Call it in `afterEach`. */
export function cleanUp(): void {
  for (const { child } of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const pid of strangers.splice(0))
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

const cacheDir = join(tmpdir(), `tfdeploy-serve-cache-${process.pid}`);

/** Removes the plan cache that the tests of this process share. Call it in `afterAll`. */
export function dropCache(): void {
  rmSync(cacheDir, { recursive: true, force: true, maxRetries: 3 });
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Program and its first arguments, in front of `serve`. */
  readonly command?: readonly string[];
  /** Descriptors handed to the process from 3 on. */
  readonly descriptors?: readonly number[];
}

/** Starts `tfdeploy serve` without waiting. */
export function launch(
  args: readonly string[],
  { env = {}, command = [process.execPath, BIN], descriptors = [] }: StartOptions = {},
) {
  const [program = '', ...first] = command;
  const child = spawn(
    program,
    [...first, 'serve', '--log-format', 'json', '--plan-cache-dir', cacheDir, ...args],
    {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    },
  );
  let log = '';
  children.push({ child, log: () => log });
  const watchers = new Set<() => void>();
  child.stderr?.on('data', (chunk) => {
    log += chunk;
    for (const watch of watchers) watch();
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => {
      resolve(signal ?? code ?? 0);
      for (const watch of watchers) watch();
    }),
  );
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const logged = (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = () => {
        if (typeof text === 'string' ? log.includes(text) : text.test(log)) resolve(log);
        else if (isOver) reject(new Error(`the server ended without saying ${text}:\n${log}`));
        else return;
        watchers.delete(watch);
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        watchers.delete(watch);
        reject(new Error(`the server did not say ${text} within ${WAIT_MS / 1000} s:\n${tellServers()}`));
      }, WAIT_MS);
      watchers.add(watch);
      watch();
    });
  return { child, ended, log: () => log, logged };
}

/** Starts `tfdeploy serve` on a free port and waits for its readiness line. */
export async function startServe(args: readonly string[], options: StartOptions = {}): Promise<Server> {
  const { child, ended, log, logged } = launch(['--rest_api_port', '0', ...args], options);
  const timer = setTimeout(() => child.kill('SIGKILL'), WAIT_MS);
  for await (const line of createInterface({ input: child.stdout! })) {
    const ready = JSON.parse(line) as { event: string; rest: string };
    if (ready.event !== 'ready') continue;
    clearTimeout(timer);
    return { child, url: ready.rest, ready: { ...ready }, ended, log, logged };
  }
  clearTimeout(timer);
  throw new Error(`the server ended before it was ready:\n${log()}`);
}

/** Whether a process runs; a zombie has ended. */
export const isAlive = (pid: number): boolean => {
  const stat = statOf(pid);
  return stat !== '' && !/\) [ZX] /.test(stat);
};

/** Pids of the worker processes, oldest first. */
export function workerPids(server: Server): number[] {
  return workersOf(server.child.pid ?? 0);
}

/** The same for a supervisor that another program started. */
export function workersOf(supervisor: number): number[] {
  return childrenOf(supervisor).filter((pid) => isWorker(pid));
}

/** Pids of all children, oldest first. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const stat = statOf(name);
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
    })
    .map(Number)
    .sort((a, b) => a - b);
}

function statOf(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('serve-worker');
  } catch {
    return false;
  }
}

/** Below the time limits of the tests, so that a wait that ends in vain can tell why. */
const WAIT_MS = 80_000;

/** What the servers of this test have said and which processes they have: for the message of a failed wait. */
function tellServers(): string {
  return children
    .map(({ child, log }) => {
      const pid = child.pid ?? 0;
      const workers = workersOf(pid).map((each) => `${each} ${/\) (.) /.exec(statOf(each))?.[1]}`);
      return `-- server ${pid}, ended: ${child.exitCode ?? child.signalCode ?? 'no'}, workers: ${workers.join(', ')}\n${log()}`;
    })
    .join('\n');
}

/** Waits until `test` holds; rejects with what the servers were at when that takes too long. */
export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!(await test())) {
    if (performance.now() > endMs)
      throw new Error(`not so within ${WAIT_MS / 1000} s: ${test}\n${tellServers()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** y = x·w + [bias, 2·bias] with w = [[1, 2], [3, 4]]: `answerOf` computes the same. */
export function writeLinear(dir: string, bias: number): void {
  const variables = {
    w: { dtype: 'float32' as const, shape: [2, 2], values: [1, 2, 3, 4] },
    b: { dtype: 'float32' as const, shape: [2], values: [bias, 2 * bias] },
  };
  // A version must appear at once, complete.
  const draft = join(tempFolder(), 'draft');
  writeSavedModel(draft, linearModel({ variables }));
  renameSync(draft, dir);
}

/** A model with an operation that nothing can run. */
export function writeBroken(dir: string): void {
  const draft = join(tempFolder(), 'draft');
  writeSavedModel(draft, {
    nodes: [placeholder('x', 'float32', [-1, 2]), node('y', 'NoSuchOperation', ['x'], {})],
    signatures: {
      serving_default: {
        inputs: { x: { tensor: 'x:0', dtype: 'float32', shape: [-1, 2] } },
        outputs: { y: { tensor: 'y:0', dtype: 'float32', shape: [-1, 2] } },
      },
    },
  });
  renameSync(draft, dir);
}

/** A model that adds `by` to a variable of 100 and answers what it holds then. */
export function writeCounter(dir: string): void {
  const dtype = { dtype: attr.type('float32') };
  const scalar = { dtype: 'float32', shape: [] } as const;
  writeSavedModel(dir, {
    nodes: [
      placeholder('by', 'float32', []),
      node('add', 'AssignAddVariableOp', ['count', 'by'], dtype),
      node('y', 'ReadVariableOp', ['count', '^add'], dtype),
    ],
    variables: { count: { ...scalar, values: [100] } },
    signatures: {
      serving_default: {
        inputs: { by: { tensor: 'by:0', ...scalar } },
        outputs: { count: { tensor: 'y:0', ...scalar } },
      },
    },
  });
}

export const answerOf = ([a, b]: readonly [number, number], bias: number): number[] => [
  a + 3 * b + bias,
  2 * a + 4 * b + 2 * bias,
];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Longer than any deadline of the server. */
const ANSWER_MS = 60_000;

/** One request; rejects with the socket's error, or when nobody answers. */
export function send(url: string, body?: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method: body === undefined ? 'GET' : 'POST', ...(agent === undefined ? {} : { agent }) },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.on('error', reject);
      },
    );
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)),
      ANSWER_MS,
    );
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export interface Load {
  /** Answers with status 200 so far; throws once a client has given up, for then there may be no more. */
  readonly answered: () => number;
  /** Every answer seen that was not as expected. */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

const MOST_FAILURES = 20;

/**
 * Clients that send one request after the other, each on its connection or with `keepAlive: false` on a new one
 * every time, and check each answer against the biases that may serve. With `canEnd` a refused connection is the
 * end of the load, not a failure.
 */
export function startLoad(
  url: string,
  clients: number,
  biases: () => readonly number[],
  { canEnd = false, keepAlive = true, path = '/v1/models/linear:predict' } = {},
): Load {
  const failures: string[] = [];
  let answered = 0;
  let isStopping = false;
  const run = async (client: number): Promise<void> => {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    for (let count = 0; !isStopping; count++) {
      const row = [client, count % 100] as const;
      try {
        const { status, body } = await send(`${url}${path}`, JSON.stringify({ instances: [row] }), agent);
        if (status !== 200) failures.push(`${status} ${body}`);
        else {
          const { predictions } = JSON.parse(body) as { predictions: number[][] };
          const isRight = biases().some((bias) => String(answerOf(row, bias)) === String(predictions[0]));
          if (isRight) answered++;
          else failures.push(`wrong answer ${body}`);
        }
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (canEnd && code === 'ECONNREFUSED') break;
        failures.push(String(code ?? error));
      }
      if (failures.length > MOST_FAILURES) break;
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, (_, client) => run(client));
  return {
    answered() {
      if (failures.length > MOST_FAILURES) throw new Error(`the load gave up: ${failures.join('\n')}`);
      return answered;
    },
    failures,
    async stop() {
      isStopping = true;
      await Promise.all(running);
    },
  };
}
