import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { launch, send, startServe, until } from '../e2e/serve-harness.js';
import { available, configText, H2V, H3, predict, versionsOf, writeConfig } from './own-server.js';
import type { Row } from './row.js';
import { TESTDATA } from './testdata.js';

/** Rows 79, 81, 82, 84 and 85, and half of 80: configuration files and versions, each on a server of its own. */
export const CONFIG_ROWS: readonly Row<readonly string[]>[] = [
  {
    row: 79,
    run: async (flags) => {
      const file = writeConfig([
        { name: 'half_plus_two', base: H2V },
        { name: 'half_plus_three', base: H3 },
      ]);
      const server = await startServe([...flags, '--model_config_file', file, '--workers', '1']);
      expect(await predict(server, 'half_plus_two', 2)).toEqual({ predictions: [3] });
      expect(await predict(server, 'half_plus_three', 2)).toEqual({ predictions: [4] });
    },
  },
  {
    row: 80,
    part: 'not polled',
    run: async (flags) => {
      const file = writeConfig([{ name: 'half_plus_two', base: H2V }]);
      const server = await startServe([
        ...flags,
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
    },
  },
  {
    row: 81,
    run: async (flags) => {
      const { ended, log } = launch([
        ...flags,
        '--model_config_file',
        join(TESTDATA, 'bad_model_config.txt'),
        '--rest_api_port',
        '0',
      ]);
      expect(await ended).toBe(78);
      expect(log()).toContain('Error parsing text-format tensorflow.serving.ModelServerConfig');
    },
  },
  {
    row: 82,
    run: async (flags) => {
      const labels = "version_labels { key: 'A' value: 123 } version_labels { key: 'B' value: 124 }";
      const file = writeConfig([{ name: 'm', base: H2V, more: `model_version_policy { all {} } ${labels}` }]);
      const server = await startServe([...flags, '--model_config_file', file, '--workers', '1']);
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
    },
  },
  {
    row: 84,
    run: async (flags) => {
      const base = versionsOf('42', '33', '30', '21', '00017', 'non_numerical_child');
      const policies = {
        latest: 'model_version_policy { latest { num_versions: 3 } }',
        usual: '',
        specific: 'model_version_policy { specific { versions: 17 versions: 30 } }',
      };
      const file = writeConfig(Object.entries(policies).map(([name, more]) => ({ name, base, more })));
      const server = await startServe([...flags, '--model_config_file', file, '--workers', '1']);
      expect(await available(server, 'latest')).toEqual(['42', '33', '30']);
      expect(await available(server, 'usual')).toEqual(['42']);
      expect(await available(server, 'specific')).toEqual(['30', '17']);
    },
  },
  {
    row: 85,
    run: async (flags) => {
      const base = versionsOf('20170111173521', '2', '8');
      const file = writeConfig([{ name: 'm', base, more: 'model_version_policy { all {} }' }]);
      const server = await startServe([
        ...flags,
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
    },
  },
];
