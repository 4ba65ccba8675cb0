import { afterAll, beforeAll, describe } from 'vitest';
import { cleanUp, dropCache, startServe, tempFolder } from '../e2e/serve-harness.js';
import { ask } from '../http/client.js';
import { CODEC_ROWS } from './codec-rows.js';
import { EXAMPLE_ROWS } from './example-rows.js';
import { nameOf, writeModelBase } from './model-base.js';
import { PREDICT_ROWS } from './predict-rows.js';
import { type Bench, testRows } from './row.js';
import { HAS_TESTDATA } from './testdata.js';

/** The rows on real models in a real server, started as TensorFlow Serving is. */
describe.each([
  { mode: 'strict', flags: ['--strict_tfs'] },
  { mode: 'by default', flags: [] },
] as const)('conformance of tfdeploy serve, $mode', ({ mode, flags }) => {
  let bench: Bench;

  beforeAll(async () => {
    const server = await startServe([...writeModelBase(tempFolder()), ...flags]);
    const port = Number(new URL(server.url).port);
    bench = { name: nameOf, ask: (path, request) => ask(port, path, request) };
  }, 120_000);
  afterAll(() => {
    cleanUp();
    if (mode === 'by default') dropCache();
  });

  testRows(CODEC_ROWS, mode, () => bench);
  testRows([...PREDICT_ROWS, ...EXAMPLE_ROWS], mode, () => bench, !HAS_TESTDATA);
});
