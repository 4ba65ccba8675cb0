import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NumericDType } from '../../src/base/dtype.js';
import { isTfdeployError } from '../../src/base/error.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import { readNpy, writeNpy } from '../../src/http/binary/npy.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask } from './client.js';
import { identity, MemoryDirectory, memoryServable } from './memory-directory.js';

/** What `numpy.save` writes for `numpy.arange(6, dtype='<f4').reshape(2, 3)`, NumPy 2. */
const ARANGE = Buffer.concat([
  Buffer.from(
    `${"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(127)}\n`,
    'latin1',
  ),
  Buffer.from(Float32Array.of(0, 1, 2, 3, 4, 5).buffer),
]);

function header(dict: string): Buffer {
  const text = `${dict}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text}`, 'latin1');
  head.writeUInt16LE(text.length, 8);
  return head;
}

describe('.npy', () => {
  it('is read and written as NumPy does', () => {
    const tensor = readNpy(ARANGE);
    expect(tensor).toEqual(numericTensor('float32', [2, 3], [0, 1, 2, 3, 4, 5]));
    expect(writeNpy(tensor)).toEqual(ARANGE);
  });

  it('comes back as it was, for every type and shape', () => {
    const types = fc.constantFrom<NumericDType>(
      'bool',
      'int8',
      'int16',
      'int32',
      'int64',
      'uint8',
      'uint16',
      'uint32',
      'uint64',
      'float32',
      'float64',
      'complex64',
    );
    fc.assert(
      fc.property(types, fc.array(fc.nat(3), { maxLength: 4 }), (dtype, shape) => {
        const count = shape.reduce((product, dim) => product * dim, dtype === 'complex64' ? 2 : 1);
        const tensor = numericTensor(
          dtype,
          shape,
          Array.from({ length: count }, (_, index) => (dtype === 'bool' ? index % 2 : index)).slice(0, count),
        );
        if (dtype === 'complex64') return;
        expect(readNpy(writeNpy(tensor))).toEqual(tensor);
      }),
    );
    const text: Tensor = { dtype: 'string', shape: [2], data: [Buffer.from('ab'), Buffer.from('c')] };
    expect(readNpy(writeNpy(text))).toEqual(text);
  });

  it('is refused in words where it can not be taken', () => {
    const cases: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.alloc(0), /not a \.npy file/],
      [ARANGE.subarray(0, 40), /beyond the body/],
      [ARANGE.subarray(0, 140), /12 bytes instead of 24/],
      [header("{'descr': '<f4', 'fortran_order': True, 'shape': (0,), }"), /Fortran order/],
      [header("{'descr': '>f4', 'fortran_order': False, 'shape': (0,), }"), /big-endian/],
      [header("{'descr': '<U4', 'fortran_order': False, 'shape': (0,), }"), /type U4/],
      [header("{'descr': '|O', 'fortran_order': False, 'shape': (0,), }"), /plain array/],
      [header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,), }"), /plain array/],
      [
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999, 9999), }"),
        /too large/,
      ],
    ];
    for (const [bytes, text] of cases) expect(() => readNpy(bytes)).toThrow(text);
  });

  it('never crashes on hostile bytes', () => {
    fc.assert(
      fc.property(fc.nat(ARANGE.length), fc.nat(255), fc.nat(ARANGE.length), (at, byte, end) => {
        const bytes = Buffer.from(ARANGE.subarray(0, end + 1));
        bytes[at % bytes.length] = byte;
        try {
          readNpy(bytes);
        } catch (error) {
          if (!isTfdeployError(error)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a binary body for predict', () => {
  let server: HttpServer;
  let strict: HttpServer;
  let port: number;
  let strictPort: number;

  beforeAll(async () => {
    const servable = memoryServable('m', 1n, {
      serving_default: identity('float32'),
      text: identity('string'),
      two: { ...identity('float32'), inputs: { a: 'float32', b: 'float32' } },
    });
    const directory = new MemoryDirectory([servable]);
    server = createHttpServer(directory, { registry: new Registry() });
    strict = createHttpServer(directory, { registry: new Registry(), strictTfs: true });
    port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
    strictPort = ((await strict.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  });
  afterAll(() => Promise.all([server.close(), strict.close()]));
  const path = '/v1/models/m:predict';

  it('may be .npy, answered as JSON or .npy', async () => {
    const json = await ask(port, path, { body: ARANGE, headers: { 'content-type': 'application/x-npy' } });
    expect(json.json).toEqual({
      outputs: [
        [0, 1, 2],
        [3, 4, 5],
      ],
    });
    const npy = await ask(port, path, {
      body: ARANGE,
      headers: { 'content-type': 'application/x-npy', accept: 'application/x-npy' },
    });
    expect(npy.headers['content-type']).toBe('application/x-npy');
    expect(npy.bytes).toEqual(ARANGE);
  });

  it('may be raw bytes with a shape', async () => {
    const body = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const headers = { 'content-type': 'application/octet-stream', 'x-tfdeploy-shape': '2,2' };
    expect((await ask(port, path, { body, headers })).json).toEqual({
      outputs: [
        [1, 2],
        [3, 4],
      ],
    });
    const raw = await ask(port, path, { body, headers: { ...headers, accept: 'application/octet-stream' } });
    expect([raw.headers['x-tfdeploy-shape'], raw.headers['x-tfdeploy-dtype']]).toEqual(['2,2', 'float']);
    expect(raw.bytes).toEqual(Buffer.from(body));
    const wrong = await ask(port, path, { body, headers: { ...headers, 'x-tfdeploy-shape': '3' } });
    expect([wrong.status, wrong.text]).toEqual([
      400,
      expect.stringContaining('do not make a float tensor of shape [3]'),
    ]);
    const none = await ask(port, path, { body, headers: { 'content-type': 'application/octet-stream' } });
    expect([none.status, none.text]).toEqual([400, expect.stringContaining('no declared shape')]);
  });

  it('names its signature and input in headers', async () => {
    const headers = {
      'content-type': 'application/octet-stream',
      'x-tfdeploy-signature': 'text',
      'x-tfdeploy-shape': '1',
    };
    const body = Buffer.concat([Uint8Array.of(3, 0, 0, 0), Buffer.from('abc')]);
    expect((await ask(port, path, { body, headers })).json).toEqual({ outputs: ['abc'] });
    const two = await ask(port, path, {
      body: ARANGE,
      headers: { 'content-type': 'application/x-npy', 'x-tfdeploy-signature': 'two' },
    });
    expect([two.status, two.text]).toEqual([400, expect.stringContaining('takes a, b')]);
  });

  it('is JSON whatever its type for a strict server', async () => {
    const answer = await ask(strictPort, path, {
      body: '{"instances":[1.0]}',
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(answer.json).toEqual({ predictions: [1] });
  });
});
