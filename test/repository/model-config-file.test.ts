import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../src/repository/model-config-file.js';

const parse = (text: string) => parseModelConfig(Buffer.from(text), 'models.config');
const one = (fields: string) =>
  parse(
    `model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" ${fields} } }`,
  )[0];

describe('model_config_file', () => {
  it('reads policies and labels', () => {
    expect(one('')).toEqual({
      name: 'm',
      basePath: '/m',
      policy: { kind: 'latest', count: 1 },
      labels: new Map(),
    });
    expect(one('model_version_policy { latest { num_versions: 3 } }')?.policy).toEqual({
      kind: 'latest',
      count: 3,
    });
    expect(one('model_version_policy { latest { } }')?.policy).toEqual({ kind: 'latest', count: 1 });
    expect(one('model_version_policy { all {} }')?.policy).toEqual({ kind: 'all' });
    expect(one('model_version_policy { specific { versions: 42 versions: 43 } }')?.policy).toEqual({
      kind: 'specific',
      versions: [42n, 43n],
    });
    expect(one("version_labels { key: 'stable' value: 42 }")?.labels).toEqual(new Map([['stable', 42n]]));
  });

  it('refuses what TensorFlow Serving refuses, in its words', () => {
    expect(() => parse('improbable')).toThrow(
      'Error parsing text-format tensorflow.serving.ModelServerConfig: models.config',
    );
    expect(() => parse('model_config_list { config { name: "m" base_path: "/m" } }')).toThrow(
      'Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is m',
    );
    const twice = 'config { name: "m" base_path: "/m" model_platform: "tensorflow" }';
    expect(() => parse(`model_config_list { ${twice} ${twice} }`)).toThrow(
      'Illegal to list model m multiple times in config list',
    );
    expect(() => one('logging_config { }')).toThrow('logging_config is not supported');
    expect(() => parse('model_config_list { config { name: "m" model_platform: "tensorflow" } }')).toThrow(
      'a model needs a name and a base_path',
    );
  });

  const testdata = join(import.meta.dirname, '../../../shared/models/tensorflow_serving_testdata');
  it("reads TensorFlow Serving's own examples", (context) => {
    let good: string;
    try {
      good = readFileSync(join(testdata, 'good_model_config.txt'), 'utf8');
    } catch (error) {
      if (process.env.CI === 'true') throw error;
      return context.skip('the shared test data is not there');
    }
    expect(parse(good).map(({ name }) => name)).toHaveLength(2);
    expect(() => parse(readFileSync(join(testdata, 'bad_model_config.txt'), 'utf8'))).toThrow(
      'Error parsing',
    );
  });
});
