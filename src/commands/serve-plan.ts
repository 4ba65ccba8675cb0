import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LogOptions } from '../base/log.js';
import { readMachine } from '../base/machine.js';
import { type BatchLimits, checkLimits, DEFAULT_LIMITS } from '../batch/limits.js';
import { parseChannelArguments } from '../config/channel-arguments.js';
import type { Config, FieldName } from '../config/fields.js';
import type { EngineLocation } from '../engine/find.js';
import type { Device } from '../engine/types.js';
import { findModelVersions } from '../repository/layout.js';
import type { ModelConfig } from '../repository/policy.js';
import { type CorePlan, planCores } from '../supervisor/cores.js';
import type { ServingPlan } from '../supervisor/types.js';
import { WORKER_LISTEN_FD } from '../supervisor/worker-link.js';
import type { WorkerData } from './serve-worker.js';

/** The batch limits that the configuration and TensorFlow Serving's file say. */
async function readLimits(config: Config, given: ReadonlyMap<FieldName, string>): Promise<BatchLimits> {
  const base: BatchLimits = {
    ...DEFAULT_LIMITS,
    maxRows: config.max_batch_size,
    maxQueuedBatches: config.max_enqueued_batches,
    maxQueuedBytes: config.max_queued_bytes,
    allowedRows: config.allowed_batch_sizes,
    waitMs: config.batch_timeout_micros / 1000,
  };
  const { batching_parameters_file: file, strict_tfs: isStrict } = config;
  const isServings = isStrict && config.enable_batching && given.has('enable_batching');
  if (file === undefined && !isServings) return checkLimits(base);
  const { parseBatchingParameters, readBatchingParameters } = await import('../batch/parameters-file.js');
  return file === undefined
    ? parseBatchingParameters(new Uint8Array(), '--enable_batching', base, isStrict)
    : readBatchingParameters(file, base, isStrict);
}

function countBytes(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => (entry.isFile() ? sum + statSync(join(entry.parentPath, entry.name)).size : sum),
    0,
  );
}

/** Bytes on disk of what will be loaded: the newest version of each model. */
function countModelBytes(models: readonly ModelConfig[]): number {
  return models.reduce((sum, { basePath }) => {
    const dir = findModelVersions(basePath)[0]?.dir;
    return dir === undefined ? sum : sum + countBytes(dir);
  }, 0);
}

export function logOptions(config: Config, name: string): LogOptions {
  return {
    format: config.log_format as LogOptions['format'],
    level: config.log_level as LogOptions['level'],
    name,
    ...(config.log_file === undefined ? {} : { file: config.log_file }),
  };
}

function accessLogOptions(config: Config, name: string): LogOptions | undefined {
  const { access_log: target } = config;
  if (target === 'off') return undefined;
  return { format: 'json', level: 'info', name, ...(target === '-' ? {} : { file: target }) };
}

export interface PlannedServing extends ServingPlan {
  readonly cores: CorePlan;
}

/** Everything the processes need to know, from the configuration and the machine. */
export async function planServing(
  config: Config,
  given: ReadonlyMap<FieldName, string>,
  models: readonly ModelConfig[],
  engine: EngineLocation,
  grpcSockets: number,
): Promise<PlannedServing> {
  const limits = await readLimits(config, given);
  const cores = planCores(config, readMachine(), countModelBytes(models));
  const monitoring = config.monitoring_config_file;
  const servingMetricsPath =
    monitoring === undefined
      ? undefined
      : (await import('../config/monitoring-file.js')).readMonitoringPath(monitoring);
  const sslConfigFile = config.ssl_config_file;
  // Read here too, so that a bad one ends the start and not the first client's call.
  if (sslConfigFile !== undefined) (await import('../config/ssl-file.js')).readSslConfig(sslConfigFile);
  const worker: Omit<WorkerData, 'id' | 'log' | 'accessLog'> = {
    listenFd: WORKER_LISTEN_FD,
    threads: cores.threads,
    device: config.device as Device,
    engine,
    limits,
    isBatching: config.enable_batching || given.has('batching_parameters_file'),
    isWarmingUp: config.enable_model_warmup,
    warmUpPasses: Math.max(config.num_request_iterations_for_warmup, 1),
    http: {
      maxBodyBytes: config.max_body_bytes,
      keepAliveMs: config.keepalive * 1000,
      defaultDeadlineMs: config.slo_ms > 0 ? config.slo_ms : config.rest_api_timeout_in_ms,
      backlog: config.backlog,
      cors: config.rest_api_enable_cors_support,
      strictTfs: config.strict_tfs,
      servingMetricsPath,
    },
    grpc:
      grpcSockets === 0
        ? undefined
        : {
            listenFds: Array.from({ length: grpcSockets }, (_, index) => WORKER_LISTEN_FD + 1 + index),
            sslConfigFile: sslConfigFile === undefined ? undefined : resolve(sslConfigFile),
            options: {
              maxMessageBytes: config.max_body_bytes,
              defaultDeadlineMs: config.slo_ms,
              backlog: config.backlog,
              asContent: config.enable_serialization_as_tensor_content,
              hasServingNames: servingMetricsPath !== undefined,
              channelArguments: parseChannelArguments(config.grpc_channel_arguments).known,
            },
          },
  };
  return {
    cores,
    models,
    areWorkersAuto: config.workers === 'auto',
    settings: {
      workers: cores.workers,
      timeoutMs: config.timeout * 1000,
      gracefulTimeoutMs: config.graceful_timeout * 1000,
      maxRequests: config.max_requests,
      maxRequestsJitter: config.max_requests_jitter,
      maxMemoryBytes: config.max_worker_memory_bytes,
      random: Math.random,
    },
    workerData: (id): WorkerData => ({
      ...worker,
      id,
      log: logOptions(config, `worker ${id}`),
      accessLog: accessLogOptions(config, `worker ${id}`),
    }),
  };
}
