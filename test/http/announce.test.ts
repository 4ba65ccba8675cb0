import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { TfdeployError } from '../../src/base/error.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { identity, MemoryDirectory, memoryServable } from './memory-directory.js';

let server: HttpServer | undefined;
afterEach(() => server?.close());

/** A server that says `late` to announced requests while `isFull`, and counts those that are announced. */
async function startServer() {
  const state = { isFull: true, announced: 0, port: 0 };
  const servable = {
    ...memoryServable('m', 1n, { serving_default: identity('float32') }),
    announce() {
      if (state.isFull)
        throw new TfdeployError('TFD_OVERLOADED', 'late', { details: { retryAfterSeconds: 2 } });
      state.announced++;
      return { renew: () => {}, withdraw: () => void state.announced-- };
    },
  };
  server = createHttpServer(new MemoryDirectory([servable]), { registry: new Registry() });
  state.port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  return state;
}

const body = `{"instances":[${'1.0,'.repeat(1000)}1.0]}`;
const head = (more = '') =>
  `POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${body.length}\r\n\r\n`;

/** A connection with what came back on it so far. */
function open(port: number) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let look: () => void = () => {};
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    look();
  });
  const seen = (part: string) =>
    new Promise<string>((resolve) => {
      look = () => {
        if (!text.includes(part)) return;
        const all = text;
        text = '';
        resolve(all);
      };
      look();
    });
  return { socket, seen };
}

it('a request that would be late is refused before its body is sent, and its connection goes on', async () => {
  const state = await startServer();
  const { socket, seen } = open(state.port);
  socket.write(head());
  const refused = await seen('"late"}');
  expect(refused).toMatch(/^HTTP\/1.1 503 /);
  expect(refused).toMatch(/\r\nRetry-After: 2\r\n/);
  state.isFull = false;
  socket.write(body + head());
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(body);
  expect(await seen('1.0]}')).toMatch(/^HTTP\/1.1 200 /);
  expect(state.announced).toBe(0);
  socket.destroy();
});

it('a body that would be refused is not asked for', async () => {
  const state = await startServer();
  const { socket, seen } = open(state.port);
  socket.write(head('Expect: 100-continue\r\nConnection: close\r\n'));
  expect(await seen('"late"}')).toMatch(/^HTTP\/1.1 503 /);
  socket.destroy();
  state.isFull = false;
  const next = open(state.port);
  next.socket.write(head('Expect: 100-continue\r\n'));
  await next.seen('HTTP/1.1 100 Continue');
  expect(state.announced).toBe(1);
  next.socket.write(body);
  await next.seen('HTTP/1.1 200 ');
  expect(state.announced).toBe(0);
  next.socket.destroy();
});

it('a client that leaves in the middle of its body does not count any more', async () => {
  const state = await startServer();
  state.isFull = false;
  const { socket, seen } = open(state.port);
  socket.write(head('Expect: 100-continue\r\n'));
  await seen('HTTP/1.1 100 Continue');
  socket.write(body.slice(0, 10));
  socket.destroy();
  while (state.announced > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
