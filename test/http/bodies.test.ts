import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { identity, MemoryDirectory, memoryServable } from './memory-directory.js';

/** Posts a body in pieces, which interleave with those of other requests; its length told or not. */
function postInPieces(port: number, body: Buffer, pieceBytes: number, isLengthTold: boolean) {
  return new Promise<unknown>((resolve, reject) => {
    const headers = isLengthTold ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' };
    const request = httpRequest(
      { port, host: '127.0.0.1', path: '/v1/models/m:predict', method: 'POST', agent: false, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => resolve(JSON.parse(text)));
      },
    );
    request.on('error', reject);
    const send = (from: number): void => {
      if (from >= body.length) request.end();
      else request.write(body.subarray(from, from + pieceBytes), () => setImmediate(send, from + pieceBytes));
    };
    send(0);
  });
}

describe('bodies that come in pieces', () => {
  let server: HttpServer;
  let port: number;
  beforeAll(async () => {
    const directory = new MemoryDirectory([
      memoryServable('m', 1n, { serving_default: identity('float32') }),
    ]);
    server = createHttpServer(directory, { registry: new Registry() });
    port = ((await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number }).port;
  });
  afterAll(() => server.close());

  it('are each read whole, many at once, whether their length is told or not', async () => {
    const sizes = [1, 5_000, 40_000, 90_000, 200_000];
    await Promise.all(
      sizes.flatMap((count, index) =>
        [true, false].map(async (isLengthTold) => {
          const numbers = Array.from({ length: count }, (_, at) => (at * 7 + index) % 1000);
          const body = Buffer.from(JSON.stringify({ instances: numbers }));
          const answer = await postInPieces(port, body, 50_000 + 1000 * index, isLengthTold);
          expect(answer).toEqual({ predictions: numbers });
        }),
      ),
    );
  });
});
