import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON } from './models.mjs';
import { HAS_TFJS_NODE } from './tfjs-folder.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CLI = fileURLToPath(new URL('../../bin/tfdeploy.js', import.meta.url));
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;
const CORES = availableParallelism();

function gunicorn(model, workers, env) {
  return {
    command: PYTHON,
    args: ['-m', 'gunicorn', 'app:app', '-w', String(workers), '-b', '127.0.0.1:0', '--timeout', '120'],
    cwd: HERE,
    env: { ...env, MODEL_DIR: model.folder, PYTHONDONTWRITEBYTECODE: '1' },
    // "Listening at: http://127.0.0.1:41233 (1234)", on standard error.
    readUrl: (line) => /Listening at: (http:\/\/\S+)/.exec(line)?.[1],
    path: () => '/predict',
  };
}

/** Who is compared. `plan` says how to start it for a model. */
export const CONTENDERS = {
  tfdeploy: {
    title: 'tfdeploy serve',
    plan: (model, planCache) => ({
      command: process.execPath,
      args: [
        ...[CLI, 'serve', `${model.name}=${model.folder}`, '--rest-api-port', '0', '--port', '0'],
        ...['--log-format', 'json', '--plan-cache-dir', planCache],
      ],
      cwd: HERE,
      env: {},
      readUrl: (line) => (line.includes('"event":"ready"') ? JSON.parse(line).rest : undefined),
      path: () => `/v1/models/${model.name}:predict`,
    }),
  },
  a: {
    title: `(a) Flask + gunicorn, ${2 * CORES + 1} sync workers`,
    plan: (model) => gunicorn(model, 2 * CORES + 1, {}),
  },
  b: {
    title: `(b) Flask + gunicorn, ${CORES} sync workers, 1 thread each`,
    plan: (model) => gunicorn(model, CORES, { TF_THREADS: '1', OMP_NUM_THREADS: '1' }),
  },
  c: {
    title: `(c) node:http + tfjs-node, ${CORES} processes`,
    plan: (model) => ({
      command: process.execPath,
      args: [join(HERE, 'tfjs-server.mjs')],
      cwd: HERE,
      env: {
        ...{ MODEL_DIR: model.folder, MODEL_WORKERS: String(CORES), TF_CPP_MIN_LOG_LEVEL: '3' },
        ...{ TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' },
      },
      readUrl: (line) => /^listening (http:\S+)/.exec(line)?.[1],
      path: () => '/predict',
    }),
  },
};

/** Those that can be started here. */
export const INSTALLED = Object.keys(CONTENDERS).filter((name) => name !== 'c' || HAS_TFJS_NODE);

/** Starts a contender and waits for its first answer; the time to it counts from the start of the process. */
export async function startContender(name, model, planCache) {
  const plan = CONTENDERS[name].plan(model, planCache);
  const startedMs = performance.now();
  const child = spawn(plan.command, plan.args, {
    cwd: plan.cwd,
    env: { ...process.env, ...plan.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const url = `${await waitForUrl(child, plan.readUrl)}${plan.path()}`;
    const predictions = await ask(url, readFileSync(model.request));
    return {
      url,
      pid: child.pid,
      predictions,
      firstAnswerMs: performance.now() - startedMs,
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

export async function ask(url, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    signal: AbortSignal.timeout(START_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`POST ${url}: status ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text).predictions;
}

function waitForUrl(child, readUrl) {
  return new Promise((resolve, reject) => {
    const words = [];
    const fail = (what) =>
      reject(new Error(`${child.spawnargs.join(' ')}: ${what}\n${words.slice(-15).join('\n')}`));
    const timer = setTimeout(() => fail(`not ready in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => fail(`ended with status ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        words.push(line);
        const url = readUrl(line);
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
    }
  });
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** An empty folder for compiled plans, so that the first start compiles, and the means to remove it. */
export function makePlanCache() {
  const folder = mkdtempSync(join(tmpdir(), 'flask-gunicorn-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
