import { expect } from 'vitest';
import { readExample } from './read-example.js';
import { type Bench, expectError, expectJson, post, type Row } from './row.js';
import { takeSeen } from './seen-examples.js';

const STRANGE = "modelname!#$%&'()*+,/:;=?@[]";
const ESCAPED = 'modelname%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D';
const LABEL = "labelname!#$%&'()*+,/:;=?@[]";
const ESCAPED_LABEL = ESCAPED.replace('modelname', 'labelname');

/** Rows 29, 56, 57, 61–63 and 92: what the wire does by itself, on functions for models. */
export const WIRE_ROWS: readonly Row[] = [
  {
    row: 29,
    run: async (bench) => {
      const missing = `Servable not found for request: Latest(${STRANGE})`;
      expectError(
        await bench.ask(`/v1/models/${ESCAPED}:predict`, { body: '{"instances":[1]}' }),
        404,
        missing,
      );
      expectError(
        await bench.ask(`/v1/models/${ESCAPED}`),
        404,
        `Could not find any versions of model ${STRANGE}`,
      );
      expectError(await bench.ask(`/v1/models/${ESCAPED}/metadata`), 404, missing);
      const labelled = await post(bench, 'E:float', '{"instances":[1]}', `/labels/${ESCAPED_LABEL}:predict`);
      expectError(labelled, 400, `Unrecognized servable version label: ${LABEL}`);
      const old = await bench.ask(`/v1/models/${ESCAPED}/versions/7:predict`, { body: '{"instances":[1]}' });
      expectError(old, 404, `Specific(${STRANGE}, 7)`);
    },
  },
  {
    row: 56,
    run: async (bench) => {
      const examples =
        '[{"names":["foo","bar"],"ratings":[8.0,9.0],"age":20},{"names":["baz"],"ratings":6.0,"none":[]}]';
      for (const api of [':classify', ':regress'] as const) {
        expect(await seenExamples(bench, `{"examples":${examples}}`, api)).toEqual([
          { names: ['foo', 'bar'], ratings: { floats: [8, 9] }, age: [20n] },
          { names: ['baz'], ratings: { floats: [6] }, none: null },
        ]);
      }
    },
  },
  {
    row: 57,
    run: async (bench) => {
      const body =
        '{"context":{"query":"pizza","age":1},"examples":[{"names":["foo",{"b64":"YmFy"}],"intboolmix":[1,true,false],"far":-Infinity}]}';
      expect(await seenExamples(bench, body, ':classify')).toEqual([
        {
          query: ['pizza'],
          age: [1n],
          names: ['foo', 'bar'],
          intboolmix: [1n, 1n, 0n],
          far: { floats: [Number.NEGATIVE_INFINITY] },
        },
      ]);
    },
  },
  {
    row: 61,
    run: async (bench) => {
      const classes = [
        ['car', 0.2],
        ['bike', 0.7],
        ['bus', 0.1],
      ];
      await expectJson(
        bench,
        'E:classes',
        '{"examples":[{},{}]}',
        { results: [classes, classes] },
        ':classify',
      );
    },
  },
  {
    row: 62,
    run: async (bench) => {
      const { text } = await post(bench, 'E:values', '{"examples":[{},{},{},{},{}]}', ':regress');
      expect(text.replaceAll(/\s/g, '')).toBe('{"results":[0.2,Infinity,1.0,-Infinity,NaN]}');
    },
  },
  {
    row: 63,
    run: async (bench) => {
      const { text } = await post(bench, 'E:fault', '{"instances":[1.0]}');
      expect(text.replace(': ', ':')).toBe('{"error":"Bad key: \\"key\\""}');
    },
  },
  {
    row: 92,
    run: async (bench) => {
      expect(
        (await bench.ask(`/v1/models/${encodeURIComponent(bench.name('E:float'))}/labels/nope`)).status,
      ).toBe(200);
      const path = `/v1/models/${encodeURIComponent(bench.name('E:float'))}:predict`;
      expectError(await bench.ask(path, { method: 'PUT', body: '{}' }), 400, 'Malformed request: PUT');
      expectError(await bench.ask(`${path}?a=1`, { body: '{}' }), 400, 'Malformed request');
      expectError(
        await bench.ask(path.replace('predict', 'PREDICT'), { body: '{}' }),
        400,
        'Malformed request',
      );
      const asked = await bench.ask(path, { method: 'OPTIONS', headers: { origin: 'http://a.b' } });
      expect([asked.status, asked.text]).toEqual([200, '']);
      const other = await bench.ask(path, { method: 'OPTIONS' });
      expect([other.status, other.text]).toEqual([400, '']);
      const root = await bench.ask('/');
      expect(root.status).toBe(404);
      expect(root.text).toContain('<html>');
    },
    byDefault: async (bench) => {
      const model = `/v1/models/${encodeURIComponent(bench.name('E:float'))}`;
      const label = await bench.ask(`${model}/labels/nope`);
      expectError(label, 400, 'Unrecognized servable version label: nope');
      const path = `${model}:predict`;
      expectError(await bench.ask(path, { method: 'PUT', body: '{}' }), 400, 'Malformed request: PUT');
      expectError(await bench.ask(`${path}?a=1`, { body: '{}' }), 400, 'Malformed request');
      const asked = await bench.ask(path, { method: 'OPTIONS', headers: { origin: 'http://a.b' } });
      expect([asked.status, asked.text]).toEqual([200, '']);
      expect((await bench.ask(path, { method: 'OPTIONS' })).status).toBe(400);
      expectError(await bench.ask('/'), 404, 'There is nothing at /');
    },
  },
];

/** What the model was given as its examples. */
async function seenExamples(bench: Bench, body: string, api: ':classify' | ':regress') {
  const answer = await post(bench, api === ':classify' ? 'E:seen' : 'E:seen-values', body, api);
  expect(answer.status, answer.text).toBe(200);
  return takeSeen().map(readExample);
}
