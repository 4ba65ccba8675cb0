import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeSavedModel } from '../fixtures/saved-model-writer.js';
import type { ModelKey } from './row.js';
import { HAS_TESTDATA, SINGLE_MODELS, TESTDATA } from './testdata.js';
import { WRITTEN_MODELS } from './written-models.js';

/** Names in requests of the models whose expected answers hold a name. */
const NAMES: Partial<Record<ModelKey, string>> = {
  H2: 'default',
  H2V: 'saved_model_half_plus_two_2_versions',
  H3: 'saved_model_half_plus_three',
};

export function nameOf(model: ModelKey): string {
  return NAMES[model] ?? model;
}

interface Source {
  readonly model: ModelKey;
  readonly dir: string;
  readonly version: number;
}

function listTestdata(): Source[] {
  if (!HAS_TESTDATA) return [];
  const version = 123;
  return [
    { model: 'H2', dir: SINGLE_MODELS.H2, version },
    { model: 'H2T', dir: SINGLE_MODELS.H2T, version },
    { model: 'CNT', dir: SINGLE_MODELS.CNT, version },
    { model: 'H2V', dir: join(TESTDATA, 'saved_model_half_plus_two_2_versions', '00000123'), version },
    { model: 'H3', dir: join(TESTDATA, 'saved_model_half_plus_three', '00000123'), version },
  ];
}

/**
 * Lays the table's models out below `dir`, each with its version, and writes the two configuration files that
 * TensorFlow Serving's users have. Gives the flags.
 */
export function writeModelBase(dir: string): string[] {
  const written = Object.entries(WRITTEN_MODELS).map(([name, spec]): Source => {
    const own = join(dir, 'written', name);
    writeSavedModel(own, spec);
    return { model: `E:${name}`, dir: own, version: 1 };
  });
  const configs = [...written, ...listTestdata()].map(({ model, dir: from, version }) => {
    if (!existsSync(from)) throw new Error(`${from} is missing`);
    const base = join(dir, 'base', model.replace(':', '-'));
    const link = join(base, String(version));
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(from, link);
    const labels = model === 'H2V' ? `version_labels { key: 'Version_Label' value: ${version} }` : '';
    return `config { name: "${nameOf(model)}" base_path: "${base}" model_platform: "tensorflow" ${labels} }`;
  });
  const models = join(dir, 'models.config');
  writeFileSync(models, `model_config_list {\n${configs.join('\n')}\n}\n`);
  const monitoring = join(dir, 'monitoring.config');
  writeFileSync(monitoring, 'prometheus_config: { enable: true, path: "/monitoring/prometheus/metrics" }\n');
  return ['--model_config_file', models, '--monitoring_config_file', monitoring, '--workers', '1'];
}
