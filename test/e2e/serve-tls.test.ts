import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type NumericTensor, numericTensor } from '../../src/base/tensor.js';
import { predict } from '../conformance/grpc-bench.js';
import { requireProgram } from '../fixtures/require-program.js';
import { GrpcClient } from '../grpc/client.js';
import { cleanUp, dropCache, launch, startServe, tempFolder, writeLinear } from './serve-harness.js';

afterEach(cleanUp);
afterAll(dropCache);

interface Pair {
  readonly key: string;
  readonly cert: string;
}

/** A key with a certificate for 127.0.0.1, signed by itself. */
function makePair(): Pair {
  const dir = tempFolder();
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=tfdeploy', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

function writeSsl(fields: Readonly<Record<string, string | boolean>>): string {
  const path = join(tempFolder(), 'ssl.config');
  const quote = (value: string | boolean) => (typeof value === 'string' ? JSON.stringify(value) : value);
  writeFileSync(
    path,
    Object.entries(fields)
      .map(([name, value]) => `${name}: ${quote(value)}`)
      .join('\n'),
  );
  return path;
}

const ask = async (client: GrpcClient) => {
  const { outputs } = await predict(client, { name: 'm' }, { x: numericTensor('float32', [1, 2], [1, 2]) });
  const y = outputs.get('y') as NumericTensor;
  return [...y.data];
};

describe.skipIf(!requireProgram('openssl'))('ssl_config_file', { timeout: 60_000 }, () => {
  async function start(ssl: string) {
    const base = join(tempFolder(), 'm');
    mkdirSync(base);
    writeLinear(join(base, '1'), 1);
    const server = await startServe([`m=${base}`, '--workers', '1', '--ssl_config_file', ssl]);
    const connect = (ca: string, own?: Pair) => {
      const [key, cert] = own === undefined ? [] : [Buffer.from(own.key), Buffer.from(own.cert)];
      return new GrpcClient(
        String(server.ready.grpc),
        credentials.createSsl(Buffer.from(ca), key ?? null, cert ?? null),
      );
    };
    return { server, connect };
  }

  it('answers gRPC over TLS, and plain clients not', async () => {
    const pair = makePair();
    const { server, connect } = await start(writeSsl({ server_key: pair.key, server_cert: pair.cert }));
    const [secure, plain, stranger] = [
      connect(pair.cert),
      new GrpcClient(String(server.ready.grpc)),
      connect(makePair().cert),
    ];
    try {
      expect(await ask(secure)).toEqual([8, 12]);
      await expect(ask(plain)).rejects.toMatchObject({ code: expect.any(Number) });
      await expect(ask(stranger)).rejects.toMatchObject({ details: expect.stringMatching(/certificate/) });
    } finally {
      for (const client of [secure, plain, stranger]) client.close();
    }
  });

  it('asks clients for a certificate where it is told to', async () => {
    const [own, guest] = [makePair(), makePair()];
    const ssl = writeSsl({
      server_key: own.key,
      server_cert: own.cert,
      custom_ca: guest.cert,
      client_verify: true,
    });
    const { connect } = await start(ssl);
    const [known, unknown] = [connect(own.cert, guest), connect(own.cert)];
    try {
      expect(await ask(known)).toEqual([8, 12]);
      await expect(ask(unknown)).rejects.toMatchObject({ code: expect.any(Number) });
    } finally {
      for (const client of [known, unknown]) client.close();
    }
  });

  it('ends the start when it is no key', async () => {
    const ssl = writeSsl({ server_key: 'none', server_cert: 'none' });
    const model = join(tempFolder(), '1');
    writeLinear(model, 1);
    const { ended, log } = launch(['--rest_api_port', '0', `m=${model}`, '--ssl_config_file', ssl]);
    expect(await ended).not.toBe(0);
    expect(log()).toContain('ssl_config_file');
  });
});
