import { expectError, expectJson, post, type Row } from './row.js';

const CLASSIFY = ':classify';
const REGRESS = ':regress';

/** Rows 9–12, 56–62 and 94: classify and regress, and signatures that REST can not call. */
export const EXAMPLE_ROWS: readonly Row[] = [
  {
    row: 9,
    run: async (bench) => {
      const body = '{"signature_name":"tensorflow/serving/regress","examples":[{"x":1.0},{"x":2.0}]}';
      await expectJson(bench, 'H3', body, { results: [3.5, 4] }, REGRESS);
    },
  },
  {
    row: 10,
    run: async (bench) => {
      const body = '{"signature_name":"regress_x_to_y","examples":[{"x":80.0}]}';
      for (const suffix of ['', '/versions/123', '/labels/Version_Label']) {
        await expectJson(bench, 'H2V', body, { results: [42] }, `${suffix}${REGRESS}`);
      }
    },
  },
  {
    row: 11,
    run: async (bench) => {
      const body = (x: string) => `{"signature_name":"classify_x_to_y","examples":[{"x":${x}}]}`;
      await expectJson(bench, 'H2V', body('20.0'), { results: [[['', 12]]] }, CLASSIFY);
      await expectJson(
        bench,
        'H2V',
        body('10.0'),
        { results: [[['', 7]]] },
        `/labels/Version_Label${CLASSIFY}`,
      );
    },
  },
  {
    row: 12,
    run: async (bench) => {
      const body = (name: string) => `{"signature_name":"${name}","examples":[{"x":2.0}]}`;
      await expectJson(bench, 'H2', body('classify_x_to_y'), { results: [[['', 3]]] }, CLASSIFY);
      await expectJson(bench, 'H2', body('regress_x_to_y'), { results: [3] }, REGRESS);
    },
  },
  {
    row: 58,
    run: async (bench) => {
      const context = await post(bench, 'H2V', '{"context":[{"x":1.0}],"examples":[{"x":1.0}]}', CLASSIFY);
      expectError(context, 400, 'Example must be JSON object');
      const example = await post(bench, 'H2V', '{"examples":[[{"x":1.0}]]}', REGRESS);
      expectError(example, 400, 'Example must be JSON object');
    },
  },
  {
    row: 59,
    run: async (bench) => {
      expectError(await post(bench, 'H2V', '{"examples":{"x":1.0}}', CLASSIFY), 400, 'list/array');
    },
  },
  {
    row: 60,
    run: async (bench) => {
      const cases = [
        ['[10,null]', 'JSON type: Null'],
        ['[10,10.0]', 'feature: names expecting type: int64'],
        ['[10,{"test":10}]', 'Object'],
        ['[[10],20]', 'Array'],
        ['[20,18446744073709551603]', 'Only int64_t is supported'],
      ] as const;
      for (const [names, piece] of cases) {
        const answer = await post(bench, 'H2V', `{"examples":[{"names":${names}}]}`, CLASSIFY);
        expectError(answer, 400, piece);
      }
    },
  },
  {
    row: 94,
    run: async (bench) => {
      const counter = await post(bench, 'CNT', '{"signature_name":"get_counter","inputs":{}}');
      expectError(counter, 400, 'Failed to get input map');
      const left = await post(bench, 'H2T', '{"inputs":{}}');
      expectError(left, 400, "Missing named input: x in 'inputs' object.");
    },
  },
];
