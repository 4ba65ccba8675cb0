import { afterAll, afterEach, describe } from 'vitest';
import { cleanUp, dropCache } from '../e2e/serve-harness.js';
import { CONFIG_ROWS } from './config-rows.js';
import { closeClients } from './reload-client.js';
import { RELOAD_ROWS } from './reload-rows.js';
import { testRows } from './row.js';
import { HAS_TESTDATA } from './testdata.js';

afterEach(() => {
  closeClients();
  cleanUp();
});
afterAll(dropCache);

/** Rows that need a server of their own. */
describe.each([
  { mode: 'strict', flags: ['--strict_tfs'] },
  { mode: 'by default', flags: [] },
] as const)('conformance of configuration, $mode', { timeout: 60_000 }, ({ mode, flags }) => {
  testRows([...CONFIG_ROWS, ...RELOAD_ROWS], mode, () => flags, !HAS_TESTDATA);
});
