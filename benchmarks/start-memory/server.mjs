import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

/** Starts `tfdeploy serve` of a checkout and waits for its first answer; the time counts from the start of the process. */
export async function startServer(folder, model, planCache) {
  const body = readFileSync(model.request);
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...[join(folder, 'bin', 'tfdeploy.js'), 'serve', `${model.name}=${model.folder}`],
      ...['--rest-api-port', '0', '--log-format', 'json', '--plan-cache-dir', planCache],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  try {
    const base = await waitForReady(child);
    const readyMs = performance.now() - startedMs;
    const url = `${base}/v1/models/${model.name}:predict`;
    await ask(url, body);
    const firstAnswerMs = performance.now() - startedMs;
    return { url, pid: child.pid, readyMs, firstAnswerMs, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** One POST over a connection of its own, by node:http: `fetch` loads for longer than the server answers. */
export function ask(url, body) {
  return new Promise((resolve, reject) => {
    const asking = request(
      url,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
        agent: new Agent(),
        timeout: START_TIMEOUT_MS,
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text).predictions);
          else reject(new Error(`POST ${url}: status ${answer.statusCode}: ${text.slice(0, 300)}`));
        });
      },
    );
    asking.on('timeout', () => asking.destroy(new Error(`POST ${url}: no answer in ${START_TIMEOUT_MS} ms`)));
    asking.on('error', reject);
    asking.end(body);
  });
}

function waitForReady(child) {
  return new Promise((resolve, reject) => {
    const words = [];
    const fail = (what) => reject(new Error(`tfdeploy serve ${what}\n${words.slice(-15).join('\n')}`));
    const timer = setTimeout(() => fail(`is not ready in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => fail(`ended with status ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        words.push(line);
        if (!line.includes('"event":"ready"')) return;
        clearTimeout(timer);
        resolve(JSON.parse(line).rest);
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
