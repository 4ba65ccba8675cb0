import { afterAll, afterEach, describe } from 'vitest';
import { cleanUp, dropCache } from '../e2e/serve-harness.js';
import { BATCHING_ROWS } from './batching-rows.js';
import { testRows } from './row.js';
import { HAS_TESTDATA } from './testdata.js';
import { WARM_UP_ROWS } from './warm-up-rows.js';

afterEach(cleanUp);
afterAll(dropCache);

describe.each([
  { mode: 'strict', flags: ['--strict_tfs'] },
  { mode: 'by default', flags: [] },
] as const)('conformance of batching and warm-up, $mode', { timeout: 60_000 }, ({ mode, flags }) => {
  testRows(BATCHING_ROWS, mode, () => flags, !HAS_TESTDATA);
  testRows(WARM_UP_ROWS, mode, () => flags);
});
