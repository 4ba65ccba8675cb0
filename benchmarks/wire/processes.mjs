import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../bin/tfdeploy.js', import.meta.url));
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const TICKS_PER_SECOND = 100;

/** Starts a program and gives its first line of JSON on standard output that `isReady` accepts. */
export async function startProgram(args, isReady) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const words = [];
  createInterface({ input: child.stderr }).on('line', (line) => words.push(line));
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`${args.join(' ')}: ${what}\n${words.slice(-10).join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('not ready in time');
    }, START_TIMEOUT_MS);
    child.once('close', (status) => fail(`ended with status ${status}`));
    lines.on('line', (line) => {
      if (!line.startsWith('{')) return;
      const said = JSON.parse(line);
      if (!isReady(said)) return;
      clearTimeout(timer);
      resolve(said);
    });
  });
  return { child, lines, ready };
}

/** `tfdeploy serve` for one model; `stop` ends it. */
export async function startServer(name, folder, scratch, flags = []) {
  // gRPC's port 0 is TensorFlow Serving's way to say that there is to be no gRPC.
  const address = ['--rest-api-port', '0', '--port', String(await findPort())];
  const args = [CLI, 'serve', `${name}=${folder}`, ...address, '--log-format', 'json'];
  const { child, ready } = await startProgram(
    [...args, '--plan-cache-dir', scratch, ...flags],
    (said) => said.event === 'ready',
  );
  return {
    rest: ready.rest,
    grpc: ready.grpc,
    cpuMs: () => listTree(child.pid).reduce((sum, pid) => sum + cpuMs(pid), 0),
    stop: () => stopChild(child),
  };
}

function findPort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** User and system time of a process with all its threads, in milliseconds. */
export function cpuMs(pid) {
  const fields = statOf(pid);
  return fields === undefined ? 0 : ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** The fields of /proc/PID/stat from the state on. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function listTree(root) {
  const parents = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), parent: Number(statOf(entry)?.[1]) }));
  const found = [root];
  for (const pid of found) for (const each of parents) if (each.parent === pid) found.push(each.pid);
  return found;
}
