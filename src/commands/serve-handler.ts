import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { entryPath } from '../base/entry.js';
import { TfdeployError } from '../base/error.js';
import { createLog, type Log } from '../base/log.js';
import { readMachine } from '../base/machine.js';
import { parseChannelArguments } from '../config/channel-arguments.js';
import type { Config } from '../config/fields.js';
import { resolveConfig } from '../config/resolve.js';
import { ONNXRUNTIME } from '../engine/engines.js';
import { type EngineLocation, findEngine } from '../engine/find.js';
import { planCacheDir } from '../repository/plan-cache.js';
import { tidyCache } from '../repository/repository.js';
import { controlPath, openControlSocket } from '../supervisor/control-socket.js';
import type { Listener } from '../supervisor/listener.js';
import { createNotifier } from '../supervisor/sd-notify.js';
import { startSupervisor } from '../supervisor/supervisor.js';
import type { Supervisor } from '../supervisor/types.js';
import { createUpgrade } from '../supervisor/upgrade.js';
import type { CommandHandler } from './define.js';
import { listModels, pollModelConfig } from './serve-models.js';
import { logOptions, planServing } from './serve-plan.js';
import { printReady, readyJson } from './serve-ready.js';
import { openSockets } from './serve-sockets.js';

/** What the supervisor itself was started with. */
const FIXED_FIELDS = [
  'host',
  'rest_api_port',
  'port',
  'plan_cache_dir',
  'control_socket',
  'log_file',
] as const;

async function findOrInstallEngine(canInstall: boolean): Promise<EngineLocation> {
  const { found } = findEngine(ONNXRUNTIME);
  // Installing needs npm and more code, which a start with the engine in place does without.
  return found ?? (await import('../engine/resolve.js')).resolveEngine({ canInstall });
}

/** commander keeps the dashes' camel case: `restApiPort` is the flag `rest-api-port`. */
function flagsOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
      value,
    ]),
  );
}

function writePidfile(path: string | undefined): () => void {
  if (path === undefined) return () => {};
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `pidfile ${path}: ${(cause as Error).message}`, { cause });
  }
  return () => {
    // After an upgrade it is that of the new program.
    if (existsSync(path) && readFileSync(path, 'utf8').trim() === String(process.pid))
      rmSync(path, { force: true });
  };
}

function repositoryOptions(config: Config) {
  return {
    settings: {
      maxRetries: config.max_num_load_retries,
      retryIntervalMs: config.load_retry_interval_micros / 1000,
    },
    cacheDir: planCacheDir(config.plan_cache_dir),
    tags: config.saved_model_tags.split(',').filter((tag) => tag !== ''),
    canLabelsPrecede: config.allow_version_labels_for_unavailable_models,
    pollMs: Math.max(config.file_system_poll_wait_seconds, 0) * 1000,
    converters: readMachine().usableCores,
  };
}

function openControl(config: Config, listener: Listener, supervisor: Supervisor, log: Log): () => void {
  const { control_socket: path } = config;
  const port = typeof listener.address === 'object' ? listener.address.port : undefined;
  if (path === 'none' || (path === undefined && port === undefined)) return () => {};
  return openControlSocket(path ?? controlPath(port ?? 0), supervisor, log);
}

/** `tfdeploy serve`: this process becomes the supervisor; the exit status is that of the whole server. */
export const runServe: CommandHandler = async (args, options, context) => {
  if (options.version === true) {
    const { VERSION } = await import('../convert/compiler-version.js');
    context.print(`tfdeploy ${VERSION}, in place of TensorFlow ModelServer`);
    return 0;
  }
  const sources = {
    flags: flagsOf(options),
    env: process.env,
    ...(typeof options.config === 'string' ? { file: options.config } : {}),
  };
  const { config, given, notes } = await resolveConfig(sources);
  const log = createLog(logOptions(config, 'supervisor'));
  for (const note of notes) log.warn(note);
  for (const name of parseChannelArguments(config.grpc_channel_arguments).unread)
    log.warn(`--grpc-channel-arguments: ${name} has no effect on this server`);

  const engine = await findOrInstallEngine(config.install);
  const models = listModels(args, config);
  const sockets = await openSockets(config, given);
  const plan = await planServing(config, given, models, engine, sockets.grpc.length);
  const { workers, threads, reason } = plan.cores;
  log.info(`workers: ${workers}, threads of each: ${threads}`, { because: reason });
  const removePidfile = writePidfile(config.pidfile);
  const notifier = createNotifier(process.env, log);
  const repository = { ...repositoryOptions(config), log };

  const supervisor = startSupervisor({
    plan,
    listener: sockets.rest,
    grpcListeners: sockets.grpc,
    decodeModels: async (bytes) =>
      (await import('../repository/model-config-file.js')).decodeModelConfig(bytes),
    workerEntry: entryPath(import.meta.url, './serve-worker.js'),
    repository,
    isFailingFast: config.fail_fast,
    reportDir: process.env.STATE_DIRECTORY ?? tmpdir(),
    log,
    notifier,
    async reload() {
      const next = await resolveConfig(sources);
      for (const name of FIXED_FIELDS)
        if (next.config[name] !== config[name])
          log.warn(`${name} is now ${next.config[name]}, which takes a restart: it stays ${config[name]}`);
      const models = listModels(args, next.config);
      return planServing(next.config, next.given, models, engine, sockets.grpc.length);
    },
    upgrade: createUpgrade({
      listeners: [sockets.rest, ...sockets.grpc],
      log,
      onHandOver() {
        notifier.setQuiet(true);
        // The new program opens its own at the same path, and closing removes the file there.
        closeControl();
      },
      onTakeBack() {
        notifier.setQuiet(false);
        closeControl = openControl(config, sockets.rest, supervisor, log);
      },
    }),
    onReady(status) {
      const facts = {
        ...status,
        threads,
        startedMs: performance.now(),
        requestFile: typeof options.request === 'string' ? options.request : undefined,
      };
      if (config.log_format === 'json' || context.isJson)
        process.stdout.write(`${JSON.stringify(readyJson(facts))}\n`);
      else printReady(facts, context);
      tidyCache(repository.cacheDir);
    },
  });
  const stopPolling = pollModelConfig(config, supervisor, log);
  let closeControl = openControl(config, sockets.rest, supervisor, log);
  try {
    return await supervisor.ended;
  } finally {
    stopPolling();
    closeControl();
    removePidfile();
  }
};
