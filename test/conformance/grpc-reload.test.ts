import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { MODEL_CONFIG_MESSAGES } from '../../src/repository/model-config-file.js';
import { defineSchema } from '../../src/savedmodel/wire/compile.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import type { Encodable } from '../../src/savedmodel/wire/schema.js';
import {
  cleanUp,
  dropCache,
  type Server,
  startServe,
  tempFolder,
  until,
  writeBroken,
} from '../e2e/serve-harness.js';
import { GrpcClient } from '../grpc/client.js';
import { MODEL, predict, scalar } from './grpc-bench.js';
import { HAS_TESTDATA, TESTDATA } from './testdata.js';

const H2V = join(TESTDATA, 'saved_model_half_plus_two_2_versions');
const H3 = join(TESTDATA, 'saved_model_half_plus_three');
const SLOW = 60_000;
const SCHEMA = defineSchema(MODEL_CONFIG_MESSAGES);

let client: GrpcClient | undefined;
afterEach(() => {
  client?.close();
  client = undefined;
  cleanUp();
});
afterAll(dropCache);

type Config = Encodable<typeof MODEL_CONFIG_MESSAGES, 'ModelConfig'>;

function connect(server: Server): GrpcClient {
  client = new GrpcClient(String(server.ready.grpc));
  return client;
}

function reload(to: GrpcClient, ...config: Config[]) {
  const models = config.map((each) => ({ model_platform: 'tensorflow', ...each }));
  return to.call(`${MODEL}/HandleReloadConfigRequest`, 'ReloadConfigRequest', 'ReloadConfigResponse', {
    config: encodeMessage(SCHEMA, 'ModelServerConfig', { model_config_list: { config: models } }),
  });
}

async function ask(from: GrpcClient, spec: Parameters<typeof predict>[1]): Promise<number> {
  const { outputs } = await predict(from, spec, { x: scalar(2) });
  return Number(outputs.get('y')?.data[0]);
}

function writeConfig(path: string, name: string, base: string): void {
  const config = `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" }`;
  writeFileSync(path, `model_config_list { ${config} }`);
}

describe.skipIf(!HAS_TESTDATA)('models replaced while the server runs', { timeout: SLOW }, () => {
  it('row 80: a file that is polled is followed, a bad one is not', async () => {
    const file = join(tempFolder(), 'models.config');
    writeConfig(file, 'two', H2V);
    const poll = ['--model_config_file_poll_wait_seconds', '0.2'];
    const server = await startServe(['--model_config_file', file, '--workers', '1', ...poll]);
    const from = connect(server);
    expect(await ask(from, { name: 'two' })).toBe(3);
    writeFileSync(file, 'improper model config');
    await server.logged('Error parsing text-format tensorflow.serving.ModelServerConfig');
    expect(await ask(from, { name: 'two' })).toBe(3);
    writeConfig(file, 'three', H3);
    await until(() =>
      ask(from, { name: 'three' }).then(
        (y) => y === 4,
        () => false,
      ),
    );
    await expect(ask(from, { name: 'two' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  const all = { model_version_policy: { all: {} } };
  const labelled = (version: bigint): Config => ({
    name: 'm',
    base_path: H2V,
    ...all,
    version_labels: new Map([['A', version]]),
  });

  it('row 83: labels of absent versions', async () => {
    const from = connect(await startServe([`m=${H2V}`, '--workers', '1']));
    await expect(reload(from, labelled(9n))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('not currently available for inference'),
    });
    await reload(from, labelled(123n));
    expect(await ask(from, { name: 'm', version_label: 'A' })).toBe(3);
    await reload(from, labelled(124n));
    const { spec } = await predict(from, { name: 'm', version_label: 'A' }, { x: scalar(2) });
    expect(spec?.version?.value).toBe(124n);
  });

  it('row 83: with the flag a new label may precede its version, one in use may not move away', async () => {
    const flag = '--allow_version_labels_for_unavailable_models';
    const from = connect(await startServe([`m=${H2V}`, '--workers', '1', flag]));
    await reload(from, labelled(9n));
    await reload(from, labelled(123n));
    await expect(reload(from, labelled(9n))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('not currently available for inference'),
    });
    expect(await ask(from, { name: 'm', version_label: 'A' })).toBe(3);
  });

  it('row 83: a label that can not be assigned at the start is named in the log', async () => {
    const file = join(tempFolder(), 'models.config');
    const config = `name: "m" base_path: "${H2V}" model_platform: "tensorflow" version_labels { key: "A" value: 9 }`;
    writeFileSync(file, `model_config_list { config { ${config} } }`);
    const server = await startServe(['--model_config_file', file, '--workers', '1']);
    await server.logged('Request to assign label to version 9 of model m');
  });

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
