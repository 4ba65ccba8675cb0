import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../bin/tfdeploy.js', import.meta.url));
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 40_000;
const KEPT_LINES = 50;

const servers = new Set();
const folders = new Set();

/** A folder that `cleanUp` removes. */
export function tempFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'tfdeploy-load-'));
  folders.add(folder);
  return folder;
}

/** One plan cache for all servers of a benchmark, so that each model is compiled once. */
let planCache;

/** A port that is free now: port 0 would turn gRPC off. */
function findPort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts `tfdeploy serve` on free ports and waits for its readiness line. */
export async function startServer(args, { hasGrpc = false } = {}) {
  planCache ??= tempFolder();
  const grpcPort = hasGrpc ? await findPort() : 0;
  const child = spawn(
    process.execPath,
    [
      ...[CLI, 'serve', '--rest-api-port', '0', '--port', String(grpcPort), '--log-format', 'json'],
      ...['--plan-cache-dir', planCache, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = [];
  const keep = (line) => {
    log.push(line);
    if (log.length > KEPT_LINES) log.shift();
  };
  const server = { child, pid: child.pid, log, stop: () => stopServer(server) };
  servers.add(server);
  createInterface({ input: child.stderr }).on('line', keep);
  const ready = await new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`tfdeploy serve ${what}\n${log.slice(-8).join('\n')}`));
    const timer = setTimeout(() => fail('was not ready in time'), START_TIMEOUT_MS);
    child.once('close', (code, signal) => fail(`ended with ${signal ?? `status ${code}`}`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      if (!line.includes('"event":"ready"')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line));
    });
  });
  return Object.assign(server, { url: ready.rest, grpcPort, ready });
}

async function stopServer(server) {
  servers.delete(server);
  const { child } = server;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** Runs a benchmark and ends what it started, also when it fails or is interrupted. */
export async function withCleanUp(body) {
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  try {
    await body();
  } finally {
    await cleanUp();
  }
}

async function cleanUp() {
  await Promise.all([...servers].map((server) => server.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
