import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import { parseText } from '../savedmodel/text/parse.js';
import { defineSchema } from '../savedmodel/wire/compile.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import type { Decoded } from '../savedmodel/wire/schema.js';
import { LATEST, type ModelConfig, type VersionPolicy } from './policy.js';

export const MODEL_CONFIG_MESSAGES = {
  ModelServerConfig: { model_config_list: [1, 'ModelConfigList'] },
  ModelConfigList: { config: [1, 'ModelConfig[]'] },
  ModelConfig: {
    name: [1, 'string'],
    base_path: [2, 'string'],
    model_type: [3, 'enum ModelType'],
    model_platform: [4, 'string'],
    model_version_policy: [7, 'ServableVersionPolicy'],
    version_labels: [8, 'map<string, int64>'],
    logging_config: [6, 'LoggingConfig'],
  },
  ServableVersionPolicy: {
    latest: [100, 'Latest', 'policy_choice'],
    all: [101, 'All', 'policy_choice'],
    specific: [102, 'Specific', 'policy_choice'],
  },
  Latest: { num_versions: [1, 'uint32'] },
  All: {},
  Specific: { versions: [1, 'int64[]'] },
  LoggingConfig: {},
} as const;

const MODEL_CONFIG_SCHEMA = defineSchema(MODEL_CONFIG_MESSAGES, {
  ModelType: { MODEL_TYPE_UNSPECIFIED: 0, TENSORFLOW: 1, OTHER: 2 },
});

type ServerConfig = Decoded<typeof MODEL_CONFIG_MESSAGES, 'ModelServerConfig'>;
type Policy = Decoded<typeof MODEL_CONFIG_MESSAGES, 'ServableVersionPolicy'>;

function readPolicy(policy: Policy | undefined): VersionPolicy {
  if (policy?.all !== undefined) return { kind: 'all' };
  if (policy?.specific !== undefined) return { kind: 'specific', versions: [...policy.specific.versions] };
  if (policy?.latest !== undefined) return { kind: 'latest', count: Math.max(policy.latest.num_versions, 1) };
  return LATEST;
}

/**
 * Reads a text proto ModelServerConfig, with TensorFlow Serving's rules and texts. Throws TFD_CONFIG. Relative
 * base paths count from the working directory.
 */
export function parseModelConfig(text: Uint8Array, where: string): ModelConfig[] {
  let config: ServerConfig;
  try {
    config = parseText(MODEL_CONFIG_SCHEMA, 'ModelServerConfig', text, {
      code: 'TFD_CONFIG',
      limitCode: 'TFD_CONFIG',
    });
  } catch (cause) {
    throw new TfdeployError(
      'TFD_CONFIG',
      `Error parsing text-format tensorflow.serving.ModelServerConfig: ${where}: ${(cause as Error).message}`,
      { cause },
    );
  }
  return listModelConfigs(config, where);
}

/** Reads a serialized ModelServerConfig in the same way; errors are the client's, `INVALID_ARGUMENT`. */
export function decodeModelConfig(bytes: Uint8Array): ModelConfig[] {
  try {
    const config = decodeMessage(MODEL_CONFIG_SCHEMA, 'ModelServerConfig', bytes, {
      what: 'request',
      code: 'TFD_CONFIG',
      limitCode: 'TFD_CONFIG',
    });
    if (config.model_config_list === undefined)
      throw new TfdeployError('TFD_CONFIG', 'request: ModelServerConfig has no model_config_list');
    return listModelConfigs(config, 'request');
  } catch (cause) {
    if (!isTfdeployError(cause)) throw cause;
    const { message, hint } = cause;
    throw new TfdeployError('TFD_CONFIG', message, {
      cause,
      hint,
      details: { grpcStatus: 'INVALID_ARGUMENT' },
    });
  }
}

function listModelConfigs(config: ServerConfig, where: string): ModelConfig[] {
  const fail = (message: string, hint?: string) =>
    new TfdeployError('TFD_CONFIG', `${where}: ${message}`, hint === undefined ? {} : { hint });
  const models = new Map<string, ModelConfig>();
  for (const model of config.model_config_list?.config ?? []) {
    if (model.name === '' || model.base_path === '') throw fail('a model needs a name and a base_path');
    if (model.model_platform === '' && model.model_type !== 1)
      throw fail(
        `Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is ${model.name}`,
        'add model_platform: "tensorflow"',
      );
    if (model.model_platform !== '' && model.model_platform !== 'tensorflow')
      throw fail(`model "${model.name}": model_platform "${model.model_platform}" is not served`);
    if (models.has(model.name))
      throw fail(`Illegal to list model ${model.name} multiple times in config list`);
    if (model.logging_config !== undefined)
      throw fail(`model "${model.name}": logging_config is not supported`);
    models.set(model.name, {
      name: model.name,
      basePath: resolve(model.base_path),
      policy: readPolicy(model.model_version_policy),
      labels: model.version_labels,
    });
  }
  return [...models.values()];
}

export function readModelConfigFile(path: string): ModelConfig[] {
  let text: Uint8Array;
  try {
    text = readFileSync(path);
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `model_config_file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  return parseModelConfig(text, path);
}
