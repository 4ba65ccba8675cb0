import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cleanUp, dropCache, startServe, tempFolder, writeBroken } from '../e2e/serve-harness.js';
import { H2V, H3 } from './own-server.js';
import { ask, type Config, closeClients, connect, reload } from './reload-client.js';
import { HAS_TESTDATA } from './testdata.js';

const SLOW = 60_000;

afterEach(() => {
  closeClients();
  cleanUp();
});
afterAll(dropCache);

describe.skipIf(!HAS_TESTDATA)('models replaced while the server runs', { timeout: SLOW }, () => {
  it('looks at a new list first: what is wrong with it changes nothing', async () => {
    const from = connect(await startServe([`m=${H2V}`, '--workers', '1']));
    const wrong: [Config[], number, string][] = [
      [[{ name: '', base_path: H3 }], status.INVALID_ARGUMENT, 'needs a name'],
      [[{ name: 'a', base_path: H3, model_platform: 'other' }], status.INVALID_ARGUMENT, 'not served'],
      [
        [
          { name: 'a', base_path: H3 },
          { name: 'a', base_path: H2V },
        ],
        status.INVALID_ARGUMENT,
        'multiple times',
      ],
      [[{ name: 'a', base_path: '/no/such' }], status.FAILED_PRECONDITION, 'No versions of servable a found'],
    ];
    for (const [models, code, piece] of wrong)
      await expect(reload(from, ...models)).rejects.toMatchObject({
        code,
        details: expect.stringContaining(piece),
      });
    expect(await ask(from, { name: 'm' })).toBe(3);
  });

  it('names the models that can not be served, and serves the others from every worker', async () => {
    const broken = join(tempFolder(), '1');
    writeBroken(broken);
    const from = connect(await startServe([`m=${H2V}`, '--workers', '2']));
    const models = [
      { name: 'broken', base_path: join(broken, '..') },
      { name: 'three', base_path: H3 },
    ];
    await expect(reload(from, ...models)).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringMatching(/model broken version 1: .*NoSuchOperation/),
    });
    expect(await ask(from, { name: 'three' })).toBe(4);
    await expect(ask(from, { name: 'm' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});
