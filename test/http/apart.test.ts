import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask } from './client.js';
import { identity, MemoryDirectory, memoryServable, renamed } from './memory-directory.js';

/** Bodies above the sizes that are read in the event loop, which `apart/` reads in a thread. */
describe('large bodies', () => {
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
      }),
    ]);
    server = createHttpServer(directory, {
      registry: new Registry(),
      onFault: (error) => faults.push(error),
    });
    port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  });
  afterAll(() => server.close());

  const space = ' '.repeat(100_000);
  const predict = (body: string) => ask(port, '/v1/models/m:predict', { body });

  it('give the same answers as small ones, be they usual or not', async () => {
    const numbers = Array.from({ length: 600_000 }, (_, index) => index);
    expect((await predict(JSON.stringify({ instances: numbers }))).json).toEqual({ predictions: numbers });
    // A member that nobody reads, with a container in it, is left to the careful reader.
    const unusual = `{"unread":{"a":[1]},${space}"signature_name":"two","inputs":{"a":[1,2],"b":["x",{"b64":"aGk="}]}}`;
    expect((await predict(unusual)).json).toEqual({ outputs: { a: [1, 2], b: ['x', 'hi'] } });
    const infer = {
      inputs: [{ name: 'x', shape: [20_000], datatype: 'FP32', data: numbers.slice(0, 20_000) }],
    };
    const answer = await ask(port, '/v2/models/m/infer', { body: JSON.stringify(infer) });
    expect(answer.json).toMatchObject({ outputs: [{ shape: [20_000], data: numbers.slice(0, 20_000) }] });
  });

  it('get the same errors as small ones', async () => {
    for (const [small, path] of [
      ['{"instances":[1,"x"]}', '/v1/models/m:predict'],
      ['{"unread":[],"signature_name":"none","instances":[1]}', '/v1/models/m:predict'],
      ['{"unread":[]}', '/v1/models/m:predict'],
      ['{"unread":[],"examples":1}', '/v1/models/m:classify'],
      ['{"inputs":[{"name":"nobody","shape":[1],"datatype":"FP32","data":[1]}]}', '/v2/models/m/infer'],
    ] as const) {
      const large = `{${space}${small.slice(1)}`;
      const [a, b] = [await ask(port, path, { body: small }), await ask(port, path, { body: large })];
      expect([b.status, b.headers['x-tfdeploy-code']], small).toEqual([
        a.status,
        a.headers['x-tfdeploy-code'],
      ]);
      expect(a.status).toBeGreaterThanOrEqual(400);
    }
    expect(faults).toEqual([]);
  });

  it('that take too much memory fail alone', { timeout: 60_000 }, async () => {
    const deep = predict('['.repeat(60_000_000));
    expect((await predict('{"instances":[1.0]}')).text).toBe('{"predictions": [1.0]}');
    expect([400, 413]).toContain((await deep).status);
    expect((await predict(`{"unread":[],${space}"instances":[2.0]}`)).text).toBe('{"predictions": [2.0]}');
  });
});
