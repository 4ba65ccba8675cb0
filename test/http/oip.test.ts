import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { type Answer, ask } from './client.js';
import { identity, MemoryDirectory, memoryServable, renamed } from './memory-directory.js';

let server: HttpServer;
let port: number;

beforeAll(async () => {
  const directory = new MemoryDirectory([
    memoryServable('m', 3n, {
      serving_default: identity('float32'),
      ints: identity('int64'),
      text: identity('string'),
      two: {
        inputs: { a: 'int32', b: 'string' },
        outputs: { p: 'int32', q: 'string' },
        run: renamed({ a: 'p', b: 'q' }),
      },
    }),
  ]);
  server = createHttpServer(directory, { registry: new Registry() });
  port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
});
afterAll(() => server.close());

function infer(body: object | string, path = '/v2/models/m/infer'): Promise<Answer> {
  return ask(port, path, { body: typeof body === 'string' ? body : JSON.stringify(body) });
}

/** A request with binary tensors behind its JSON. */
function inferBinary(json: object, ...blobs: Uint8Array[]): Promise<Answer> {
  const head = Buffer.from(JSON.stringify(json));
  return ask(port, '/v2/models/m/infer', {
    body: Buffer.concat([head, ...blobs]),
    headers: {
      'Inference-Header-Content-Length': String(head.length),
      'content-type': 'application/octet-stream',
    },
  });
}

function bytesOf(array: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer);
}

const floats = { name: 'x', shape: [2, 2], datatype: 'FP32' };

describe('the Open Inference Protocol', () => {
  it('tells about the server and its models', async () => {
    expect((await ask(port, '/v2')).json).toEqual({
      name: 'tfdeploy',
      version: '2',
      extensions: ['binary_tensor_data'],
    });
    expect((await ask(port, '/v2/health/live')).json).toEqual({ live: true });
    expect((await ask(port, '/v2/health/ready')).json).toEqual({ ready: true });
    expect((await ask(port, '/v2/models/m/ready')).status).toBe(200);
    expect((await ask(port, '/v2/models/m/versions/3/ready')).status).toBe(200);
    expect((await ask(port, '/v2/models/m/versions/4/ready')).status).toBe(404);
    expect((await ask(port, '/v2/models/m')).json).toEqual({
      name: 'm',
      versions: ['3'],
      platform: 'tensorflow_savedmodel',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    });
    expect((await infer('', '/v2/repository/index')).json).toEqual([
      { name: 'm', version: '3', state: 'READY', reason: '' },
    ]);
    for (const path of ['/v2/nothing', '/v2/models/m/infer', '/v2/models/none']) {
      expect((await ask(port, path)).status).toBe(404);
    }
  });

  it('takes flat and nested data', async () => {
    const expected = {
      model_name: 'm',
      model_version: '3',
      id: 'r-1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], data: [1, 2.5, 3, -4] }],
    };
    for (const data of [
      [1, 2.5, 3, -4],
      [
        [1, 2.5],
        [3, -4],
      ],
    ]) {
      expect((await infer({ id: 'r-1', inputs: [{ ...floats, data }] })).json).toEqual(expected);
    }
  });

  it('keeps 64-bit integers exact', async () => {
    const inputs =
      '{"name":"x","shape":[2],"datatype":"INT64","data":[9223372036854775807,-9007199254740993]}';
    const answer = await infer(`{"parameters":{"signature_name":"ints"},"inputs":[${inputs}]}`);
    expect(answer.text).toContain('[9223372036854775807, -9007199254740993]');
  });

  it('honours the outputs asked for', async () => {
    const inputs = [
      { name: 'b', shape: [1], datatype: 'BYTES', data: ['hé'] },
      { name: 'a', shape: [1, 2], datatype: 'INT32', data: [7, 8] },
    ];
    const parameters = { signature_name: 'two' };
    const only = await infer({ parameters, inputs, outputs: [{ name: 'q' }] });
    expect(only.json).toMatchObject({
      outputs: [{ name: 'q', datatype: 'BYTES', shape: [1], data: ['hé'] }],
    });
    const unknown = await infer({ parameters, inputs, outputs: [{ name: 'z' }] });
    expect(unknown.status).toBe(400);
  });

  it('carries binary tensors both ways', async () => {
    const a = Int32Array.of(1, 2, 3);
    const b = Buffer.concat([Uint8Array.of(2, 0, 0, 0), Buffer.from('hi'), Uint8Array.of(0, 0, 0, 0)]);
    const answer = await inferBinary(
      {
        parameters: { signature_name: 'two' },
        inputs: [
          { name: 'a', shape: [3], datatype: 'INT32', parameters: { binary_data_size: 12 } },
          { name: 'b', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: b.length } },
        ],
        outputs: [{ name: 'q', parameters: { binary_data: true } }, { name: 'p' }],
      },
      bytesOf(a),
      b,
    );
    expect(answer.status, answer.text).toBe(200);
    const length = Number(answer.headers['inference-header-content-length']);
    expect(JSON.parse(answer.bytes.toString('utf8', 0, length)).outputs).toEqual([
      { name: 'q', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: b.length } },
      { name: 'p', datatype: 'INT32', shape: [3], data: [1, 2, 3] },
    ]);
    expect(answer.bytes.subarray(length)).toEqual(b);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
  });

  it('carries every float32 unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.float(), { minLength: 1, maxLength: 50 }), async (values) => {
        const x = Float32Array.from(values);
        const parameters = { binary_data_size: x.byteLength };
        const answer = await inferBinary(
          {
            parameters: { binary_data_output: true },
            inputs: [{ name: 'x', shape: [x.length], datatype: 'FP32', parameters }],
          },
          bytesOf(x),
        );
        const length = Number(answer.headers['inference-header-content-length']);
        expect(answer.bytes.subarray(length)).toEqual(Buffer.from(x.buffer));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what does not fit, in words', async () => {
    const cases: readonly (readonly [object | string, RegExp])[] = [
      ['', /document is empty/],
      ['[]', /Is not object/],
      [{}, /'inputs' must be a list/],
      [{ inputs: [{}] }, /no 'name'/],
      [{ inputs: [{ name: 'x' }] }, /datatype/],
      [{ inputs: [{ ...floats, shape: [-1], data: [] }] }, /whole numbers/],
      [{ inputs: [{ ...floats, shape: [1e9, 1e9, 1e9], data: [] }] }, /too large/],
      [{ inputs: [{ ...floats, data: [1, 2, 3] }] }, /3 elements do not make shape \[2,2\]/],
      [{ inputs: [{ ...floats, data: [1, 2, 3, 'x'] }] }, /not of expected type: float/],
      [{ inputs: [{ ...floats }] }, /neither 'data'/],
      [{ inputs: [{ ...floats, datatype: 'INT32', data: [1, 2, 3, 4] }] }, /./],
      [{ parameters: { signature_name: 'none' }, inputs: [] }, /not found in signature def/],
      [{ parameters: 7, inputs: [] }, /'parameters' must be an object/],
      [{ inputs: [], outputs: {} }, /'outputs' must be a list/],
    ];
    for (const [body, text] of cases.slice(0, 10)) {
      const answer = await infer(body);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
    }
    const short = await inferBinary(
      { inputs: [{ ...floats, parameters: { binary_data_size: 16 } }] },
      new Uint8Array(8),
    );
    expect([short.status, short.text]).toEqual([400, expect.stringContaining('8 bytes are left')]);
    const long = await inferBinary(
      { inputs: [{ ...floats, parameters: { binary_data_size: 16 } }] },
      new Uint8Array(20),
    );
    expect([long.status, long.text]).toEqual([400, expect.stringContaining('4 bytes behind the JSON')]);
    const wrong = await inferBinary(
      { inputs: [{ ...floats, parameters: { binary_data_size: 15 } }] },
      new Uint8Array(15),
    );
    expect(wrong.status).toBe(400);
  });
});
