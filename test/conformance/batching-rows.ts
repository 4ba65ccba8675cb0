import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Answer, launch, type Server, send, startServe, tempFolder } from '../e2e/serve-harness.js';
import { H2V, predict } from './own-server.js';
import type { Row } from './row.js';
import { SINGLE_MODELS } from './testdata.js';

/** Flags of a server that batches as a file says. */
function batched(text: string): string[] {
  const file = join(tempFolder(), 'batching.config');
  writeFileSync(file, text);
  return ['--enable_batching', '--batching_parameters_file', file, '--workers', '1'];
}

/** Rows 86 to 89: batching, each on a server of its own. */
export const BATCHING_ROWS: readonly Row<readonly string[]>[] = [
  {
    row: 86,
    run: async (flags) => {
      const server = await startServe([
        ...flags,
        `m=${H2V}`,
        ...batched('max_batch_size { value: 4 } batch_timeout_micros { value: 200000 }'),
      ]);
      const ask = (body: string) => send(`${server.url}/v1/models/m:predict`, body);
      const [first, second] = await Promise.all([
        ask('{"instances":[100.0,42.0]}'),
        ask('{"instances":[71.5,18.3]}'),
      ]);
      expect(JSON.parse(first.body)).toEqual({ predictions: [52, 23] });
      expect(JSON.parse(second.body)).toEqual({ predictions: [37.75, 11.15] });
    },
  },
  {
    row: 87,
    run: async (flags) => {
      const [short, long] = await askMixed(flags, 'pad_variable_length_inputs: true');
      // The first matrix is filled up with its own first element, 1, and every element is halved plus two.
      expect(JSON.parse(short.body).predictions[0]).toEqual([
        [2.5, 3, 2.5],
        [3.5, 4, 2.5],
        [2.5, 2.5, 2.5],
      ]);
      expect(JSON.parse(long.body).predictions[0][2]).toEqual([7.5, 8, 8.5]);
    },
    byDefault: async (flags) => {
      const [short, long] = await askMixed(flags, 'pad_variable_length_inputs: true');
      expect(JSON.parse(short.body).predictions[0]).toEqual([
        [2.5, 3],
        [3.5, 4],
      ]);
      expect(JSON.parse(long.body).predictions[0][2]).toEqual([7.5, 8, 8.5]);
    },
  },
  {
    row: 88,
    run: async (flags) => {
      for (const { status, body } of await askMixed(flags, '')) {
        expect(status).toBe(400);
        expect(body).toContain('different shapes and padding is turned off');
      }
    },
    byDefault: async (flags) => {
      const answers = await askMixed(flags, '');
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(JSON.parse(answers[0].body).predictions[0]).toEqual([
        [2.5, 3],
        [3.5, 4],
      ]);
    },
  },
  {
    row: 89,
    run: async (flags) => {
      const server = await startServe([
        ...flags,
        `m=${H2V}`,
        ...batched(
          'max_batch_size { value: 4 } allowed_batch_sizes: 1 allowed_batch_sizes: 3 allowed_batch_sizes: 4',
        ),
      ]);
      expect(await predict(server, 'm', 2)).toEqual({ predictions: [3] });
      const { body } = await send(`${server.url}/v1/models/m:predict`, '{"instances":[[2],[4]]}');
      expect(JSON.parse(body)).toEqual({ predictions: [[3], [4]] });
      expect((await send(`${server.url}/metrics`)).body).toMatch(
        /tfdeploy_batch_padding_rows_total\{model="m"[^}]*\} 1\n/,
      );
      const refused = [
        [
          'max_batch_size { value: 4 } allowed_batch_sizes: 4 allowed_batch_sizes: 2',
          'monotonically increasing',
        ],
        ['max_batch_size { value: 4 } allowed_batch_sizes: 2 allowed_batch_sizes: 8', 'max_batch_size'],
      ] as const;
      for (const [text, piece] of refused) {
        const { ended, log } = launch([...flags, '--rest_api_port', '0', `m=${H2V}`, ...batched(text)]);
        expect(await ended).toBe(78);
        expect(log()).toContain(piece);
      }
    },
  },
];

/** Two requests for one batch: a matrix of 2 x 2 and one of 3 x 3. */
async function askMixed(flags: readonly string[], text: string): Promise<[Answer, Answer]> {
  const base = join(tempFolder(), 'mx');
  cpSync(SINGLE_MODELS.MX, join(base, '1'), { recursive: true });
  // Long enough for both to meet: a full batch does not wait.
  const batching = `max_batch_size { value: 2 } batch_timeout_micros { value: 2000000 } ${text}`;
  const server: Server = await startServe([...flags, `m=${base}`, ...batched(batching)]);
  const ask = (body: string) => send(`${server.url}/v1/models/m:predict`, body);
  return Promise.all([
    ask('{"instances":[[[1,2],[3,4]]]}'),
    ask('{"instances":[[[5,6,7],[8,9,10],[11,12,13]]]}'),
  ]);
}
