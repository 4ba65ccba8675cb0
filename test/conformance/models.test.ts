import { afterAll, beforeAll, describe, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Registry } from '../../src/metrics/registry.js';
import { ask } from '../http/client.js';
import { MemoryDirectory } from '../http/memory-directory.js';
import { CODEC_ROWS } from './codec-rows.js';
import { EXAMPLE_ROWS } from './example-rows.js';
import { type LoadedModels, loadModels } from './loaded-models.js';
import { PREDICT_ROWS } from './predict-rows.js';
import type { Bench, ModelKey } from './row.js';
import { HAS_TESTDATA } from './testdata.js';

const NAMES: Partial<Record<ModelKey, string>> = {
  H2: 'default',
  H2V: 'saved_model_half_plus_two_2_versions',
  H3: 'saved_model_half_plus_three',
};

/** The rows on real models in real executors, behind the REST server. */
describe.each([{ strictTfs: true }, { strictTfs: false }])(
  'conformance with models, $strictTfs',
  ({ strictTfs }) => {
    let models: LoadedModels;
    let server: HttpServer;
    let bench: Bench;

    beforeAll(async () => {
      models = await loadModels();
      const directory = new MemoryDirectory(models.servables, { Version_Label: 123n });
      const options = { strictTfs, servingMetricsPath: '/monitoring/prometheus/metrics' };
      server = createHttpServer(directory, { registry: new Registry(), ...options });
      const { port } = (await server.listen({ host: '127.0.0.1', port: 0 })) as { port: number };
      bench = {
        name(model) {
          const name = NAMES[model] ?? model;
          const failure = models.failures.get(name);
          if (failure !== undefined) throw failure;
          return name;
        },
        ask: (path, request) => ask(port, path, request),
      };
    }, 120_000);
    afterAll(async () => {
      await server?.close();
      await models?.close();
    });

    for (const row of CODEC_ROWS) it(`row ${row.row}: ${row.title}`, () => row.run(bench));
    for (const row of [...PREDICT_ROWS, ...EXAMPLE_ROWS]) {
      const isSkipped = !HAS_TESTDATA || (row.isStrictOnly && !strictTfs);
      it.skipIf(isSkipped)(`row ${row.row}: ${row.title}`, () => row.run(bench));
    }
  },
);
