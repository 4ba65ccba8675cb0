import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { startServe, tempFolder, until } from '../e2e/serve-harness.js';
import { predict, scalar } from './grpc-bench.js';
import { configText, H2V, H3 } from './own-server.js';
import { ask, type Config, connect, reload } from './reload-client.js';
import type { Row } from './row.js';

const all = { model_version_policy: { all: {} } };
const labelled = (version: bigint): Config => ({
  name: 'm',
  base_path: H2V,
  ...all,
  version_labels: new Map([['A', version]]),
});

/** Rows 80 and 83: models and labels that change while the server runs. */
export const RELOAD_ROWS: readonly Row<readonly string[]>[] = [
  {
    row: 80,
    part: 'polled',
    run: async (flags) => {
      const file = join(tempFolder(), 'models.config');
      writeFileSync(file, configText([{ name: 'two', base: H2V }]));
      const poll = ['--model_config_file_poll_wait_seconds', '0.2'];
      const server = await startServe([...flags, '--model_config_file', file, '--workers', '1', ...poll]);
      const from = connect(server);
      expect(await ask(from, { name: 'two' })).toBe(3);
      writeFileSync(file, 'improper model config');
      await server.logged('Error parsing text-format tensorflow.serving.ModelServerConfig');
      expect(await ask(from, { name: 'two' })).toBe(3);
      writeFileSync(file, configText([{ name: 'three', base: H3 }]));
      await until(() =>
        ask(from, { name: 'three' }).then(
          (y) => y === 4,
          () => false,
        ),
      );
      await expect(ask(from, { name: 'two' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    },
  },
  {
    row: 83,
    part: 'an absent version',
    run: async (flags) => {
      const from = connect(await startServe([...flags, `m=${H2V}`, '--workers', '1']));
      await expect(reload(from, labelled(9n))).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: expect.stringContaining('not currently available for inference'),
      });
      await reload(from, labelled(123n));
      expect(await ask(from, { name: 'm', version_label: 'A' })).toBe(3);
      await reload(from, labelled(124n));
      const { spec } = await predict(from, { name: 'm', version_label: 'A' }, { x: scalar(2) });
      expect(spec?.version?.value).toBe(124n);
    },
  },
  {
    row: 83,
    part: 'allowed by a flag',
    run: async (flags) => {
      const flag = '--allow_version_labels_for_unavailable_models';
      const from = connect(await startServe([...flags, `m=${H2V}`, '--workers', '1', flag]));
      await reload(from, labelled(9n));
      await reload(from, labelled(123n));
      await expect(reload(from, labelled(9n))).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: expect.stringContaining('not currently available for inference'),
      });
      expect(await ask(from, { name: 'm', version_label: 'A' })).toBe(3);
    },
  },
  {
    row: 83,
    part: 'absent at the start',
    run: async (flags) => {
      const file = join(tempFolder(), 'models.config');
      const config = `name: "m" base_path: "${H2V}" model_platform: "tensorflow" version_labels { key: "A" value: 9 }`;
      writeFileSync(file, `model_config_list { config { ${config} } }`);
      const server = await startServe([...flags, '--model_config_file', file, '--workers', '1']);
      await server.logged('Request to assign label to version 9 of model m');
    },
  },
];
