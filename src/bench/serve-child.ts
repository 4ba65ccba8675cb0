import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../base/entry.js';
import { TfdeployError } from '../base/error.js';

/** A server that was started for the run. */
export interface ServedModel {
  readonly url: string;
  /** Milliseconds from the start of the process to its readiness line. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** What is passed on to `tfdeploy serve` beside the model. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly startTimeoutMs: number;
}

const STOP_TIMEOUT_MS = 15_000;
const KEPT_LINES = 20;

/**
 * Starts `tfdeploy serve MODEL` on a free port and waits for its readiness line. Throws TFD_UNAVAILABLE with
 * the server's last words when it ends, or is not ready in time.
 */
export async function serveModel(model: string, options: ServeOptions): Promise<ServedModel> {
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      join(packageRoot(), 'bin', 'tfdeploy.js'),
      'serve',
      model,
      '--rest_api_port',
      '0',
      '--log-format',
      'json',
      ...options.args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lastWords: string[] = [];
  const keep = (line: string): void => {
    lastWords.push(line);
    if (lastWords.length > KEPT_LINES) lastWords.shift();
  };
  createInterface({ input: child.stderr! }).on('line', keep);
  try {
    const url = await waitForReady(child, options, keep, lastWords);
    return { url, readyMs: performance.now() - startedMs, stop: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
}

function waitForReady(
  child: ChildProcess,
  { signal, startTimeoutMs }: ServeOptions,
  keep: (line: string) => void,
  lastWords: readonly string[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      reject(
        new TfdeployError('TFD_UNAVAILABLE', `tfdeploy serve ${what}${quote(lastWords)}`, {
          hint: 'see what `tfdeploy serve` itself says of this model',
        }),
      );
    };
    const timer = setTimeout(() => fail(`was not ready in ${startTimeoutMs} ms`), startTimeoutMs);
    timer.unref();
    signal.addEventListener('abort', () => fail('was stopped before it was ready'), { once: true });
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code, by) =>
      fail(`ended ${by === null ? `with status ${code}` : `by ${by}`} before it was ready`),
    );
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const url = readReadyLine(line);
      if (url === undefined) return keep(line);
      clearTimeout(timer);
      resolve(url);
    });
  });
}

/** The address in `{"event":"ready","rest":"http://127.0.0.1:PORT",…}`; undefined for other lines. */
export function readReadyLine(line: string): string | undefined {
  try {
    const json = JSON.parse(line) as { event?: unknown; rest?: unknown } | null;
    return json?.event === 'ready' && typeof json.rest === 'string' ? json.rest : undefined;
  } catch {
    return undefined;
  }
}

function quote(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; its last words:\n${lines.slice(-5).join('\n')}`;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
