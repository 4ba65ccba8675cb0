import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import type { Field } from './field.js';
import { type Config, FIELDS, type FieldName } from './fields.js';
import { ENV_PREFIX, flagName } from './names.js';
import { type FieldValue, parseValue } from './parse.js';
import { suggest } from './suggest.js';

export interface ConfigSources {
  /** By flag name without dashes in front, `rest-api-port`. Undefined ones were not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML or JSON file. */
  readonly file?: string;
}

export interface ResolvedConfig {
  readonly config: Config;
  /** Fields that somebody set, with where. */
  readonly given: ReadonlyMap<FieldName, string>;
  /** What to tell the person: fields without meaning, variables nobody reads. */
  readonly notes: readonly string[];
}

const ROWS: ReadonlyMap<string, Field> = new Map(Object.entries(FIELDS));
/** Variables of other parts of tfdeploy. */
const OTHER_VARIABLES = new Set(['TFDEPLOY_CONFIG', 'TFDEPLOY_LISTEN_FD', 'TFDEPLOY_LISTEN_COUNT']);

async function readFields(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `configuration file ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, uniqueKeys: true });
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `configuration file ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new TfdeployError('TFD_CONFIG', `configuration file ${file}: should hold \`field: value\` lines`);
  return value as Record<string, unknown>;
}

/**
 * The configuration: flags win over the environment, the environment over the file, the file over the
 * defaults. All problems are told at once in one TFD_CONFIG.
 */
export async function resolveConfig(sources: ConfigSources): Promise<ResolvedConfig> {
  const problems: string[] = [];
  const notes: string[] = [];
  const values = new Map<string, FieldValue>();
  const given = new Map<FieldName, string>();
  const set = (name: string, raw: unknown, where: string): void => {
    const row = ROWS.get(name) as Field;
    const parsed = parseValue(row, raw);
    if ('problem' in parsed) {
      problems.push(`${where}: ${parsed.problem}`);
      return;
    }
    values.set(name, parsed.value);
    given.set(name as FieldName, where);
  };

  const file = sources.file ?? sources.env.TFDEPLOY_CONFIG;
  if (file !== undefined)
    for (const [key, raw] of Object.entries(await readFields(file)))
      if (ROWS.has(key)) set(key, raw, `${file}: ${key}`);
      else problems.push(`${file}: ${key}: there is no such field${suggest(key, [...ROWS.keys()])}`);
  for (const [key, raw] of Object.entries(sources.env)) {
    if (!key.startsWith(ENV_PREFIX) || raw === undefined || OTHER_VARIABLES.has(key)) continue;
    const name = key.slice(ENV_PREFIX.length).toLowerCase();
    if (ROWS.has(name)) set(name, raw, key);
    else notes.push(`${key} is not a field of the configuration and is not read`);
  }
  for (const name of ROWS.keys()) {
    const raw = sources.flags[flagName(name)];
    if (raw !== undefined) set(name, raw, `--${flagName(name)}`);
  }

  for (const [name, where] of given) {
    const row = ROWS.get(name) as Field;
    const value = values.get(name);
    if (row.meaningless === undefined || value === '' || value === false) continue;
    if (row.isRefused) problems.push(`${where}: not supported: ${row.meaningless}`);
    else notes.push(`${where} has no effect: ${row.meaningless}`);
  }
  if (problems.length > 0)
    throw new TfdeployError('TFD_CONFIG', problems.join('\n'), {
      hint: 'tfdeploy serve --help lists every field',
      details: { problems },
    });
  const config: Record<string, FieldValue | undefined> = {};
  for (const [name, row] of ROWS) config[name] = values.get(name) ?? row.default;
  return { config: config as Config, given, notes };
}
