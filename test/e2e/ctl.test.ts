import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  dropCache,
  startLoad,
  startServe,
  tempFolder,
  until,
  workerPids,
  writeBroken,
  writeLinear,
} from './serve-harness.js';

const LIMIT = 90_000;
const BIN = join(import.meta.dirname, '..', '..', 'bin', 'tfdeploy.js');

afterEach(cleanUp);
afterAll(dropCache);

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function ctl(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, 'ctl', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

async function serveWithSocket(...args: string[]) {
  const socket = join(tempFolder(), 'ctl');
  const base = tempFolder();
  writeLinear(join(base, '1'), 10);
  const server = await startServe([`linear=${base}`, '--control-socket', socket, ...args]);
  return { server, base, ask: (...words: string[]) => ctl(...words, '--socket', socket) };
}

describe('tfdeploy ctl', () => {
  it('shows workers and models, for people and for machines', { timeout: LIMIT }, async () => {
    const { server, ask } = await serveWithSocket('--workers', '2');
    const { workers, models } = JSON.parse((await ask('status', '--json')).stdout);
    expect(workers.map(({ pid }: { pid: number }) => pid)).toEqual(workerPids(server));
    expect(models).toEqual([
      { name: 'linear', labels: {}, versions: [{ version: '1', state: 'AVAILABLE' }] },
    ]);
    expect((await ask('models')).stdout).toMatch(/linear +1 +AVAILABLE/);
  });

  it('scales, kills and ends', { timeout: LIMIT }, async () => {
    const { server, ask } = await serveWithSocket('--workers', '1');
    const [first] = workerPids(server);
    expect((await ask('scale', '2')).status).toBe(0);
    await until(() => workerPids(server).length === 2);
    expect((await ask('kill', '1')).status).toBe(0);
    await until(() => workerPids(server).length === 2 && !workerPids(server).includes(first ?? 0));
    expect((await ask('drain')).status).toBe(0);
    expect(await server.ended).toBe(0);
  });

  it('reload replaces the workers, and tells which version can not be served', {
    timeout: LIMIT,
  }, async () => {
    const { server, base, ask } = await serveWithSocket(
      '--workers',
      '2',
      '--file_system_poll_wait_seconds',
      '0',
    );
    const before = workerPids(server);
    const load = startLoad(server.url, 4, () => [10]);
    writeBroken(join(base, '2'));
    const { status, stdout } = await ask('reload', '--json');
    expect(status).toBe(65);
    expect(JSON.parse(stdout).failed).toMatchObject([
      { model: 'linear', version: '2', code: 'TFD_OP_UNSUPPORTED' },
    ]);
    expect(workerPids(server).filter((pid) => before.includes(pid))).toEqual([]);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('workers share the connections, also those that come later', { timeout: LIMIT }, async () => {
    const { server, ask } = await serveWithSocket('--workers', '1');
    const load = startLoad(server.url, 16, () => [10]);
    await until(() => load.answered() > 100);
    await ask('scale', '2');
    await until(async () => {
      const workers = JSON.parse((await ask('workers', '--json')).stdout) as { connections: number }[];
      return workers.length === 2 && workers.every(({ connections }) => connections >= 4);
    });
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('says what is wrong', { timeout: LIMIT }, async () => {
    const nobody = await ctl('status', '--socket', join(tempFolder(), 'none'));
    expect([nobody.status, nobody.stderr.includes('no server answers')]).toEqual([69, true]);
    const typo = await ctl('relaod');
    expect([typo.status, typo.stderr.includes('did you mean reload?')]).toEqual([64, true]);
    const { ask } = await serveWithSocket('--workers', '1');
    expect((await ask('kill', '77')).stderr).toContain('there is no worker 77');
    expect((await ask('scale')).status).toBe(64);
  });
});
