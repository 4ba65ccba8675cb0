import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { GRPC_SCHEMA } from '../../src/grpc/messages.js';
import { decodeTensor, encodeTensor } from '../../src/grpc/tensor-proto.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import {
  answerOf,
  cleanUp,
  dropCache,
  launch,
  send,
  startServe,
  tempFolder,
  until,
  workerPids,
  writeLinear,
} from '../e2e/serve-harness.js';
import { requireProgram } from '../fixtures/require-program.js';
import { GrpcClient } from './client.js';

const SLOW = 60_000;
const PREDICT = '/tensorflow.serving.PredictionService/Predict';

const clients: { close(): void }[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  cleanUp();
});
afterAll(dropCache);

function connect(address: unknown): GrpcClient {
  const client = new GrpcClient(String(address));
  clients.push(client);
  return client;
}

function model(): string {
  const base = join(tempFolder(), 'linear');
  mkdirSync(base);
  writeLinear(join(base, '1'), 10);
  return `linear=${base}`;
}

const requestBytes = (a: number, b: number) =>
  encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
    model_spec: { name: 'linear' },
    inputs: new Map([['x', encodeTensor(numericTensor('float32', [1, 2], [a, b]), false)]]),
  });

function readAnswer(bytes: Uint8Array) {
  const answer = decodeMessage(GRPC_SCHEMA, 'PredictResponse', bytes);
  const [output] = [...answer.outputs.values()];
  return { output, values: [...(decodeTensor(output ?? new Uint8Array(), 'y').data as Float32Array)] };
}

describe('tfdeploy serve over gRPC', { timeout: SLOW }, () => {
  it('answers on the port and the UNIX socket, loaded by the first client, and counts what it answered', async () => {
    const path = join(tempFolder(), 'grpc.sock');
    const server = await startServe([
      model(),
      ...['--workers', '1', '--grpc_socket_path', path, '--log-level', 'debug'],
      '--enable_serialization_as_tensor_content',
    ]);
    expect(server.ready.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await send(`${server.url}/readyz`)).status).toBe(200);
    expect(server.log()).not.toContain('gRPC is loaded');
    for (const address of [server.ready.grpc, `unix:${path}`]) {
      const { values, output } = readAnswer(await connect(address).callBytes(PREDICT, requestBytes(1, 2)));
      expect(values).toEqual(answerOf([1, 2], 10));
      const { tensor_content: content } = decodeMessage(
        GRPC_SCHEMA,
        'TensorProto',
        output ?? new Uint8Array(),
      );
      expect(content).toHaveLength(8);
    }
    expect(server.log()).toContain('gRPC is loaded for its first client');
    await expect(connect(server.ready.grpc).callBytes(PREDICT, new Uint8Array())).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    const { body } = await send(`${server.url}/metrics`);
    const counts = body
      .split('\n')
      .filter((line) => line.startsWith('tfdeploy_requests_total') && line.includes('protocol="grpc"'));
    expect(counts.map((line) => [/model="(\w*)"/.exec(line)?.[1], line.split(' ').at(-1)])).toEqual(
      expect.arrayContaining([
        ['linear', '2'],
        ['', '1'],
      ]),
    );
  });

  it('port 0 turns it off, a port in use is told', async () => {
    const off = await startServe([model(), '--workers', '1', '--port', '0']);
    expect(off.ready.grpc).toBeNull();
    const on = await startServe([model(), '--workers', '1', '--port', 'auto']);
    const port = String(on.ready.grpc).split(':')[1] ?? '';
    const taken = launch([model(), '--rest_api_port', '0', '--port', port]);
    expect(await taken.ended).toBe(69);
    expect(taken.log()).toContain('is taken by another process');
    expect(taken.log()).toContain('--port auto');
    const wrong = launch([model(), '--rest_api_port', '0', '--port', 'any']);
    expect(await wrong.ended).toBe(78);
    expect(wrong.log()).toContain('an integer or auto');
  });

  it('takes the arguments of the channel, and names those that mean nothing', async () => {
    const limits = 'grpc.max_receive_message_length=1000,grpc.lb_policy_name=x';
    const server = await startServe([model(), '--workers', '1', '--grpc_channel_arguments', limits]);
    expect(server.log()).toContain('grpc.lb_policy_name has no effect');
    const client = connect(server.ready.grpc);
    await expect(client.callBytes(PREDICT, new Uint8Array(2000))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect(readAnswer(await client.callBytes(PREDICT, requestBytes(1, 2))).values).toEqual(
      answerOf([1, 2], 10),
    );
  });

  it('a reload under load fails no call, and the end of the process waits for calls', async () => {
    const server = await startServe([model(), '--workers', '2']);
    const failures: string[] = [];
    let answered = 0;
    let isStopping = false;
    const run = async (client: GrpcClient): Promise<void> => {
      for (let count = 0; !isStopping; count++) {
        const row = [count % 10, 1] as const;
        try {
          const { values } = readAnswer(await client.callBytes(PREDICT, requestBytes(...row), 20_000));
          if (String(values) === String(answerOf(row, 10))) answered++;
          else failures.push(`wrong answer ${values}`);
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    const runs = Array.from({ length: 4 }, () => run(connect(server.ready.grpc)));
    await until(() => answered > 100);
    const before = workerPids(server);
    server.child.kill('SIGHUP');
    await until(() => workerPids(server).every((pid) => !before.includes(pid)));
    const seen = answered;
    await until(() => answered > seen + 100);
    isStopping = true;
    await Promise.all(runs);
    expect(failures).toEqual([]);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it.runIf(requireProgram('openssl'))('speaks TLS with the keys of ssl_config_file', async () => {
    const dir = tempFolder();
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert],
    ]);
    const quote = (path: string) => JSON.stringify(readFileSync(path, 'utf8'));
    const config = join(dir, 'ssl.config');
    writeFileSync(
      config,
      `server_key: ${quote(key)} server_cert: ${quote(cert)} custom_ca: ${quote(cert)} client_verify: true`,
    );
    const server = await startServe([model(), '--workers', '1', '--ssl_config_file', config]);
    const call = (channel: ReturnType<typeof credentials.createSsl>) => {
      const client = new Client(String(server.ready.grpc), channel);
      clients.push(client);
      return new Promise<Buffer>((resolve, reject) =>
        client.makeUnaryRequest(
          PREDICT,
          (bytes: Uint8Array) => Buffer.from(bytes),
          (bytes: Buffer) => bytes,
          requestBytes(1, 2),
          new Metadata(),
          { deadline: Date.now() + 5000 },
          (error: ServiceError | null, bytes?: Buffer) =>
            error ? reject(error) : resolve(bytes ?? Buffer.alloc(0)),
        ),
      );
    };
    const [ca, own] = [readFileSync(cert), readFileSync(key)];
    expect(readAnswer(await call(credentials.createSsl(ca, own, ca))).values).toEqual(answerOf([1, 2], 10));
    await expect(call(credentials.createSsl(ca))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    writeFileSync(config, `server_key: "x" server_cert: ${quote(cert)}`);
    const wrong = launch([model(), '--rest_api_port', '0', '--ssl_config_file', config]);
    expect(await wrong.ended).toBe(78);
    expect(wrong.log()).toContain('ssl_config_file');
    expect(wrong.log()).not.toContain('PRIVATE');
  });
});
