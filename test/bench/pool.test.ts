import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/bench/clock.js';
import { Pool, type PoolOptions } from '../../src/bench/wire/pool.js';
import type { Outcome, Shot } from '../../src/bench/wire/shot.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const REQUEST = Buffer.from('POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n');
const servers: Server[] = [];
const pools: Pool[] = [];

afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
  for (const server of servers.splice(0)) server.close();
});

/** A server that hands every socket to `serve`; its port. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A pool and a promise of so many outcomes. */
function open(port: number, count: number, options: Partial<PoolOptions> = {}) {
  const outcomes: Outcome[] = [];
  let finish: (outcomes: Outcome[]) => void;
  const done = new Promise<Outcome[]>((resolve) => {
    finish = resolve;
  });
  const pool = new Pool({
    address: { host: '127.0.0.1', port },
    requests: [REQUEST],
    maxConnections: 64,
    timeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    onOutcome(outcome) {
      outcomes.push(outcome);
      if (outcomes.length === count) finish(outcomes);
    },
    ...options,
  });
  pools.push(pool);
  return { pool, done, outcomes };
}

function shot(): Shot {
  const nowMs = monotonicMs();
  return { payload: 0, intendedMs: nowMs, dispatchedMs: nowMs, sentMs: Number.NaN, window: 0 };
}

const kinds = (outcomes: readonly Outcome[]): (string | undefined)[] =>
  outcomes.map(({ failure }) => failure);

describe('Pool', () => {
  it('opens a connection for every request that waits', async () => {
    const sockets: Socket[] = [];
    const port = await listen((socket) => {
      sockets.push(socket);
      // Answers only when all have come: a pool that held one back would wait for ever.
      socket.once('data', () => {
        if (sockets.length === 10) for (const one of sockets) one.write(ANSWER);
      });
    });
    const { pool, done } = open(port, 10);
    for (let index = 0; index < 10; index++) pool.dispatch(shot());
    expect(kinds(await done)).toEqual(new Array(10).fill(undefined));
    expect(pool.connections).toBe(10);
    expect([pool.inFlight, pool.queued]).toEqual([0, 0]);
  });

  it('queues above its limit and uses connections again', async () => {
    let opened = 0;
    const port = await listen((socket) => {
      opened++;
      socket.on('data', () => socket.write(ANSWER));
    });
    const { pool, done } = open(port, 50, { maxConnections: 2 });
    for (let index = 0; index < 50; index++) pool.dispatch(shot());
    const outcomes = await done;
    expect(kinds(outcomes)).toEqual(new Array(50).fill(undefined));
    expect(opened).toBe(2);
    for (const { shot: sent, doneMs } of outcomes) expect(sent.sentMs).toBeLessThanOrEqual(doneMs);
  });

  it('fails each request once when the server hangs up, and goes on with the next', async () => {
    let count = 0;
    const port = await listen((socket) => {
      socket.on('data', () => {
        if (++count % 2 === 0) socket.write(ANSWER);
        else socket.destroy();
      });
    });
    const { pool, done } = open(port, 20, { maxConnections: 1 });
    for (let index = 0; index < 20; index++) pool.dispatch(shot());
    const outcomes = kinds(await done);
    expect(outcomes.filter((kind) => kind === 'closed')).toHaveLength(10);
    expect(outcomes.filter((kind) => kind === undefined)).toHaveLength(10);
    expect(pool.inFlight).toBe(0);
  });

  it('fails what is past its deadline, on its way or waiting', async () => {
    const port = await listen(() => {});
    const { pool, done } = open(port, 3, { maxConnections: 1, timeoutMs: 1 });
    for (let index = 0; index < 3; index++) pool.dispatch(shot());
    pool.sweep(monotonicMs() + 1_000);
    expect(kinds(await done)).toEqual(['timeout', 'timeout', 'timeout']);
  });

  it('tells of a connection that never comes up', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { pool, done } = open(port, 3);
    for (let index = 0; index < 3; index++) pool.dispatch(shot());
    const outcomes = await done;
    expect(kinds(outcomes)).toEqual(['connect', 'connect', 'connect']);
    expect(outcomes[0]!.detail).toContain('ECONNREFUSED');
    expect(outcomes[0]!.shot.sentMs).toBeNaN();
  });

  it('gives up everything when it is closed', async () => {
    const port = await listen(() => {});
    const { pool, done } = open(port, 4, { maxConnections: 2 });
    for (let index = 0; index < 3; index++) pool.dispatch(shot());
    pool.close();
    pool.dispatch(shot());
    expect(kinds(await done)).toEqual(['aborted', 'aborted', 'aborted', 'aborted']);
    expect([pool.inFlight, pool.connections]).toEqual([0, 0]);
  });

  it('drops a connection on which the server speaks unasked', async () => {
    let sawClose = (): void => {};
    const closed = new Promise<void>((resolve) => {
      sawClose = resolve;
    });
    const port = await listen((socket) => {
      socket.once('close', sawClose);
      socket.resume();
      socket.write(ANSWER);
    });
    const { pool, outcomes } = open(port, 1);
    pool.open(1);
    await closed;
    expect(pool.connections).toBe(0);
    expect(outcomes).toEqual([]);
  });
});
