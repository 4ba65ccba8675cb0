import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask } from './client.js';
import { identity, MemoryDirectory, memoryServable, renamed } from './memory-directory.js';

interface Document {
  readonly openapi: string;
  readonly paths: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema: unknown }> } }>
  >;
  readonly 'x-models': { name: string; signatures: { name: string; sample?: object }[] }[];
}

let server: HttpServer;
let port: number;

beforeAll(async () => {
  const directory = new MemoryDirectory([
    memoryServable('a b', 1n, {
      serving_default: identity('float32'),
      two: {
        inputs: { p: 'int64', q: 'string' },
        outputs: { p: 'int64', q: 'string' },
        run: renamed({ p: 'p', q: 'q' }),
      },
      examples: { inputs: { inputs: 'string' }, outputs: { scores: 'float32' }, run: (inputs) => inputs },
    }),
  ]);
  server = createHttpServer(directory, { registry: new Registry() });
  port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
});
afterAll(() => server.close());

describe('the documentation', () => {
  it('describes every path as it answers', async () => {
    const document = (await ask(port, '/openapi.json')).json as Document;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/v1/models/a%20b:predict');
    expect(Object.keys(document.paths)).toContain('/v1/models/a%20b:classify');
    for (const [path, methods] of Object.entries(document.paths)) {
      if ('get' in methods) expect((await ask(port, path)).status, path).toBe(200);
      if ('post' in methods) expect((await ask(port, path, { body: '' })).status, path).toBe(400);
    }
  });

  it('gives samples that the server takes', async () => {
    const { 'x-models': models } = (await ask(port, '/openapi.json')).json as Document;
    const samples = models[0]!.signatures.flatMap(({ sample }) => sample ?? []);
    expect(samples).toHaveLength(3);
    for (const sample of samples) {
      const answer = await ask(port, '/v1/models/a%20b:predict', { body: JSON.stringify(sample) });
      expect(answer.status, answer.text).toBe(200);
    }
  });

  it('is a page whose parts all come from this server', async () => {
    const page = await ask(port, '/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/https?:\/\//);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map((match) => match[1]!)
      .filter((part) => !part.startsWith('data:'));
    expect(parts.length).toBeGreaterThanOrEqual(3);
    for (const part of parts) expect((await ask(port, `/${part}`)).status, part).toBe(200);
  });
});
