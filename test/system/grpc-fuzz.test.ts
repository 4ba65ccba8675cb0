import { status } from '@grpc/grpc-js';
import { afterAll, describe, expect, it } from 'vitest';
import { inputOf, predict, regress, scalar } from '../conformance/grpc-bench.js';
import { HAS_TESTDATA, SINGLE_MODELS } from '../conformance/testdata.js';
import { cleanUp, dropCache, startServe, workerPids } from '../e2e/serve-harness.js';
import { GrpcClient } from '../grpc/client.js';
import { fuzz } from '../grpc/fuzz.js';

const MESSAGES = 10_500;

afterAll(() => {
  cleanUp();
  dropCache();
});

describe.skipIf(!HAS_TESTDATA)('hostile bytes against a running server', () => {
  it(`${MESSAGES} changed messages: statuses of the protocol, the same worker, right answers after`, async () => {
    const server = await startServe([`half=${SINGLE_MODELS.H2}`, '--workers', '1']);
    const [pid] = workerPids(server);
    const client = new GrpcClient(String(server.ready.grpc));
    const { codes, strange } = await fuzz(client, MESSAGES, 'half', 'regress_x_to_y');
    expect(strange).toEqual([]);
    expect(codes.get(status.INVALID_ARGUMENT)).toBeGreaterThan(1000);
    expect(workerPids(server)).toEqual([pid]);
    const { outputs } = await predict(client, { name: 'half' }, { x: scalar(2) });
    expect(outputs.get('y')).toEqual(scalar(3));
    await expect(
      regress(client, { name: 'half', signature_name: 'regress_x_to_y' }, inputOf()),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    client.close();
  });
});
