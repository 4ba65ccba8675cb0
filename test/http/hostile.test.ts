import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { decodeExamples } from '../../src/http/codec/example.js';
import { readInferRequest } from '../../src/http/oip/infer-request.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask, askRaw } from './client.js';
import { signatureOf } from './codec/signature.js';
import { identity, MemoryDirectory, memoryServable, renamed } from './memory-directory.js';

/** Pieces of which wrong requests are made. */
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  'null',
  'true',
  'NaN',
  '-',
  '1',
  '1e999',
  '0.5',
  '"x"',
  '"b64"',
  '"a\\ud800"',
  '\u0000',
  '"instances"',
  '"inputs"',
  '"signature_name"',
  '"examples"',
  '"context"',
  '"outputs"',
  '"parameters"',
  '"id"',
  '"name"',
  '"shape"',
  '"datatype"',
  '"data"',
  '"FP32"',
  '"BYTES"',
  '"binary_data_size"',
  '"binary_data_output"',
  '"serving_default"',
  '"two"',
];
/** Values of a wrong type or size for any field. */
const WRONG = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'x',
  '\u0000',
  [],
  [[]],
  [[1], [1, 2]],
  {},
  { b64: 1 },
  { b64: '***' },
  { name: {} },
  'a'.repeat(3000),
);

const soup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join(''));

/** Well-formed requests, one field of which is replaced. */
function spoiled(good: object): fc.Arbitrary<string> {
  const paths: (readonly (string | number)[])[] = [];
  const walk = (value: unknown, path: readonly (string | number)[]) => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value))
      walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  walk(good, []);
  return fc.tuple(fc.constantFrom(...paths), WRONG).map(([path, wrong]) => {
    const copy = { root: structuredClone(good) } as Record<string, unknown>;
    let at = copy as Record<string | number, unknown>;
    const full = ['root', ...path];
    for (const key of full.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
    at[full.at(-1)!] = wrong;
    return JSON.stringify(copy.root);
  });
}

const PREDICT = {
  signature_name: 'serving_default',
  instances: [
    [1, 2],
    [3, 4],
  ],
};
const NAMED = {
  signature_name: 'two',
  instances: [
    { a: [1], b: 'x' },
    { a: [2], b: { b64: 'aGk=' } },
  ],
};
const EXAMPLES = {
  signature_name: 's',
  context: { q: 'x' },
  examples: [{ a: 1, b: [1.5], c: ['x', { b64: 'aGk=' }], d: true }],
};
const INFER = {
  id: '1',
  parameters: { signature_name: 'serving_default', binary_data_output: true },
  inputs: [
    { name: 'x', shape: [2, 1], datatype: 'FP32', parameters: { binary_data_size: 8 }, data: [[1], [2]] },
  ],
  outputs: [{ name: 'y', parameters: { binary_data: true } }],
};

function expectCoded(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!isTfdeployError(error)) throw error;
    expect(error.row.http).toBeGreaterThanOrEqual(400);
    expect(error.row.http).toBeLessThan(502);
    expect(error.code).not.toBe('TFD_BUG');
  }
}

describe('hostile bodies, read in this process', () => {
  it('of classify and regress give examples or a coded error', () => {
    fc.assert(
      fc.property(fc.oneof(soup, spoiled(EXAMPLES)), (body) =>
        expectCoded(() => decodeExamples(Buffer.from(body))),
      ),
      { numRuns: 10_000 },
    );
  });

  it('of the v2 protocol give tensors or a coded error', () => {
    const signature = signatureOf({ x: 'float32' });
    const lengths = fc.option(fc.nat(400), { nil: undefined });
    fc.assert(
      fc.property(
        fc.oneof(soup, spoiled(INFER)),
        fc.uint8Array({ maxLength: 20 }),
        lengths,
        (json, blob, length) => {
          const body = Buffer.concat([Buffer.from(json), blob]);
          expectCoded(() =>
            readInferRequest(
              body,
              length ?? (blob.length > 0 ? Buffer.byteLength(json) : undefined),
              () => signature,
            ),
          );
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

describe('a server under hostile requests', () => {
  let server: HttpServer;
  let port: number;
  const faults: unknown[] = [];

  beforeAll(async () => {
    const directory = new MemoryDirectory([
      memoryServable('m', 1n, {
        serving_default: identity('float32'),
        two: {
          inputs: { a: 'int32', b: 'string' },
          outputs: { a: 'int32', b: 'string' },
          run: renamed({ a: 'a', b: 'b' }),
        },
        s: { inputs: { inputs: 'string' }, outputs: { outputs: 'float32' }, run: () => new Map() },
      }),
    ]);
    server = createHttpServer(directory, {
      registry: new Registry(),
      maxBodyBytes: 10_000_000,
      onFault: (error) => faults.push(error),
    });
    port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  });
  afterAll(() => server.close());

  it('answers every body with JSON and a code', { timeout: 60_000 }, async () => {
    const paths = fc.constantFrom(':predict', ':classify', ':regress', '/infer');
    const bodies = fc.oneof(soup, spoiled(PREDICT), spoiled(NAMED), spoiled(EXAMPLES), spoiled(INFER));
    const types = fc.constantFrom(
      'application/json',
      'application/octet-stream',
      'application/x-npy',
      'text/plain',
    );
    await fc.assert(
      fc.asyncProperty(paths, bodies, types, async (path, body, type) => {
        const url = path === '/infer' ? '/v2/models/m/infer' : `/v1/models/m${path}`;
        const answer = await ask(port, url, { body, headers: { 'content-type': type } });
        if (answer.status === 200) return;
        expect([400, 501], body).toContain(answer.status);
        expect(typeof (JSON.parse(answer.text) as { error: string }).error).toBe('string');
        expect(answer.headers['x-tfdeploy-code']).toMatch(/^TFD_/);
      }),
      { numRuns: 1500 },
    );
    expect(faults).toEqual([]);
  });

  it('is not impressed by depth', { timeout: 60_000 }, async () => {
    const deep = '['.repeat(500_000);
    const objects = '{"a":'.repeat(100_000);
    const bodies = [
      deep,
      `{"instances":${deep}`,
      `{"inputs":${deep}1${']'.repeat(500_000)}}`,
      `{"instances":${objects}`,
      `{"examples":[{"a":${deep}`,
      `{"inputs":[{"data":${deep}`,
    ];
    for (const body of bodies) {
      for (const url of ['/v1/models/m:predict', '/v1/models/m:classify', '/v2/models/m/infer']) {
        expect((await ask(port, url, { body })).status).toBe(400);
      }
    }
  });

  it('outlives mangled requests on bare sockets', { timeout: 60_000 }, async () => {
    const good =
      'POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 19\r\n\r\n{"instances":[1.0]}';
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(`${good}\r\n\r\n\r\n`);
          for (const [at, byte] of changes) bytes[at] = byte;
          const text = await askRaw(
            port,
            Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')]),
          );
          expect(text === '' || text.startsWith('HTTP/1.1 ')).toBe(true);
        },
      ),
      { numRuns: 300, interruptAfterTimeLimit: 15_000 },
    );
    const answer = await ask(port, '/v1/models/m:predict', { body: '{"instances":[1.0]}' });
    expect(answer.text).toBe('{"predictions": [1.0]}');
  });
});
