import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Bench, deep, expectError, expectJson, post, type Row } from './row.js';
import { TESTDATA } from './testdata.js';

/** Rows 1–8 and 13–28: predictions and questions of TensorFlow Serving's own test models. */
export const PREDICT_ROWS: readonly Row[] = [
  {
    row: 1,
    run: async (bench) => {
      await expectJson(bench, 'H2', '{"instances":[2.0,3.0,4.0]}', { predictions: [3, 3.5, 4] });
    },
  },
  {
    row: 2,
    run: async (bench) => {
      await expectJson(bench, 'H2', '{"inputs":[2.0,3.0,4.0]}', { outputs: [3, 3.5, 4] });
    },
  },
  {
    row: 3,
    run: async (bench) => {
      const answer = await expectJson(bench, 'H2V', '{"instances":[[1.0,2.0],[3.0,4.0]]}', {
        predictions: [
          [2.5, 3],
          [3.5, 4],
        ],
      });
      expect(answer.headers['content-type']).toBe('application/json');
    },
  },
  {
    row: 4,
    run: async (bench) => {
      const json = { predictions: [2.5, 3] };
      await expectJson(bench, 'H2V', '{"instances":[1.0,2.0]}', json, '/versions/123:predict');
    },
  },
  {
    row: 5,
    run: async (bench) => {
      const json = { predictions: [2.5, 3] };
      await expectJson(bench, 'H2V', '{"instances":[1.0,2.0]}', json, '/labels/Version_Label:predict');
    },
  },
  {
    row: 6,
    run: async (bench) => {
      const body = '{"signature_name":"serving_default","instances":[3.0,4.0]}';
      await expectJson(bench, 'H2V', body, { predictions: [3.5, 4] });
    },
  },
  {
    row: 7,
    run: async (bench) => {
      const body = '{"signature_name":"serving_default","inputs":[3.0,4.0]}';
      await expectJson(bench, 'H2V', body, { outputs: [3.5, 4] });
    },
  },
  {
    row: 8,
    run: async (bench) => {
      await expectJson(bench, 'H3', '{"instances":[1.0,2.0,5.0]}', { predictions: [3.5, 4, 5.5] });
    },
  },
  {
    row: 13,
    run: async (bench) => {
      const versions = [
        { version: '123', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
      ];
      for (const [model, suffix] of [
        ['H2', ''],
        ['H2', '/versions/123'],
        ['H2V', ''],
        ['H2V', '/labels/Version_Label'],
      ] as const) {
        const answer = await bench.ask(`/v1/models/${bench.name(model)}${suffix}`);
        expect([answer.status, answer.json]).toEqual([200, { model_version_status: versions }]);
      }
    },
  },
  {
    row: 14,
    run: (bench) =>
      expectMetadata(
        bench.ask(`/v1/models/${bench.name('H2')}/metadata`),
        'half_plus_two_model_metadata.json',
      ),
  },
  {
    row: 15,
    run: (bench) =>
      expectMetadata(
        bench.ask(`/v1/models/${bench.name('H2V')}/metadata`),
        'saved_model_half_plus_two_2_versions_metadata.json',
      ),
  },
  {
    row: 16,
    run: async (bench) => {
      const answer = await bench.ask('/monitoring/prometheus/metrics');
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('# TYPE');
    },
  },
  {
    row: 17,
    run: async (bench) => {
      expectError(await bench.ask('/v1/foo'), 400, 'Malformed request: GET /v1/foo');
      expectError(
        await bench.ask('/v1/foo', { body: '', method: 'POST' }),
        400,
        'Malformed request: POST /v1/foo',
      );
    },
  },
  {
    row: 18,
    run: async (bench) => {
      expectError(await bench.ask('/v1/models'), 400, 'Missing model name');
    },
    byDefault: async (bench) => {
      const { status, json } = await bench.ask('/v1/models');
      expect(status).toBe(200);
      const { models } = json as { models: { name: string }[] };
      expect(models.map(({ name }) => name)).toContain(bench.name('H2'));
    },
  },
  {
    row: 19,
    run: async (bench) => {
      expectError(await bench.ask('/v1/models/debug/model_name'), 400, 'Malformed request');
      expectError(await bench.ask('/v1/models', { method: 'POST' }), 400, 'Malformed request');
      expectError(await bench.ask('/v1/models/foo:predict'), 400, 'Malformed request');
    },
  },
  {
    row: 20,
    run: async (bench) => {
      expectError(await bench.ask('/v1/models/foo/version/50:predict'), 400, 'Malformed request');
      for (const path of ['/version/50:regress', '/versions/HELLO:regress', '/versions/some_label:regress']) {
        expectError(await bench.ask(`/v1/models/foo${path}`, { method: 'POST' }), 400, 'Malformed request');
      }
    },
  },
  {
    row: 21,
    run: async (bench) => {
      const answer = await askHugeVersion(bench);
      // TensorFlow Serving sends the text in its status only, and no body.
      expect([answer.status, answer.text]).toEqual([400, '']);
    },
    byDefault: async (bench) => {
      expectError(await askHugeVersion(bench), 400, 'Failed to convert version');
    },
  },
  {
    row: 22,
    run: async (bench) => {
      for (const path of [
        '/metadata',
        '/label/some_label:regress',
        '/versions/50/labels/some_label:regress',
      ]) {
        expectError(await bench.ask(`/v1/models/foo${path}`, { method: 'POST' }), 400, 'Malformed request');
      }
    },
  },
  {
    row: 23,
    run: async (bench) => {
      const body = '{"instances":[1]}';
      const none = await bench.ask('/v1/models/foo:predict', { body });
      expectError(none, 404, 'Servable not found for request: Latest(foo)');
      const old = await bench.ask('/v1/models/foo/versions/50:predict', { body });
      expectError(old, 404, 'Servable not found for request: Specific(foo, 50)');
    },
  },
  {
    row: 24,
    run: async (bench) => {
      const answer = await bench.ask(`/v1/models/${bench.name('H2V')}:predict`, { method: 'POST' });
      expectError(answer, 400, 'JSON Parse error: The document is empty');
    },
  },
  {
    row: 25,
    run: async (bench) => {
      expectError(await post(bench, 'H2V', 'instances = [1, 2]'), 400, 'JSON Parse error: Invalid value');
    },
  },
  {
    row: 26,
    run: async (bench) => {
      expectError(await post(bench, 'H2V', '{"instances":["x","y"]}'), 400, 'not of expected type: float');
    },
  },
  {
    row: 27,
    run: async (bench) => {
      const answer = await post(bench, 'H2V', '{"instances":[1.0]}', '/labels/Version_Nonexistent:predict');
      expectError(answer, 400, 'Unrecognized servable version label');
    },
  },
  {
    row: 28,
    run: async (bench) => {
      const answer = await post(bench, 'H2V', '{"signature_name":100}');
      expectError(answer, 400, "'signature_name' key must be a string value.");
    },
  },
  {
    row: 93,
    run: async (bench) => {
      const answer = await post(bench, 'H2V', `{"instances":${deep(50_000, '0.5')}}`);
      expect(answer.status).toBe(400);
    },
  },
];

async function expectMetadata(asked: ReturnType<Bench['ask']>, file: string): Promise<void> {
  const answer = await asked;
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toEqual(JSON.parse(readFileSync(join(TESTDATA, file), 'utf8')));
}

function askHugeVersion(bench: Bench) {
  return bench.ask('/v1/models/foo/versions/18446744073709551615:regress', { method: 'POST' });
}
