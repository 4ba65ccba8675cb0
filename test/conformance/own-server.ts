import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, send, tempFolder } from '../e2e/serve-harness.js';
import { writeSavedModel } from '../fixtures/saved-model-writer.js';
import { TESTDATA } from './testdata.js';
import { WRITTEN_MODELS } from './written-models.js';

export const H2V = join(TESTDATA, 'saved_model_half_plus_two_2_versions');
export const H3 = join(TESTDATA, 'saved_model_half_plus_three');

export interface Entry {
  readonly name: string;
  readonly base: string;
  readonly more?: string;
}

export function configText(entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ name, base, more = '' }) =>
      `config { name: "${name}" base_path: "${base}" model_platform: "tensorflow" ${more} }`,
  );
  return `model_config_list { ${rows.join('\n')} }`;
}

export function writeConfig(entries: readonly Entry[]): string {
  const path = join(tempFolder(), 'models.config');
  writeFileSync(path, configText(entries));
  return path;
}

/** Copies of a model below a base path, as versions of those directory names. */
export function versionsOf(...names: string[]): string {
  const base = join(tempFolder(), 'base');
  for (const name of names) {
    const draft = join(tempFolder(), 'draft');
    writeSavedModel(draft, WRITTEN_MODELS.float!);
    mkdirSync(base, { recursive: true });
    renameSync(draft, join(base, name));
  }
  return base;
}

export async function predict(server: Server, path: string, x: number): Promise<unknown> {
  const { body } = await send(`${server.url}/v1/models/${path}:predict`, `{"instances":[${x}]}`);
  return JSON.parse(body);
}

export async function available(server: Server, model: string): Promise<string[]> {
  const { status, body } = await send(`${server.url}/v1/models/${model}`);
  if (status !== 200) return [];
  const { model_version_status: all } = JSON.parse(body) as {
    model_version_status: { version: string; state: string }[];
  };
  return all.filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version);
}
