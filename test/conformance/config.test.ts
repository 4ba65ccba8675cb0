import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  dropCache,
  launch,
  type Server,
  send,
  startServe,
  tempFolder,
  until,
} from '../e2e/serve-harness.js';
import { writeSavedModel } from '../fixtures/saved-model-writer.js';
import { HAS_TESTDATA, SINGLE_MODELS, TESTDATA } from './testdata.js';
import { WRITTEN_MODELS } from './written-models.js';

const H2V = join(TESTDATA, 'saved_model_half_plus_two_2_versions');
const H3 = join(TESTDATA, 'saved_model_half_plus_three');
const SLOW = 60_000;

afterEach(cleanUp);
afterAll(dropCache);

interface Entry {
  readonly name: string;
  readonly base: string;
  readonly more?: string;
}

function configText(entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ name, base, more = '' }) =>
      `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" ${more} }`,
  );
  return `model_config_list { ${rows.join('\n')} }`;
}

function writeConfig(entries: readonly Entry[]): string {
  const path = join(tempFolder(), 'models.config');
  writeFileSync(path, configText(entries));
  return path;
}

/** Two copies of a model below a base path, as versions of those directory names. */
function versionsOf(...names: string[]): string {
  const base = join(tempFolder(), 'base');
  for (const name of names) {
    const draft = join(tempFolder(), 'draft');
    writeSavedModel(draft, WRITTEN_MODELS.float!);
    mkdirSync(base, { recursive: true });
    renameSync(draft, join(base, name));
  }
  return base;
}

async function predict(server: Server, path: string, x: number): Promise<unknown> {
  const { body } = await send(`${server.url}/v1/models/${path}:predict`, `{"instances":[${x}]}`);
  return JSON.parse(body);
}

async function available(server: Server, model: string): Promise<string[]> {
  const { status, body } = await send(`${server.url}/v1/models/${model}`);
  if (status !== 200) return [];
  const { model_version_status: all } = JSON.parse(body) as {
    model_version_status: { version: string; state: string }[];
  };
  return all.filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version);
}

describe.skipIf(!HAS_TESTDATA)('conformance of configuration files', { timeout: SLOW }, () => {
  it('row 79: two models', async () => {
    const file = writeConfig([
      { name: 'half_plus_two', base: H2V },
      { name: 'half_plus_three', base: H3 },
    ]);
    const server = await startServe(['--model_config_file', file, '--workers', '1']);
    expect(await predict(server, 'half_plus_two', 2)).toEqual({ predictions: [3] });
    expect(await predict(server, 'half_plus_three', 2)).toEqual({ predictions: [4] });
  });

  it('row 80, one half: a rewritten file is not followed when it is not polled', async () => {
    const file = writeConfig([{ name: 'half_plus_two', base: H2V }]);
    const server = await startServe([
      '--model_config_file',
      file,
      '--model_config_file_poll_wait_seconds',
      '0',
      '--workers',
      '1',
    ]);
    writeFileSync(file, configText([{ name: 'half_plus_three', base: H3 }]));
    expect(await predict(server, 'half_plus_two', 2)).toEqual({ predictions: [3] });
    expect(await available(server, 'half_plus_three')).toEqual([]);
  });

  it('row 81: a malformed file ends the process', async () => {
    const { ended, log } = launch([
      '--model_config_file',
      join(TESTDATA, 'bad_model_config.txt'),
      '--rest_api_port',
      '0',
    ]);
    expect(await ended).toBe(78);
    expect(log()).toContain('Error parsing text-format tensorflow.serving.ModelServerConfig');
  });

  it('row 82: versions and labels', async () => {
    const labels = "version_labels { key: 'A' value: 123 } version_labels { key: 'B' value: 124 }";
    const file = writeConfig([{ name: 'm', base: H2V, more: `model_version_policy { all {} } ${labels}` }]);
    const server = await startServe(['--model_config_file', file, '--workers', '1']);
    const versionAt = async (path: string) =>
      (
        JSON.parse((await send(`${server.url}/v1/models/m${path}/metadata`)).body) as {
          model_spec: { version: string };
        }
      ).model_spec.version;
    expect(await versionAt('')).toBe('124');
    expect(await versionAt('/versions/123')).toBe('123');
    expect(await versionAt('/labels/A')).toBe('123');
    expect(await versionAt('/labels/B')).toBe('124');
    const { body } = await send(`${server.url}/v1/models/m/labels/C:predict`, '{"instances":[1]}');
    expect(body).toContain('Unrecognized servable version label: C');
  });

  it('row 84: version policies', async () => {
    const base = versionsOf('42', '33', '30', '21', '00017', 'non_numerical_child');
    const policies = {
      latest: 'model_version_policy { latest { num_versions: 3 } }',
      usual: '',
      specific: 'model_version_policy { specific { versions: 17 versions: 30 } }',
    };
    const file = writeConfig(Object.entries(policies).map(([name, more]) => ({ name, base, more })));
    const server = await startServe(['--model_config_file', file, '--workers', '1']);
    expect(await available(server, 'latest')).toEqual(['42', '33', '30']);
    expect(await available(server, 'usual')).toEqual(['42']);
    expect(await available(server, 'specific')).toEqual(['30', '17']);
  });

  it('row 85: a version of 14 digits; renamed and deleted versions are let go', async () => {
    const base = versionsOf('20170111173521', '2', '8');
    const file = writeConfig([{ name: 'm', base, more: 'model_version_policy { all {} }' }]);
    const server = await startServe([
      '--model_config_file',
      file,
      '--file_system_poll_wait_seconds',
      '0.2',
      '--workers',
      '1',
    ]);
    expect(await available(server, 'm')).toEqual(['20170111173521', '8', '2']);
    renameSync(join(base, '2'), join(base, '2.denied'));
    rmSync(join(base, '8'), { recursive: true });
    await until(async () => (await available(server, 'm')).length === 1);
    expect(await available(server, 'm')).toEqual(['20170111173521']);
  });
});

describe.skipIf(!HAS_TESTDATA)('conformance of batching', { timeout: SLOW }, () => {
  const batched = (text: string): string[] => {
    const file = join(tempFolder(), 'batching.config');
    writeFileSync(file, text);
    return ['--enable_batching', '--batching_parameters_file', file, '--workers', '1'];
  };

  it('row 86: requests that share a batch get their own rows', async () => {
    const server = await startServe([
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
  });

  it('row 87: with padding on, requests of different lengths get the answers they get alone', async () => {
    const base = join(tempFolder(), 'mx');
    cpSync(SINGLE_MODELS.MX, join(base, '1'), { recursive: true });
    const server = await startServe([
      `m=${base}`,
      ...batched(
        'max_batch_size { value: 2 } batch_timeout_micros { value: 100000 } pad_variable_length_inputs: true',
      ),
    ]);
    const ask = (body: string) => send(`${server.url}/v1/models/m:predict`, body);
    const [short, long] = await Promise.all([
      ask('{"instances":[[[1,2],[3,4]]]}'),
      ask('{"instances":[[[5,6,7],[8,9,10],[11,12,13]]]}'),
    ]);
    // TensorFlow Serving pads the first one with its own first element and answers with a 3 x 3 matrix.
    expect(JSON.parse(short.body).predictions[0]).toEqual([
      [2.5, 3],
      [3.5, 4],
    ]);
    expect(JSON.parse(long.body).predictions[0][2]).toEqual([7.5, 8, 8.5]);
  });

  it('row 88: requests of different shapes', async () => {
    const base = join(tempFolder(), 'mx');
    cpSync(SINGLE_MODELS.MX, join(base, '1'), { recursive: true });
    const server = await startServe([
      `m=${base}`,
      ...batched('max_batch_size { value: 4 } batch_timeout_micros { value: 100000 }'),
    ]);
    const ask = (body: string) => send(`${server.url}/v1/models/m:predict`, body);
    const small = '{"instances":[[[1,2,3],[4,5,6],[7,8,9]]]}';
    const answers = await Promise.all([ask(small), ask('{"instances":[[[1,2],[3,4]]]}')]);
    // TensorFlow Serving fails both; here each shape is batched with its like.
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(JSON.parse(answers[1]!.body)).toEqual({
      predictions: [
        [
          [2.5, 3],
          [3.5, 4],
        ],
      ],
    });
  });

  it('row 89: allowed sizes', async () => {
    const server = await startServe([
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
      const { ended, log } = launch(['--rest_api_port', '0', `m=${H2V}`, ...batched(text)]);
      expect(await ended).toBe(78);
      expect(log()).toContain(piece);
    }
  });
});
