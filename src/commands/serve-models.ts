import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import type { Log } from '../base/log.js';
import type { Config } from '../config/fields.js';
import { checkModelPath, parseModelArgument, parseModelArguments } from '../repository/layout.js';
import { parseModelConfig, readModelConfigFile } from '../repository/model-config-file.js';
import { LATEST, type ModelConfig } from '../repository/policy.js';
import type { Supervisor } from '../supervisor/types.js';

/**
 * The models to serve: those of the command line, `model_base_path`, or `model_config_file`. A path of the
 * command line that can never be served is refused at once; those of a file are waited for.
 */
export function listModels(args: readonly string[], config: Config): ModelConfig[] {
  const ways = [
    args.length > 0,
    config.model_base_path !== undefined,
    config.model_config_file !== undefined,
  ];
  if (ways.filter(Boolean).length > 1)
    throw new TfdeployError(
      'TFD_USAGE',
      'models are given by arguments, by --model-base-path or by --model-config-file; take one of them',
    );
  if (config.model_config_file !== undefined) return readModelConfigFile(config.model_config_file);
  const { model_base_path: base, model_name: name } = config;
  const models =
    base === undefined ? parseModelArguments(args, name) : [parseModelArgument(base, name ?? 'default')];
  if (models.length === 0)
    throw new TfdeployError('TFD_USAGE', 'there is no model to serve', { hint: 'tfdeploy serve ./model' });
  for (const { basePath } of models) checkModelPath(basePath);
  return models.map(({ name: each, basePath }) => ({
    name: each,
    basePath,
    policy: LATEST,
    labels: new Map(),
  }));
}

/**
 * Follows changes of `model_config_file` every `model_config_file_poll_wait_seconds`; a file that can not be
 * served leaves everything as it is. Returns what ends it.
 */
export function pollModelConfig(config: Config, supervisor: Supervisor, log: Log): () => void {
  const { model_config_file: path, model_config_file_poll_wait_seconds: waitSeconds } = config;
  if (path === undefined || waitSeconds === 0) return () => {};
  let last = readFileSync(path, 'utf8');
  const look = async (): Promise<void> => {
    try {
      const text = readFileSync(path, 'utf8');
      if (text === last) return;
      last = text;
      await supervisor.replaceModels(parseModelConfig(Buffer.from(text), path));
    } catch (error) {
      log.error(`model_config_file: ${(error as Error).message}`);
    }
  };
  const timer = setInterval(() => void look(), waitSeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
