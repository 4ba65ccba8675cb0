import { expect } from 'vitest';
import { deep, expectError, expectJson, post, type Row } from './row.js';

/** Rows 30–55: JSON to tensors and back, on models that answer with what they were given. */
export const CODEC_ROWS: readonly Row[] = [
  {
    row: 30,
    run: async (bench) => {
      const predictions = [
        [1, 2],
        [3, 4],
        [5, 6],
      ];
      await expectJson(bench, 'E:int32', '{"instances":[[1,2],[3,4],[5,6]]}', { predictions });
    },
  },
  {
    row: 31,
    run: async (bench) => {
      const body = `{"instances":[1],"nested":${deep(500_000, '')}}`;
      await expectJson(bench, 'E:int32', body, { predictions: [1] });
    },
  },
  {
    row: 32,
    run: async (bench) => {
      const answer = await post(bench, 'E:int32', `{"signature_name":${deep(500_000, '')}}`);
      expectError(answer, 400, 'key must be a string value');
    },
  },
  {
    row: 33,
    run: async (bench) => {
      const body = '{"instances":[1,2.0,3,4,5.003,0.007,0.0]}';
      for (const model of ['E:float', 'E:double'] as const) {
        await expectJson(bench, model, body, { predictions: [1, 2, 3, 4, 5.003, 0.007, 0] });
      }
    },
  },
  {
    row: 34,
    run: async (bench) => {
      const [whole, point] = await Promise.all([
        post(bench, 'E:float', '{"instances":[1435774380]}'),
        post(bench, 'E:float', '{"instances":[1435774380.0]}'),
      ]);
      // Nine digits, as TensorFlow Serving prints float32, read back as this one.
      expect((whole.json as { predictions: number[] }).predictions.map(Math.fround)).toEqual([1435774336]);
      expect(point.text).toBe(whole.text);
    },
  },
  {
    row: 35,
    run: async (bench) => {
      const answer = await post(
        bench,
        'E:float',
        '{"instances":[1.79769e+308, -1.79769e+308, 2.22507e-308, -2.22507e-308]}',
      );
      expect(answer.text).toContain('[Infinity, -Infinity, 0.0, -0.0]');
    },
  },
  {
    row: 36,
    run: async (bench) => {
      const body = '{"signature_name":"predict_images","instances":[[1,2]]}';
      await expectJson(bench, 'E:int32', body, { predictions: [[1, 2]] });
    },
  },
  {
    row: 37,
    run: async (bench) => {
      const body = '{"instances":[{"b64":"aGVsbG8="},{"b64":"d29ybGQ="}]}';
      await expectJson(bench, 'E:string', body, { predictions: ['hello', 'world'] });
    },
  },
  {
    row: 38,
    run: async (bench) => {
      const hello = '{"b64":"aGVsbG8="}';
      const world = '{"b64":"d29ybGQ="}';
      await expectJson(bench, 'E:string', `{"instances":[[${hello}],[${world}]]}`, {
        predictions: [['hello'], ['world']],
      });
      await expectJson(bench, 'E:string', `{"instances":[{"default":[[${hello}],[${world}]]}]}`, {
        predictions: [[['hello'], ['world']]],
      });
    },
  },
  {
    row: 39,
    run: async (bench) => {
      const row = (ints: string, strings: string, floats: string, doubles: string) =>
        `{"int_tensor":${ints},"str_tensor":${strings},"float_tensor":${floats},"dbl_tensor":${doubles}}`;
      const rows = [
        row('[[1,2],[3,4],[5,6]]', '["foo","bar"]', '[1.0,NaN]', '[NaN]'),
        row('[[7,8],[9,0],[1,2]]', '["baz","bat"]', '[2.0,Infinity]', '[3.0]'),
      ];
      const answer = await post(bench, 'E:named', `{"instances":[${rows.join(',')}]}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json).toEqual({
        predictions: [
          {
            int_tensor: [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
            str_tensor: ['foo', 'bar'],
            float_tensor: [1, 'NaN'],
            dbl_tensor: ['NaN'],
          },
          {
            int_tensor: [
              [7, 8],
              [9, 0],
              [1, 2],
            ],
            str_tensor: ['baz', 'bat'],
            float_tensor: [2, 'Infinity'],
            dbl_tensor: [3],
          },
        ],
      });
    },
  },
  {
    row: 40,
    run: async (bench) => {
      const value = '[[[1,2],[3,4],[5,6]]]';
      const outputs = JSON.parse(value);
      await expectJson(bench, 'E:int32', `{"inputs":{"default":${value}}}`, { outputs });
      await expectJson(bench, 'E:int32', `{"inputs":${value}}`, { outputs });
    },
  },
  {
    row: 41,
    run: async (bench) => {
      const body =
        '{"inputs":{"int_tensor":[[[1,2],[3,4],[5,6]]],"str_tensor":["foo","bar"],"bin_tensor":{"b64":"aGVsbG8="}}}';
      await expectJson(bench, 'E:columns', body, {
        outputs: {
          int_tensor: [
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
          ],
          str_tensor: ['foo', 'bar'],
          bin_tensor: 'hello',
        },
      });
    },
  },
  {
    row: 42,
    run: async (bench) => {
      const answer = await post(bench, 'E:int32', '{"instances":[[1,2]],"inputs":[[1,2]]}');
      expectError(answer, 400, 'Not formatted correctly');
    },
  },
  {
    row: 43,
    run: async (bench) => {
      expectError(
        await post(bench, 'E:int32', '{"instances":[[1,2],[3,4],[5,6,7]]}'),
        400,
        'Expecting tensor size',
      );
      expectError(
        await post(bench, 'E:int32', '{"instances":[[1,2],[3,4],[[5,6]]]}'),
        400,
        'Expecting shape',
      );
      expectError(await post(bench, 'E:int32', '{"instances":[1,[1]]}'), 400, 'Expecting shape');
    },
  },
  {
    row: 44,
    run: async (bench) => {
      expectError(
        await post(bench, 'E:int32', '{"instances":[[1,2],["a","b"]]}'),
        400,
        'not of expected type',
      );
    },
  },
  {
    row: 45,
    run: async (bench) => {
      const row = (ints: string) => `{"int_tensor":${ints},"str_tensor":["a"]}`;
      const shapes = await post(bench, 'E:two', `{"instances":[${row('[[1,2]]')},${row('[1,2]')}]}`);
      expectError(shapes, 400, 'Expecting shape');
      const sizes = await post(bench, 'E:two', `{"instances":[${row('[1,2]')},${row('[1,2,3]')}]}`);
      expectError(sizes, 400, 'Expecting tensor size');
    },
  },
  {
    row: 46,
    run: async (bench) => {
      const row = '{"int_tensor":[1],"str_tensor":["a"]}';
      const object = await post(bench, 'E:two', `{"instances":[${row},[1]]}`);
      expectError(object, 400, 'Expecting object but got list');
      const list = await post(bench, 'E:int32', '{"instances":[[1],{"default":[1]}]}');
      expectError(list, 400, 'Expecting value/list but got object');
    },
  },
  {
    row: 47,
    run: async (bench) => {
      const value = [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [
          [7, 8],
          [9, 10],
          [11, 12],
        ],
      ];
      await expectJson(bench, 'E:int32', JSON.stringify({ instances: value }), { predictions: value });
      await expectJson(bench, 'E:int32', JSON.stringify({ inputs: value }), { outputs: value });
    },
  },
  {
    row: 48,
    run: async (bench) => {
      await expectJson(bench, 'E:int32', '{"instances":[1,2,3,4,5]}', { predictions: [1, 2, 3, 4, 5] });
      await expectJson(bench, 'E:int32', '{"inputs":[1,2,3,4,5]}', { outputs: [1, 2, 3, 4, 5] });
    },
  },
  {
    row: 49,
    run: async (bench) => {
      await expectJson(bench, 'E:bytes', '{"instances":[["hello","world"],["tf","serving"]]}', {
        predictions: [
          [{ b64: 'aGVsbG8=' }, { b64: 'd29ybGQ=' }],
          [{ b64: 'dGY=' }, { b64: 'c2VydmluZw==' }],
        ],
      });
    },
  },
  {
    row: 50,
    run: async (bench) => {
      const body = '{"instances":[[9000000,999999,0.5],[0.0003,0.00003,555557.5]]}';
      const { text } = await post(bench, 'E:float', body);
      expect(text).toContain('[9e+06, 999999.0, 0.5]');
      expect(text).toContain('[0.0003, 3e-05, 555557.5]');
    },
  },
  {
    row: 51,
    run: async (bench) => {
      const { text } = await post(bench, 'E:float', '{"instances":[[NaN,Infinity],[3,-Infinity]]}');
      expect(text).toContain('[NaN, Infinity]');
      expect(text).toContain('[3.0, -Infinity]');
    },
  },
  {
    row: 52,
    run: async (bench) => {
      expectError(await post(bench, 'E:complex64', '{"instances":[1.0]}'), 400, 'tensor type: complex64');
      expectError(await post(bench, 'E:scalar', '{"instances":[1.0]}'), 400, 'no shape information');
    },
  },
  {
    row: 53,
    run: async (bench) => {
      const columns = {
        int_tensor: [
          [1, 2],
          [3, 4],
        ],
        float_tensor: [[1.5], [2.5]],
        double_scalar_tensor: [10.25, 20.5],
        str_tensor: ['a', 'b'],
        bool_tensor: [true, false],
      };
      const names = Object.keys(columns) as (keyof typeof columns)[];
      const rows = [0, 1].map((index) =>
        Object.fromEntries(names.map((name) => [name, columns[name][index]])),
      );
      await expectJson(bench, 'E:five', JSON.stringify({ inputs: columns }), { outputs: columns });
      await expectJson(bench, 'E:five', JSON.stringify({ instances: rows }), { predictions: rows });
    },
  },
  {
    row: 54,
    run: async (bench) => {
      const piece = 'inconsistent batch size';
      expectError(await post(bench, 'E:uneven', '{"instances":[1.0,2.0]}'), 400, piece);
      expectError(await post(bench, 'E:uneven-zero', '{"instances":[1.0,2.0]}'), 400, piece);
    },
  },
  {
    row: 55,
    run: async (bench) => {
      await expectJson(bench, 'E:empty', '{"instances":[1.0]}', { predictions: [] });
    },
  },
];
