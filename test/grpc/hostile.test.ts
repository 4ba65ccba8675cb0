import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { GRPC_SCHEMA } from '../../src/grpc/messages.js';
import { createGrpcServer, type GrpcServer } from '../../src/grpc/server.js';
import { encodeTensor } from '../../src/grpc/tensor-proto.js';
import { Registry } from '../../src/metrics/registry.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { constant, identity, MemoryDirectory, memoryServable } from '../http/memory-directory.js';
import { GrpcClient } from './client.js';
import { fuzz } from './fuzz.js';

const example = { inputs: { inputs: 'string' as const } };
/** Signals of requests to `slow`, which answers when its client has gone. */
const signals: AbortSignal[] = [];
let started: () => void = () => {};

const directory = new MemoryDirectory([
  memoryServable('m', 1n, {
    serving_default: identity('float32'),
    regress: { ...constant({ outputs: numericTensor('float32', [2], [1, 2]) }), ...example },
    slow: {
      inputs: {},
      outputs: { y: 'float32' },
      run: (_, { signal }) =>
        new Promise((resolve) => {
          if (signal === undefined) throw new Error('no signal');
          signals.push(signal);
          signal.addEventListener('abort', () => resolve(new Map()));
          started();
        }),
    },
  }),
]);

let server: GrpcServer;
let client: GrpcClient;
let port = 0;
beforeAll(async () => {
  server = createGrpcServer(directory, { registry: new Registry(), maxMessageBytes: 1 << 20 });
  port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
});
beforeEach(() => {
  client?.close();
  client = new GrpcClient(port);
});
afterAll(async () => {
  client.close();
  await server.close();
});

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const x = encodeTensor(numericTensor('float32', [2], [1, 2]), false);
const predictBytes = encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
  model_spec: { name: 'm', version: { value: 1n }, signature_name: 'serving_default' },
  inputs: new Map([['x', x]]),
  output_filter: ['y'],
});
const slowBytes = encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
  model_spec: { name: 'm', signature_name: 'slow' },
});

async function expectAlive(): Promise<void> {
  const fresh = new GrpcClient(port);
  expect((await fresh.callBytes(PREDICT, predictBytes)).length).toBeGreaterThan(0);
  fresh.close();
}

const until = async (test: () => boolean): Promise<void> => {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('deadlines and cancelled calls', () => {
  it('a deadline ends the call and the work for it', async () => {
    await expect(client.callBytes(PREDICT, slowBytes, 100)).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await until(() => signals.at(-1)?.aborted === true && server.inFlight === 0);
  });

  it('a cancelled call and a lost connection end the work for them', async () => {
    for (const leave of ['cancel', 'disconnect'] as const) {
      const running = new Promise<void>((resolve) => {
        started = resolve;
      });
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on('error', () => {});
      const stream = session.request({
        ':method': 'POST',
        ':path': PREDICT,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      stream.write(frame(slowBytes));
      stream.end();
      await running;
      expect(signals.at(-1)?.aborted).toBe(false);
      if (leave === 'cancel') stream.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      await until(() => signals.at(-1)?.aborted === true && server.inFlight === 0);
      session.destroy();
    }
  });
});

function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const MESSAGES = 1500;

describe('hostile bytes', () => {
  it(`${MESSAGES} changed messages are answered with a status of the protocol`, {
    timeout: 120_000,
  }, async () => {
    const { codes, strange } = await fuzz(client, MESSAGES, 'm', 'regress');
    expect(strange).toEqual([]);
    expect(codes.get(status.INVALID_ARGUMENT)).toBeGreaterThan(100);
    await expectAlive();
  });

  it('a message above the limit is refused with a status, the connection stays', async () => {
    await expect(client.callBytes(PREDICT, new Uint8Array(2 << 20))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect((await client.callBytes(PREDICT, predictBytes)).length).toBeGreaterThan(0);
  });

  it('a frame that claims more than it has, and one compressed into something larger', async () => {
    for (const bytes of [
      Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]),
      Buffer.from([1, 0, 0, 0, 2, 31, 139]),
    ]) {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on('error', () => {});
      const ended = new Promise<void>((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': PREDICT,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => {});
        stream.on('close', resolve);
        stream.resume();
        stream.end(bytes);
      });
      await ended;
      session.destroy();
    }
    await until(() => server.inFlight === 0);
    await expectAlive();
  });

  it('bytes that are not HTTP/2 end their connection only', async () => {
    for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\xff']) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(text));
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    await expectAlive();
  });

  it('rapid reset: the server ends the connection that does it, others are answered', {
    timeout: 60_000,
  }, async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const closed = new Promise<void>((resolve) => session.on('close', resolve));
    session.on('error', () => {});
    let isOpen = true;
    session.on('goaway', () => {
      isOpen = false;
    });
    let sent = 0;
    for (; sent < 20_000 && isOpen && !session.destroyed; sent++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': PREDICT,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      stream.write(frame(predictBytes));
      stream.close(constants.NGHTTP2_CANCEL);
      if (sent % 100 !== 99) continue;
      await client.callBytes(PREDICT, predictBytes);
    }
    expect(isOpen).toBe(false);
    expect(sent).toBeLessThan(20_000);
    session.destroy();
    await closed;
    await until(() => server.inFlight === 0);
    await expectAlive();
  });
});
