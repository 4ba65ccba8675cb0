import { afterAll, beforeAll, describe, expect } from 'vitest';
import { cleanUp, dropCache, startServe } from '../e2e/serve-harness.js';
import { GrpcClient } from '../grpc/client.js';
import { writeModels } from './grpc-bench.js';
import { GRPC_ROWS } from './grpc-rows.js';
import { testRows } from './row.js';
import { HAS_TESTDATA } from './testdata.js';

/** Rows 64 to 78 of the conformance table, on TensorFlow Serving's own models in a real server. */
describe.each([
  { mode: 'strict', flags: ['--strict_tfs'] },
  { mode: 'by default', flags: [] },
] as const)('conformance of gRPC, $mode', ({ mode, flags }) => {
  let client: GrpcClient;

  beforeAll(async () => {
    if (!HAS_TESTDATA) return;
    const server = await startServe(['--model_config_file', writeModels(), '--workers', '1', ...flags]);
    expect(server.ready.failed).toBeUndefined();
    client = new GrpcClient(String(server.ready.grpc));
  }, 120_000);
  afterAll(() => {
    client?.close();
    cleanUp();
    if (mode === 'by default') dropCache();
  });

  testRows(GRPC_ROWS, mode, () => client, !HAS_TESTDATA);
});
