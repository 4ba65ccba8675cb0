import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  dropCache,
  isAlive,
  type Server,
  send,
  startLoad,
  startServe,
  tempFolder,
  until,
  workerPids,
  writeLinear,
} from './serve-harness.js';

const LIMIT = 90_000;

afterEach(cleanUp);
afterAll(dropCache);

function modelDir(): string {
  const base = tempFolder();
  writeLinear(join(base, '1'), 10);
  return base;
}

const serveTwo = (...args: string[]): Promise<Server> =>
  startServe([`linear=${modelDir()}`, '--workers', '2', '--threads', '1', ...args]);

describe('the processes of tfdeploy serve', () => {
  it('SIGTERM under load: no request fails and the status is 0', { timeout: LIMIT }, async () => {
    const server = await serveTwo();
    const load = startLoad(server.url, 16, () => [10], { canEnd: true });
    await until(() => load.answered() > 300);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('SIGHUP under load: every worker is replaced and no request fails', { timeout: LIMIT }, async () => {
    const server = await serveTwo();
    const before = workerPids(server);
    const load = startLoad(server.url, 16, () => [10]);
    await until(() => load.answered() > 200);
    server.child.kill('SIGHUP');
    await until(() => {
      const now = workerPids(server);
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    const after = load.answered();
    await until(() => load.answered() > after + 200);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('SIGHUP with a configuration that is wrong changes nothing and says why', {
    timeout: LIMIT,
  }, async () => {
    const config = join(tempFolder(), 'tfdeploy.yaml');
    writeFileSync(config, 'workers: 1\n');
    const server = await startServe([`linear=${modelDir()}`, '--config', config]);
    const before = workerPids(server);
    writeFileSync(config, 'workers: none\n');
    server.child.kill('SIGHUP');
    await server.logged('reload refused, nothing is changed: workers: should be auto or a positive integer');
    writeFileSync(config, 'workers: 2\n');
    server.child.kill('SIGHUP');
    await until(() => workerPids(server).filter((pid) => !before.includes(pid)).length === 2);
    expect((await send(`${server.url}/v1/models/linear:predict`, '{"instances": [[1, 2]]}')).status).toBe(
      200,
    );
  });

  it('acceptance 12: a worker killed from outside is replaced, and the other one answers meanwhile', {
    timeout: LIMIT,
  }, async () => {
    const server = await serveTwo();
    const [victim = 0] = workerPids(server);
    process.kill(victim, 'SIGKILL');
    await server.logged('Perhaps out of memory?');
    expect((await send(`${server.url}/v1/models/linear:predict`, '{"instances": [[1, 2]]}')).status).toBe(
      200,
    );
    await until(() => workerPids(server).filter((pid) => pid !== victim).length === 2);
    await server.logged(/worker 3 \(pid \d+\) is ready/);
  });

  it('acceptance 11: workers end when the supervisor is killed', { timeout: LIMIT }, async () => {
    const server = await serveTwo();
    const pids = workerPids(server);
    server.child.kill('SIGKILL');
    await until(() => pids.every((pid) => !isAlive(pid)));
  });

  it('SIGINT ends at once, and a second SIGTERM cuts the draining short', { timeout: LIMIT }, async () => {
    const quick = await serveTwo();
    quick.child.kill('SIGINT');
    expect(await quick.ended).toBe(0);
    const server = await serveTwo('--graceful-timeout', '60');
    server.child.kill('SIGTERM');
    await server.logged('draining');
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('USR1 opens the log file anew', { timeout: LIMIT }, async () => {
    const file = join(tempFolder(), 'tfdeploy.log');
    const server = await serveTwo('--log-file', file, '--access-log', file);
    writeFileSync(file, '');
    server.child.kill('SIGUSR1');
    await until(async () => {
      await send(`${server.url}/v1/models/linear:predict`, '{"instances": [[1, 2]]}');
      return readFileSync(file, 'utf8').includes('/v1/models/linear:predict');
    });
  });
});
