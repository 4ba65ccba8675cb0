import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { type RunningChild, startChild, startTfdeploy } from '../fixtures/child.js';
import { requireProgram } from '../fixtures/require-program.js';

const EXAMPLE = join(packageRoot(), 'examples/digits');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!requireProgram('nginx'))('a generated project behind a real nginx', () => {
  const root = mkdtempSync(join(tmpdir(), 'tfdeploy-nginx-'));
  const project = join(root, 'project');
  let serve: RunningChild;
  let nginx: RunningChild;
  let base: string;

  beforeAll(async () => {
    const [listenPort, restPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
    const ports = ['--listen-port', listenPort, '--rest-port', restPort, '--grpc-port', grpcPort].map(String);
    const bin = join(packageRoot(), 'bin/tfdeploy.js');
    await execa(process.execPath, [
      bin,
      'init',
      project,
      '--model',
      join(EXAMPLE, 'model'),
      '--target',
      'vm',
      '--yes',
      ...ports,
    ]);
    serve = startTfdeploy(['serve', '--config', join(project, 'tfdeploy.yaml')], {
      cwd: project,
      env: { ...process.env, XDG_CACHE_HOME: join(root, 'cache') },
    });
    await serve.waitFor(/^ready /m);
    const prefix = join(root, 'nginx');
    mkdirSync(prefix);
    const site = readFileSync(join(project, 'deploy/nginx/model.conf'), 'utf8').replace(
      /access_log \S+/,
      `access_log ${prefix}/access.log`,
    );
    writeFileSync(join(prefix, 'site.conf'), site);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${prefix}/${name};`)
      .join(' ');
    writeFileSync(
      join(prefix, 'nginx.conf'),
      `daemon off; master_process off; pid ${prefix}/pid; error_log stderr notice;
       events { worker_connections 64; } http { ${temp} access_log off; include ${prefix}/site.conf; }`,
    );
    nginx = startChild('nginx', ['-c', join(prefix, 'nginx.conf'), '-p', prefix]);
    await nginx.waitFor(/start worker process|using the "epoll"/);
    base = `http://127.0.0.1:${listenPort}`;
  });

  afterAll(async () => {
    await nginx?.stop();
    await serve?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const post = (path: string, body: string) =>
    fetch(base + path, { method: 'POST', body, signal: AbortSignal.timeout(10_000) });

  it('answers a prediction as TensorFlow did', async () => {
    const response = await post(
      '/v1/models/model:predict',
      readFileSync(join(EXAMPLE, 'request.json'), 'utf8'),
    );
    expect(response.status).toBe(200);
    const { predictions } = (await response.json()) as {
      predictions: { digit: number; probabilities: number[] }[];
    };
    const expected = JSON.parse(readFileSync(join(EXAMPLE, 'expected.json'), 'utf8')) as {
      digit: number[];
      probabilities: number[][];
    };
    expect(predictions.map(({ digit }) => digit)).toEqual(expected.digit);
    predictions.forEach(({ probabilities }, row) => {
      probabilities.forEach((value, column) => {
        expect(Math.abs(value - (expected.probabilities[row]?.[column] ?? 0))).toBeLessThan(1e-5);
      });
    });
  });

  it('keeps a sane request id and writes one JSON line for each request', async () => {
    await fetch(`${base}/v1/models/model`, {
      headers: { 'x-request-id': 'abc-12345' },
      signal: AbortSignal.timeout(10_000),
    });
    const lines = readFileSync(join(root, 'nginx/access.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ request_id: 'abc-12345', status: 200, uri: '/v1/models/model' });
  });

  it('lets nothing else through', async () => {
    expect((await fetch(`${base}/`, { signal: AbortSignal.timeout(10_000) })).status).toBe(404);
    expect(
      (await fetch(`${base}/v1/models/model:predict`, { signal: AbortSignal.timeout(10_000) })).status,
    ).toBe(403);
    expect(
      (await fetch(`${base}/v1/models/model`, { method: 'DELETE', signal: AbortSignal.timeout(10_000) }))
        .status,
    ).toBe(403);
  });

  it('refuses a body above the limit with JSON', async () => {
    const response = await post('/v1/models/model:predict', 'x'.repeat(2 * 2 ** 20));
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: 'the request body is larger than 1 MiB' });
  });

  it('answers 503 with Retry-After when the server is gone', async () => {
    expect(await serve.stop()).toBe(0);
    const response = await post('/v1/models/model:predict', '{}');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });
});
