import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TfdeployError } from '../../src/base/error.js';
import type { AccessEntry } from '../../src/http/options.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask, askRaw } from './client.js';
import { identity, MemoryDirectory, memoryServable } from './memory-directory.js';

let resolveHeld: (() => void) | undefined;
const directory = new MemoryDirectory(
  [
    memoryServable('m', 1n, {
      serving_default: identity('float32'),
      slow: {
        ...identity('float32'),
        run: (inputs) =>
          new Promise((resolve) => (resolveHeld = () => resolve(new Map([['y', inputs.get('x')!]])))),
      },
      broken: {
        ...identity('float32'),
        run: () => {
          throw new Error('a secret of the inside');
        },
      },
    }),
  ],
  { stable: 1n },
);
const registry = new Registry();
const accesses: AccessEntry[] = [];
const faults: unknown[] = [];
let server: HttpServer;
let port: number;

beforeAll(async () => {
  server = createHttpServer(directory, {
    registry,
    maxBodyBytes: 100_000,
    headersTimeoutMs: 500,
    requestTimeoutMs: 1000,
    servingMetricsPath: '/monitoring/prometheus/metrics',
    onAccess: (entry) => accesses.push(entry),
    onFault: (error) => faults.push(error),
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  port = (address as { port: number }).port;
});
afterAll(() => server.close());

const predict = '/v1/models/m:predict';
const body = '{"instances":[1.0,2.5]}';

describe('a prediction', () => {
  it('is answered', async () => {
    const answer = await ask(port, predict, { body });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('{"predictions": [1.0, 2.5]}');
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('shares a connection with the next ones, pipelined or not', async () => {
    const one = `POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const last = one.replace('Host: x', 'Host: x\r\nConnection: close');
    const text = await askRaw(port, one + one + last);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(text.match(/\{"predictions": \[1\.0, 2\.5\]\}/g)).toHaveLength(3);
  });

  it('may come in many chunks', async () => {
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join('');
    const text = await askRaw(
      port,
      `POST ${predict} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    expect(text).toContain('{"predictions": [1.0, 2.5]}');
  });

  it('may be compressed', async () => {
    const answer = await ask(port, predict, {
      body: gzipSync(body),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(answer.text).toBe('{"predictions": [1.0, 2.5]}');
    const bad = await ask(port, predict, { body: 'no gzip', headers: { 'content-encoding': 'gzip' } });
    expect([bad.status, bad.headers['x-tfdeploy-code']]).toEqual([400, 'TFD_INPUT_INVALID']);
    const other = await ask(port, predict, { body, headers: { 'content-encoding': 'zstd' } });
    expect(other.status).toBe(400);
  });

  it('is compressed for those who ask and large answers', async () => {
    const numbers = Array.from({ length: 9000 }, (_, index) => index / 4);
    const large = JSON.stringify({ instances: numbers });
    const answer = await ask(port, predict, { body: large, headers: { 'accept-encoding': 'gzip, br' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.bytes.length).toBeLessThan(large.length / 2);
    const plain = await ask(port, predict, { body: large });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.json).toEqual({ predictions: numbers });
  });

  it('tells its phases and echoes the request id when asked', async () => {
    const answer = await ask(port, predict, {
      body,
      headers: { 'x-tfdeploy-timing': '1', 'x-request-id': 'abc-1' },
    });
    expect(answer.headers['server-timing']).toMatch(
      /^read;dur=[\d.]+, decode;dur=[\d.]+, queue;dur=0\.100, compute;dur=0\.200, encode;dur=[\d.]+, total;dur=[\d.]+$/,
    );
    expect(answer.headers['x-request-id']).toBe('abc-1');
    expect(accesses.at(-1)).toMatchObject({ method: 'POST', path: predict, status: 200, requestId: 'abc-1' });
  });

  it('hides what went wrong inside, and reports it', async () => {
    const answer = await ask(port, predict, { body: '{"signature_name":"broken","instances":[1]}' });
    expect([answer.status, answer.text]).toEqual([500, '{"error": "Internal error"}']);
    expect(String(faults.at(-1))).toContain('a secret of the inside');
  });

  it('refuses a header that is not of its form', async () => {
    for (const [name, value] of Object.entries({
      'x-tfdeploy-deadline-ms': 'soon',
      'x-tfdeploy-priority': '1.5',
    })) {
      const answer = await ask(port, predict, { body, headers: { [name]: value } });
      expect([answer.status, answer.headers['x-tfdeploy-code']]).toEqual([400, 'TFD_INPUT_INVALID']);
    }
  });
});

describe('limits', () => {
  it('refuse a body that is announced too large, sent too large, or too large when inflated', async () => {
    const large = 'x'.repeat(200_000);
    const announced = await ask(port, predict, { body: large });
    expect([announced.status, announced.headers['x-tfdeploy-code']]).toEqual([413, 'TFD_BODY_TOO_LARGE']);
    const chunked = await ask(port, predict, { body: large, headers: { 'transfer-encoding': 'chunked' } });
    expect(chunked.status).toBe(413);
    const bomb = await ask(port, predict, {
      body: gzipSync(Buffer.alloc(50_000_000)),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(bomb.status).toBe(413);
  });

  it('answer a large body before it is sent to those who wait for 100-continue', async () => {
    const text = await askRaw(
      port,
      `POST ${predict} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    const small = await askRaw(
      port,
      `POST ${predict} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(small).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  it('hang up on headers and bodies that do not come', async () => {
    const [headers, slow] = await Promise.all([
      askRaw(port, 'POST /v1/models/m:predict HTTP/1.1\r\nHost:'),
      askRaw(port, `POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`),
    ]);
    expect(headers).toMatch(/^HTTP\/1\.1 408 /);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('hang up on what is no request, on oversized headers and on smuggling', async () => {
    const starts = [
      ['\u0016\u0003\u0001\u0002', 400],
      ['GET / HTTP/9.9\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
      [
        `POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        400,
      ],
      [`POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345`, 400],
      [`POST ${predict} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
      [`POST ${predict} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`, 400],
      [`POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n`, 400],
      [`POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n12345`, 400],
    ] as const;
    for (const [bytes, status] of starts) {
      const text = await askRaw(port, bytes);
      expect(text, bytes.slice(0, 120)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
    expect((await ask(port, predict, { body })).status).toBe(200);
  });
});

describe('other paths', () => {
  it('tell health, readiness, models', async () => {
    expect((await ask(port, '/healthz')).status).toBe(200);
    expect((await ask(port, '/readyz')).json).toMatchObject({
      ready: true,
      models: { m: [{ version: '1', state: 'AVAILABLE' }] },
    });
    directory.isReady = false;
    expect((await ask(port, '/readyz')).status).toBe(503);
    directory.isReady = true;
    expect((await ask(port, '/v1/models')).json).toMatchObject({
      models: [{ name: 'm', labels: { stable: '1' }, model_version_status: [{ version: '1' }] }],
    });
    expect((await ask(port, '/v1/models/m/labels/nope')).status).toBe(400);
    expect((await ask(port, '/nothing')).status).toBe(404);
    expect((await ask(port, '/healthz', { body: 'x' })).status).toBe(404);
  });

  it('tell metrics, ours and under the names of TensorFlow Serving', async () => {
    await ask(port, predict, { body });
    await ask(port, '/v1/models/none:predict', { body });
    const { text, headers } = await ask(port, '/metrics');
    expect(headers['content-type']).toContain('version=0.0.4');
    expect(text).toMatch(
      /tfdeploy_requests_total\{model="m",version="1",signature="serving_default",api="predict",protocol="rest",status="OK"\} \d+/,
    );
    expect(text).toMatch(
      /tfdeploy_requests_total\{model="",version="",signature="",api="predict",protocol="rest",status="NOT_FOUND"\} 1/,
    );
    expect(text).toMatch(/tfdeploy_phase_duration_seconds_count\{model="m",version="1",phase="decode"\} \d+/);
    expect(text).toMatch(/tfdeploy_bad_connections_total\{reason="timeout"\} 2/);
    const serving = await ask(port, '/monitoring/prometheus/metrics');
    expect(serving.text).toContain('# TYPE :tensorflow:serving:request_count counter');
    expect(serving.text).toMatch(
      /:tensorflow:serving:request_latency_count\{model_name="m",API="predict",entrypoint="REST"\} \d+/,
    );
    expect((await ask(port, '/monitoring/prometheus/metrics?x')).status).toBe(400);
  });
});

describe('a model on its way', () => {
  it('asks clients to come back, or is not there for a strict server', async () => {
    const loading = new MemoryDirectory([]);
    loading.find = () => {
      throw new TfdeployError('TFD_UNAVAILABLE', 'Servable is being loaded: Latest(m)', {
        details: { retryAfterSeconds: 2 },
      });
    };
    for (const strictTfs of [false, true]) {
      const own = createHttpServer(loading, { registry: new Registry(), strictTfs });
      const address = (await own.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
      const answer = await ask(address.port, predict, { body });
      const expected = strictTfs
        ? [404, '{"error": "Servable not found for request: Latest(m)"}', undefined]
        : [503, '{"error": "Servable is being loaded: Latest(m)"}', '2'];
      expect([answer.status, answer.text, answer.headers['retry-after']]).toEqual(expected);
      await own.close();
    }
  });
});

describe('a client that leaves', () => {
  it('aborts its request', async () => {
    let signal: AbortSignal | undefined;
    const own = new MemoryDirectory([
      memoryServable('m', 1n, {
        serving_default: {
          ...identity('float32'),
          run: (_inputs, request) => {
            signal = request.signal;
            socket.destroy();
            return new Promise((_resolve, reject) =>
              signal!.addEventListener('abort', () => reject(new Error('gone'))),
            );
          },
        },
      }),
    ]);
    const other = createHttpServer(own, { registry: new Registry() });
    const address = (await other.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
    const { connect } = await import('node:net');
    const socket = connect(address.port, '127.0.0.1');
    socket.write(`POST ${predict} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await new Promise((resolve) => socket.on('close', resolve));
    await expect.poll(() => other.inFlight).toBe(0);
    expect(signal?.aborted).toBe(true);
    await other.close();
  });
});

describe('draining', () => {
  it('finishes what runs, closes what is idle, and takes nothing new', async () => {
    const own = createHttpServer(directory, { registry: new Registry() });
    const address = (await own.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
    const idle = askRaw(address.port, '');
    const slow = ask(address.port, predict, { body: '{"signature_name":"slow","instances":[1]}' });
    await expect.poll(() => resolveHeld).toBeDefined();
    const drained = own.drain(10_000);
    await expect(ask(address.port, '/healthz')).rejects.toThrow('ECONNREFUSED');
    resolveHeld?.();
    const answer = await slow;
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    await drained;
    expect(await idle).toBe('');
    expect(own.connections).toBe(0);
  });
});
