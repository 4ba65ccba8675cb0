import { afterAll, beforeAll, describe } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask } from '../http/client.js';
import { MemoryDirectory } from '../http/memory-directory.js';
import { CODEC_ROWS } from './codec-rows.js';
import { memoryModels } from './memory-models.js';
import { type Bench, testRows } from './row.js';
import { WIRE_ROWS } from './wire-rows.js';

/** The wire alone: rows 29–63 on functions for models, strict and not. */
describe.each([{ strictTfs: true }, { strictTfs: false }])(
  'conformance of the wire, $strictTfs',
  (options) => {
    let server: HttpServer;
    let bench: Bench;

    beforeAll(async () => {
      server = createHttpServer(new MemoryDirectory(memoryModels()), {
        registry: new Registry(),
        ...options,
      });
      const { port } = (await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
      bench = { name: (model) => model, ask: (path, request) => ask(port, path, request) };
    });
    afterAll(() => server.close());

    testRows([...CODEC_ROWS, ...WIRE_ROWS], options.strictTfs ? 'strict' : 'by default', () => bench);
  },
);
