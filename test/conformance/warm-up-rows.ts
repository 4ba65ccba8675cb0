import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { launch, startServe } from '../e2e/serve-harness.js';
import { frame } from '../fixtures/tf-record.js';
import { predict, versionsOf } from './own-server.js';
import type { Row } from './row.js';

/** A model of one version with these bytes as its warm-up requests. */
function withWarmUp(bytes: Uint8Array): string[] {
  const base = versionsOf('1');
  const extra = join(base, '1', 'assets.extra');
  mkdirSync(extra);
  writeFileSync(join(extra, 'tf_serving_warmup_requests'), bytes);
  return [`m=${base}`, '--workers', '1'];
}

/** Row 90: the requests recorded with a model, each file on a server of its own. */
export const WARM_UP_ROWS: readonly Row<readonly string[]>[] = [
  {
    row: 90,
    part: 'none, empty',
    run: async (flags) => {
      for (const args of [[`m=${versionsOf('1')}`, '--workers', '1'], withWarmUp(new Uint8Array())]) {
        const server = await startServe([...flags, ...args]);
        expect(await predict(server, 'm', 2)).toEqual({ predictions: [2] });
      }
    },
  },
  {
    row: 90,
    part: 'what can not be run',
    run: async (flags) => {
      const empty = frame(new Uint8Array());
      const cases = [
        [Buffer.from('not a TFRecord at all'), 'Please verify your warmup data is in TFRecord format'],
        [
          Buffer.concat(Array.from({ length: 1001 }, () => empty)),
          'Number of warmup records exceeds the maximum',
        ],
        [frame(Buffer.from('malformed')), 'Failed to parse warmup record'],
      ] as const;
      await Promise.all(
        cases.map(async ([bytes, piece]) => {
          const { ended, log } = launch([
            ...flags,
            '--rest_api_port',
            '0',
            '--max_num_load_retries',
            '0',
            ...withWarmUp(bytes),
          ]);
          expect(await ended).not.toBe(0);
          expect(log()).toContain(piece);
        }),
      );
    },
  },
];
