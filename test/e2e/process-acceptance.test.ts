import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { WorkerInfo } from '../../src/supervisor/types.js';
import {
  BIN,
  childrenOf,
  cleanUp,
  dropCache,
  isAlive,
  type Server,
  type StartOptions,
  send,
  startLoad,
  startServe,
  tempFolder,
  until,
  workerPids,
  workersOf,
  writeBroken,
  writeLinear,
} from './serve-harness.js';

/*
 * What a process manager for models has to stand, by number; 7 and 8 are in test/system/booted-systemd.test.ts,
 * 8 (without systemd) in serve-upgrade.test.ts, 11 and 12 also in serve-processes.test.ts.
 */
const LIMIT = 180_000;

afterEach(cleanUp);
afterAll(dropCache);

const BODY = '{"instances": [[1, 2]]}';
const predictUrl = (server: Server) => `${server.url}/v1/models/linear:predict`;

interface Started {
  readonly server: Server;
  readonly base: string;
  readonly workers: () => Promise<WorkerInfo[]>;
}

async function serve(args: readonly string[], options?: StartOptions): Promise<Started> {
  const base = tempFolder();
  writeLinear(join(base, '1'), 10);
  const socket = join(tempFolder(), 'ctl');
  const server = await startServe(
    [`linear=${base}`, '--threads', '1', '--control-socket', socket, ...args],
    options,
  );
  return { server, base, workers: async () => (await ask(socket, 'workers')) as WorkerInfo[] };
}

/** One question to the control socket. */
function ask(path: string, command: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path }, () => socket.write(`${JSON.stringify({ command })}\n`));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(JSON.parse(text).result));
  });
}

const isReady = ({ phase }: WorkerInfo) => phase === 'ready';

/** Has a signal make a worker do what no request can: its program is started with this code in front. */
function hookWorkers(code: string): StartOptions {
  const file = join(tempFolder(), 'hook.cjs');
  writeFileSync(
    file,
    `if (require('node:worker_threads').isMainThread && process.argv[1]?.includes('serve-worker'))\n  process.on('SIGWINCH', () => { ${code} });\n`,
  );
  return { env: { NODE_OPTIONS: `--require ${file}`, STATE_DIRECTORY: tempFolder() } };
}

describe('the process manager', () => {
  // The loading is held up by stopping the new workers while they load.
  it('acceptance 1: HUP under 32 keep-alive clients while the model loads slowly: no request fails', {
    timeout: LIMIT,
  }, async () => {
    const { server } = await serve(['--workers', '2']);
    const before = workerPids(server);
    const load = startLoad(server.url, 32, () => [10]);
    await until(() => load.answered() > 200);
    server.child.kill('SIGHUP');
    const fresh = () => workerPids(server).filter((pid) => !before.includes(pid));
    await until(() => fresh().length > 0);
    const [held = 0] = fresh();
    process.kill(held, 'SIGSTOP');
    const seen = load.answered();
    await until(() => load.answered() > seen + 1000);
    expect(workerPids(server)).toEqual(expect.arrayContaining(before));
    process.kill(held, 'SIGCONT');
    await until(() => fresh().length === 2 && before.every((pid) => !isAlive(pid)));
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('acceptance 2: HUP to a broken model: the old version goes on, and the reason is told', {
    timeout: LIMIT,
  }, async () => {
    const { server, base } = await serve(['--workers', '1']);
    const load = startLoad(server.url, 4, () => [10]);
    writeBroken(join(base, '2'));
    server.child.kill('SIGHUP');
    await until(async () => {
      const { body } = await send(`${server.url}/v1/models/linear`);
      const [newest] = JSON.parse(body).model_version_status;
      return newest.version === '2' && newest.status.error_message.includes('NoSuchOperation');
    });
    expect(server.log()).toContain('NoSuchOperation');
    const seen = load.answered();
    await until(() => load.answered() > seen + 100);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  // Nobody can answer for a stopped process: its clients see the connection end.
  it('acceptance 3: a stopped worker is replaced after timeout, and its clients do not hang', {
    timeout: LIMIT,
  }, async () => {
    const { server } = await serve(['--workers', '1', '--timeout', '10']);
    const [victim = 0] = workerPids(server);
    process.kill(victim, 'SIGSTOP');
    const open = send(predictUrl(server), BODY).then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    await server.logged('WORKER TIMEOUT');
    await until(() => !isAlive(victim));
    // It was accepted, or waited in the socket for the next worker.
    expect(['ECONNRESET', '200', '503']).toContain(await open);
    await server.logged(/worker 2 \(pid \d+\) is ready/);
    expect((await send(predictUrl(server), BODY)).status).toBe(200);
  });

  // There is no hook for code of the user's: a hook of the test stands in. Node.js writes diagnostic reports from
  // its event loop, so of a loop that never ends there is none.
  it('acceptance 4: an infinite loop: the worker is told as timed out and replaced', {
    timeout: LIMIT,
  }, async () => {
    const { server } = await serve(['--workers', '1', '--timeout', '10'], hookWorkers('for (;;);'));
    const [victim = 0] = workerPids(server);
    process.kill(victim, 'SIGWINCH');
    await server.logged('WORKER TIMEOUT');
    await until(() => !isAlive(victim));
    await server.logged(/worker 2 \(pid \d+\) is ready/);
    await until(async () => {
      const { status } = await send(predictUrl(server), BODY);
      expect([200, 503]).toContain(status);
      return status === 200;
    });
  });

  // The engine is a thread of the worker: an abort in it ends that process, not the server.
  it('acceptance 5: a native abort ends one worker; clients get 503 with Retry-After or an answer, and then 200', {
    timeout: LIMIT,
  }, async () => {
    const { server } = await serve(['--workers', '1'], hookWorkers('process.abort();'));
    const [victim = 0] = workerPids(server);
    process.kill(victim, 'SIGWINCH');
    await until(() => !isAlive(victim));
    await until(async () => {
      const { status, headers } = await send(predictUrl(server), BODY);
      expect([200, 503]).toContain(status);
      if (status === 503) expect(headers['retry-after']).toBeDefined();
      return status === 200;
    });
    expect(await server.logged('SIGABRT')).not.toContain('Perhaps out of memory?');
  });

  it('acceptance 6: max_requests with jitter: no worker is missing, one more than wanted at most, no request fails', {
    timeout: LIMIT,
  }, async () => {
    const { server, workers } = await serve([
      ...['--workers', '2', '--max-requests', '200', '--max-requests-jitter', '100'],
    ]);
    const load = startLoad(server.url, 8, () => [10]);
    await until(async () => {
      const now = await workers();
      expect(now.filter(isReady).length).toBeGreaterThanOrEqual(2);
      expect(now.filter(({ phase }) => phase === 'ready' || phase === 'booting').length).toBeLessThanOrEqual(
        3,
      );
      return now.every(({ id }) => id > 4);
    });
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('acceptance 9: TTIN and TTOU, ten times each', { timeout: LIMIT }, async () => {
    const { server, workers } = await serve(['--workers', '1']);
    for (let round = 0; round < 10; round++) {
      server.child.kill('SIGTTIN');
      await until(async () => (await workers()).filter(isReady).length === 2);
      server.child.kill('SIGTTOU');
      await until(() => workerPids(server).length === 1);
    }
    server.child.kill('SIGTTOU');
    await server.logged(/(workers: 1"[\s\S]*){11}/);
    expect((await send(predictUrl(server), BODY)).status).toBe(200);
    expect(workerPids(server)).toHaveLength(1);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'acceptance 10: as PID 1 of a container it leaves no zombies of its own, and SIGTERM drains it',
    { timeout: LIMIT },
    async () => {
      const command = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, BIN];
      const { server } = await serve(['--workers', '2'], { command });
      const [supervisor = 0] = childrenOf(server.child.pid ?? 0);
      expect(readFileSync(`/proc/${supervisor}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t1$/m);
      const [victim = 0, other = 0] = workersOf(supervisor);
      process.kill(victim, 'SIGKILL');
      await server.logged(/worker 3 \(pid \d+\) is ready/);
      await until(() => childrenOf(supervisor).every((pid) => isAlive(pid)));
      expect(childrenOf(supervisor)).toContain(other);
      const load = startLoad(server.url, 8, () => [10], { canEnd: true });
      await until(() => load.answered() > 200);
      process.kill(supervisor, 'SIGTERM');
      expect(await server.ended).toBe(0);
      await load.stop();
      expect(load.failures).toEqual([]);
    },
  );

  it('acceptance 11: workers that are still booting end with a killed supervisor too', {
    timeout: LIMIT,
  }, async () => {
    const { server } = await serve(['--workers', '1']);
    const before = workerPids(server);
    server.child.kill('SIGHUP');
    await until(() => workerPids(server).length > before.length);
    const all = workerPids(server);
    server.child.kill('SIGKILL');
    await until(() => all.every((pid) => !isAlive(pid)));
  });

  // SIGKILL is what the kernel sends, and all that a parent sees of it.
  it('acceptance 12: a worker that the kernel killed is told as perhaps out of memory, with what it held', {
    timeout: LIMIT,
  }, async () => {
    const { server, workers } = await serve(['--workers', '1']);
    await until(async () => (await workers()).every(({ residentBytes }) => residentBytes > 0));
    process.kill(workerPids(server)[0] ?? 0, 'SIGKILL');
    const log = await server.logged('Perhaps out of memory?');
    expect(Number(/It held (\d+) MiB/.exec(log)?.[1])).toBeGreaterThan(20);
  });
});
