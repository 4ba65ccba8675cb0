import { type ClientHttp2Session, connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { MessageReader } from '../../src/grpc/message-reader.js';
import { GRPC_SCHEMA } from '../../src/grpc/messages.js';
import { createGrpcServer, type GrpcServer } from '../../src/grpc/server.js';
import { parseTimeout } from '../../src/grpc/server-call.js';
import { encodeDetails } from '../../src/grpc/status.js';
import { encodeTensor } from '../../src/grpc/tensor-proto.js';
import { Registry } from '../../src/metrics/registry.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { identity, MemoryDirectory, memoryServable } from '../http/memory-directory.js';

const LIMIT = 1 << 16;
const directory = new MemoryDirectory([memoryServable('m', 1n, { serving_default: identity('float32') })]);
const registry = new Registry();

let server: GrpcServer;
let session: ClientHttp2Session;
let port = 0;
beforeAll(async () => {
  server = createGrpcServer(directory, { registry, maxMessageBytes: LIMIT });
  port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  session = connect(`http://127.0.0.1:${port}`);
});
afterAll(async () => {
  session.destroy();
  await server.close();
});

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const message = Buffer.from(
  encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
    model_spec: { name: 'm' },
    inputs: new Map([['x', encodeTensor(numericTensor('float32', [2], [1, 2]), false)]]),
  }),
);

function frame(bytes: Buffer, flag = 0): Buffer {
  const head = Buffer.from([flag, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

interface Answer {
  readonly http: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly bytes: Buffer;
}

function call(
  parts: readonly Buffer[],
  headers: Record<string, string> = {},
  over: ClientHttp2Session = session,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = over.request({
      ':method': 'POST',
      ':path': PREDICT,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const seen: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (fields) => Object.assign(seen, fields));
    stream.on('trailers', (fields) => Object.assign(seen, fields));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () =>
      resolve({
        http: Number(seen[':status']),
        code: seen['grpc-status'] as string | undefined,
        text: decodeURIComponent(String(seen['grpc-message'] ?? '')),
        bytes: Buffer.concat(chunks),
      }),
    );
    for (const part of parts) stream.write(part);
    stream.end();
  });
}

describe('the framing', () => {
  it('takes a message in pieces, compressed or not', async () => {
    const whole = await call([frame(message)]);
    expect(whole).toMatchObject({ http: 200, code: '0' });
    expect(whole.bytes.readUInt32BE(1)).toBe(whole.bytes.length - 5);
    const bytes = frame(message);
    const pieces = await call([...bytes].map((byte) => Buffer.from([byte])));
    expect(pieces.bytes.equals(whole.bytes)).toBe(true);
    const packed = await call([frame(gzipSync(message), 1)], { 'grpc-encoding': 'gzip' });
    expect(packed.bytes.equals(whole.bytes)).toBe(true);
  });

  it.each([
    ['no message', [], {}, '12', /no message/],
    ['two messages', [frame(message), frame(message)], {}, '12', /more than one/],
    ['half a message', [frame(message).subarray(0, 9)], {}, '13', /within a message/],
    ['another first byte', [frame(message, 7)], {}, '13', /begins with the byte 7/],
    ['a compression that was not named', [frame(gzipSync(message), 1)], {}, '13', /grpc-encoding/],
    ['a compression it does not know', [frame(message)], { 'grpc-encoding': 'br' }, '12', /"br"/],
    ['bytes that are not compressed so', [frame(message, 1)], { 'grpc-encoding': 'gzip' }, '13', /not gzip/],
    ['a message too large', [frame(Buffer.alloc(LIMIT + 1))], {}, '8', /larger than max/],
    [
      'one that inflates to too much',
      [frame(gzipSync(Buffer.alloc(1 << 22)), 1)],
      { 'grpc-encoding': 'gzip' },
      '8',
      /larger than max/,
    ],
    ['a timeout that is none', [frame(message)], { 'grpc-timeout': '12' }, '13', /grpc-timeout/],
    ['a method it has not', [frame(message)], { ':path': '/a.B/C' }, '12', /\/a\.B\/C/],
  ] as const)('refuses %s', async (_, parts, headers, code, text) => {
    const answer = await call(parts, headers);
    expect(answer).toMatchObject({ http: 200, code });
    expect(answer.text).toMatch(text);
  });

  it('answers what is not gRPC in HTTP', async () => {
    expect(await call([frame(message)], { 'content-type': 'application/json' })).toMatchObject({ http: 415 });
    expect(await call([], { ':method': 'PUT' })).toMatchObject({ http: 405 });
  });

  it('reads timeouts and writes messages as the protocol says', () => {
    expect(['1H', '2M', '3S', '4m', '5u', '6n', '', '1', '123456789S', '-1S'].map(parseTimeout)).toEqual([
      3_600_000,
      120_000,
      3000,
      4,
      5 * 1e-3,
      6 * 1e-6,
      ...Array(4).fill(undefined),
    ]);
    expect(encodeDetails('a b%\né')).toBe('a b%25%0A%C3%A9');
  });
});

describe('messages that are being read', () => {
  function readerOf(reading: { bytes: number; readonly most: number }) {
    const seen: string[] = [];
    const reader = new MessageReader(
      'identity',
      { receive: -1, reading },
      { message: (bytes) => seen.push(String(bytes.length)), broken: ({ name }) => seen.push(name) },
    );
    return { reader, seen };
  }

  it('are counted until they are whole, or dropped', () => {
    const reading = { bytes: 0, most: 100 };
    const { reader, seen } = readerOf(reading);
    reader.push(frame(Buffer.alloc(80)).subarray(0, 60));
    expect(reading.bytes).toBe(60);
    reader.push(
      Buffer.concat([Buffer.alloc(25), frame(Buffer.alloc(9)), frame(Buffer.alloc(50)).subarray(0, 20)]),
    );
    expect(seen).toEqual(['80', '9']);
    expect(reading.bytes).toBe(20);
    reader.drop();
    expect(reading.bytes).toBe(0);
  });

  it('are refused where they are too many together', () => {
    const reading = { bytes: 0, most: 100 };
    const [one, other] = [readerOf(reading), readerOf(reading)];
    one.reader.push(frame(Buffer.alloc(200)).subarray(0, 90));
    other.reader.push(frame(Buffer.alloc(200)).subarray(0, 90));
    expect([one.seen, other.seen]).toEqual([[], ['RESOURCE_EXHAUSTED']]);
    expect(reading.bytes).toBe(90);
  });
});

describe('channel arguments', () => {
  async function closeOf(channelArguments: Record<string, number>, isCalling: boolean): Promise<void> {
    const own = createGrpcServer(directory, { registry: new Registry(), channelArguments });
    const address = (await own.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
    const client = connect(`http://127.0.0.1:${address.port}`);
    const closed = new Promise<void>((resolve) => client.on('close', resolve));
    if (isCalling) expect((await call([frame(message)], {}, client)).code).toBe('0');
    await closed;
    await own.close();
  }

  it('end connections that are idle or old', async () => {
    await closeOf({ 'grpc.max_connection_idle_ms': 50 }, true);
    await closeOf({ 'grpc.max_connection_age_ms': 50, 'grpc.max_connection_age_grace_ms': 50 }, false);
  });

  it('bound what is sent', async () => {
    const own = createGrpcServer(directory, {
      registry: new Registry(),
      channelArguments: { 'grpc.max_send_message_length': 3, 'grpc.keepalive_time_ms': 20 },
    });
    const address = (await own.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
    const client = connect(`http://127.0.0.1:${address.port}`);
    expect(await call([frame(message)], {}, client)).toMatchObject({ code: '8' });
    client.destroy();
    await own.close();
  });
});
