import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  dropCache,
  endLater,
  isAlive,
  type Server,
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

function serveTwo(...args: string[]): Promise<Server> {
  const base = tempFolder();
  writeLinear(join(base, '1'), 10);
  return startServe([`linear=${base}`, '--workers', '2', '--threads', '1', ...args]);
}

const countReady = (server: Server) => [...server.log().matchAll(/worker \d+ \(pid \d+\) is ready/g)].length;

const listStarted = (server: Server) =>
  [...server.log().matchAll(/started a new program[^\n]*"pid":(\d+)/g)].map(([, pid]) => Number(pid));

/** Has the server start its successor; resolves with its pid once all its workers are ready. */
async function upgrade(server: Server): Promise<number> {
  const [ready, started] = [countReady(server), listStarted(server).length];
  server.child.kill('SIGUSR2');
  await until(() => listStarted(server).length > started);
  const pid = listStarted(server).at(-1) ?? 0;
  endLater(pid);
  await until(() => countReady(server) >= ready + 2);
  return pid;
}

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

describe('an upgrade of tfdeploy serve (acceptance 8)', () => {
  // Clients that connect anew meet the new program while its model is still loading.
  it.each([
    ['keep their connections', true],
    ['connect anew for each request', false],
  ])(
    'USR2, then TERM for the old one, without a failed request of clients that %s',
    {
      timeout: LIMIT,
    },
    async (_, keepAlive) => {
      const pidfile = join(tempFolder(), 'pid');
      const server = await serveTwo('--pidfile', pidfile);
      const load = startLoad(server.url, 8, () => [10], { keepAlive });
      await until(() => load.answered() > 100);
      const pid = await upgrade(server);
      const old = workerPids(server);
      server.child.kill('SIGTERM');
      await until(() => old.every((each) => !isAlive(each)));
      const after = load.answered();
      await until(() => load.answered() > after + 200);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(readFileSync(pidfile, 'utf8').trim()).toBe(String(pid));
    },
  );

  it('leaves the UNIX socket where it is', { timeout: LIMIT }, async () => {
    const path = join(tempFolder(), 'grpc');
    const server = await serveTwo('--grpc_socket_path', path);
    const { ino } = statSync(path);
    await upgrade(server);
    server.child.kill('SIGTERM');
    await until(() => !isAlive(server.child.pid ?? 0));
    expect(statSync(path).ino).toBe(ino);
    expect(await isAnswered(path)).toBe(true);
  });

  it('can be taken back by ending the new program, one at a time', { timeout: LIMIT }, async () => {
    const server = await serveTwo();
    const load = startLoad(server.url, 8, () => [10]);
    const pid = await upgrade(server);
    server.child.kill('SIGUSR2');
    await server.logged('a new program runs already');
    process.kill(pid, 'SIGTERM');
    await server.logged('the new program ended with status 0');
    const after = load.answered();
    await until(() => load.answered() > after + 200);
    await load.stop();
    expect(load.failures).toEqual([]);
    await upgrade(server);
  });
});
