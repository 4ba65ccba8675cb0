import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { GRPC_SCHEMA } from '../../src/grpc/messages.js';
import {
  createGrpcServer,
  type GrpcAccessEntry,
  type GrpcOptions,
  type GrpcServer,
} from '../../src/grpc/server.js';
import { encodeTensor } from '../../src/grpc/tensor-proto.js';
import { exposeMetrics } from '../../src/metrics/exposition.js';
import { Registry } from '../../src/metrics/registry.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { identity, MemoryDirectory, memoryServable } from '../http/memory-directory.js';

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
let server: GrpcServer | undefined;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await server?.close();
});

async function start(options: Partial<GrpcOptions>) {
  const directory = new MemoryDirectory([memoryServable('m', 1n, { serving_default: identity('float32') })]);
  const registry = new Registry();
  server = createGrpcServer(directory, { registry, ...options });
  const { port } = (await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return registry;
}

function predictBytes(name: string, count: number): Buffer {
  const x = encodeTensor(numericTensor('float32', [count], new Array(count).fill(1)), true);
  return Buffer.from(
    encodeMessage(GRPC_SCHEMA, 'PredictRequest', { model_spec: { name }, inputs: new Map([['x', x]]) }),
  );
}

/** The name of the status that a call ends with. */
function ask(bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve) =>
    client?.makeUnaryRequest(
      PREDICT,
      (value: Buffer) => value,
      (value: Buffer) => value,
      bytes,
      metadata,
      { deadline: Date.now() + 10_000 },
      (error) => resolve(status[error?.code ?? status.OK] ?? ''),
    ),
  );
}

describe('the gRPC interface', () => {
  it('writes an access log', async () => {
    const entries: GrpcAccessEntry[] = [];
    await start({ onAccess: (entry) => entries.push(entry) });
    const bytes = predictBytes('m', 3);
    expect(await ask(bytes, { 'x-request-id': 'abc-1' })).toBe('OK');
    expect(await ask(predictBytes('nope', 3))).toBe('NOT_FOUND');
    expect(entries).toMatchObject([
      { method: 'gRPC', path: PREDICT, status: 'OK', receivedBytes: bytes.length, requestId: 'abc-1' },
      { path: PREDICT, status: 'NOT_FOUND', sentBytes: 0, requestId: undefined },
    ]);
    expect(entries[0]?.sentBytes).toBeGreaterThan(12);
    expect(entries[0]?.remote).toBe('127.0.0.1');
  });

  it("counts under TensorFlow Serving's names where they are asked for", async () => {
    const registry = await start({ hasServingNames: true });
    await ask(predictBytes('m', 1));
    await ask(predictBytes('nope', 1));
    const text = exposeMetrics(registry.snapshot(), 'serving');
    expect(text).toContain(':tensorflow:serving:request_count{model_name="m",status="OK"} 1\n');
    expect(text).toContain(':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} 1\n');
    expect(text).toMatch(/request_latency_count\{model_name="m",API="Predict",entrypoint="GRPC"\} 1\n/);
  });
});
