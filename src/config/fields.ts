import { boolean, type Field, type FieldTypes, integer, integers, number, text } from './field.js';
import { GRPC_FIELDS } from './grpc-fields.js';
import { SERVING_FIELDS } from './serving-fields.js';

const TFS = 'TensorFlow Serving';
const GUNICORN = 'gunicorn';
const MIB = 1024 * 1024;

/**
 * The configuration of `tfdeploy serve`, one row a field. The name is the key in the file; the flag is the name
 * with dashes (underscores are accepted too); the environment variable is TFDEPLOY_ and the name in capitals.
 */
export const FIELDS = {
  host: text({ section: 'Listening', default: '127.0.0.1', about: 'address to listen on' }),
  rest_api_port: integer({
    section: 'Listening',
    default: 8501,
    min: 0,
    max: 65535,
    origin: TFS,
    about: 'port of the REST interface; 0 takes a free one',
  }),
  ...GRPC_FIELDS,
  backlog: integer({
    section: 'Listening',
    default: 2048,
    min: 1,
    origin: GUNICORN,
    about: 'connections the kernel holds until they are accepted',
  }),
  keepalive: number({
    section: 'Listening',
    default: 75,
    min: 0,
    origin: GUNICORN,
    about: 'seconds an idle connection is kept open',
  }),
  rest_api_timeout_in_ms: integer({
    section: 'Listening',
    default: 30_000,
    min: 0,
    origin: TFS,
    about: 'longest time one REST request may take; 0 is no limit',
  }),
  rest_api_enable_cors_support: boolean({
    section: 'Listening',
    default: false,
    origin: TFS,
    about: 'add the Access-Control-Allow-* headers to the answers',
  }),
  strict_tfs: boolean({
    section: 'Listening',
    default: false,
    about: 'behave as TensorFlow Serving also where something better is the default',
  }),
  monitoring_config_file: text({
    section: 'Listening',
    origin: TFS,
    about: 'text proto MonitoringConfig: the path at which metrics carry TensorFlow Serving names',
  }),

  model_name: text({
    section: 'Models',
    origin: TFS,
    about: 'name of the model when one is given; the name of its folder when absent',
  }),
  model_base_path: text({
    section: 'Models',
    origin: TFS,
    about: 'a SavedModel or a directory of numbered versions',
  }),
  model_config_file: text({
    section: 'Models',
    origin: TFS,
    about: 'text proto ModelServerConfig: several models, version policies and labels',
  }),
  model_config_file_poll_wait_seconds: number({
    section: 'Models',
    default: 0,
    min: 0,
    origin: TFS,
    about: 'how often model_config_file is read again; 0 is never',
  }),
  allow_version_labels_for_unavailable_models: boolean({
    section: 'Models',
    default: false,
    origin: TFS,
    about: 'a label that is new may point to a version that is not loaded yet',
  }),
  saved_model_tags: text({
    section: 'Models',
    default: 'serve',
    origin: TFS,
    about: 'tags of the MetaGraph to serve, separated by commas',
  }),

  file_system_poll_wait_seconds: number({
    section: 'Loading',
    default: 1,
    origin: TFS,
    about: 'how often new versions are looked for; 0 looks once, a negative value never loads',
  }),
  max_num_load_retries: integer({
    section: 'Loading',
    default: 5,
    min: 0,
    origin: TFS,
    about: 'how often a version that could not be loaded is tried again when the cause may pass',
  }),
  load_retry_interval_micros: integer({
    section: 'Loading',
    default: 60_000_000,
    min: 0,
    origin: TFS,
    about: 'time between two tries',
  }),
  enable_model_warmup: boolean({
    section: 'Loading',
    default: true,
    origin: TFS,
    about: 'run each batch size, and the requests recorded with the model, before a version answers',
  }),
  num_request_iterations_for_warmup: integer({
    section: 'Loading',
    default: 0,
    min: 0,
    origin: TFS,
    about:
      'passes over the recorded requests in assets.extra/tf_serving_warmup_requests of a version; 0 is one',
  }),
  plan_cache_dir: text({
    section: 'Loading',
    about: 'where compiled models are kept; tfdeploy/plans under $XDG_CACHE_HOME or ~/.cache when absent',
  }),
  fail_fast: boolean({
    section: 'Loading',
    default: false,
    about: 'end when one of several models can not be served, instead of serving the others',
  }),

  enable_batching: boolean({
    section: 'Batching',
    default: true,
    origin: TFS,
    about: 'requests that wait at the same moment share a run; nobody waits for a batch to fill',
  }),
  batching_parameters_file: text({
    section: 'Batching',
    origin: TFS,
    about: 'text proto BatchingParameters; its fields win over the ones below',
  }),
  max_batch_size: integer({
    section: 'Batching',
    default: 128,
    min: 1,
    origin: TFS,
    about: 'rows of one batch at most; measured batches are smaller where larger ones gain nothing',
  }),
  allowed_batch_sizes: integers({
    section: 'Batching',
    default: [],
    min: 1,
    origin: TFS,
    about: 'batches are padded to one of these sizes; the last one must be max_batch_size',
  }),
  max_enqueued_batches: integer({
    section: 'Batching',
    default: 1000,
    min: 1,
    origin: TFS,
    about: 'batches that may wait; what comes beyond is answered with 503 at once',
  }),
  batch_timeout_micros: integer({
    section: 'Batching',
    default: 0,
    min: 0,
    origin: TFS,
    about: 'how long a batch that is not full waits while the executor is idle; 0 never waits',
  }),
  slo_ms: number({
    section: 'Batching',
    default: 0,
    min: 0,
    about: 'deadline of a request that brings none; what can not meet it is refused at once. 0 is none',
  }),

  workers: text({
    section: 'Processes',
    default: 'auto',
    origin: GUNICORN,
    about: 'worker processes; auto takes what the cores and control groups allow',
  }),
  threads: text({
    section: 'Processes',
    default: 'auto',
    origin: GUNICORN,
    about: 'engine threads of one worker; auto makes workers x threads fit the cores',
  }),
  timeout: number({
    section: 'Processes',
    default: 30,
    min: 0,
    origin: GUNICORN,
    about:
      'seconds without a heartbeat, or with one batch running, after which a worker is replaced; 0 is never',
  }),
  graceful_timeout: number({
    section: 'Processes',
    default: 30,
    min: 0,
    origin: GUNICORN,
    about: 'seconds a worker gets to finish its requests',
  }),
  max_requests: integer({
    section: 'Processes',
    default: 0,
    min: 0,
    origin: GUNICORN,
    about: 'requests after which a worker is replaced; 0 is never',
  }),
  max_requests_jitter: integer({
    section: 'Processes',
    default: 0,
    min: 0,
    origin: GUNICORN,
    about: 'up to so many are added to max_requests, so that workers are not replaced together',
  }),
  max_worker_memory_bytes: integer({
    section: 'Processes',
    default: 0,
    min: 0,
    about: 'resident memory above which a worker is replaced; 0 is never',
  }),
  pidfile: text({
    section: 'Processes',
    origin: GUNICORN,
    about: 'file that the process id of the supervisor is written to',
  }),
  control_socket: text({
    section: 'Processes',
    about: 'UNIX socket of `tfdeploy ctl`; a name made from the REST port when absent, `none` turns it off',
  }),

  device: text({
    section: 'Compute',
    default: 'cpu',
    choices: ['cpu', 'cuda', 'webgpu'],
    about: 'where the engine computes',
  }),

  install: boolean({
    section: 'Compute',
    default: true,
    about: 'install the engine on first use when it is not there',
  }),

  max_body_bytes: integer({
    section: 'Limits',
    default: 64 * MIB,
    min: 1,
    about: 'largest request body, after decompression',
  }),
  max_queued_bytes: integer({
    section: 'Limits',
    default: 256 * MIB,
    min: 1,
    about: 'memory that the inputs of waiting requests may hold in one worker',
  }),

  log_format: text({
    section: 'Log',
    default: 'text',
    choices: ['text', 'json'],
    about: 'form of the log and of the readiness line',
  }),
  log_level: text({
    section: 'Log',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    about: 'least severe message that is written',
  }),
  log_file: text({ section: 'Log', about: 'file of the log; standard error when absent' }),
  access_log: text({
    section: 'Log',
    default: 'off',
    about: 'one JSON line for each request: `off`, `-` for standard error, or a file',
  }),

  ...SERVING_FIELDS,
} as const satisfies Readonly<Record<string, Field>>;

export type FieldName = keyof typeof FIELDS;

type ValueOf<R> = R extends { readonly type: infer T extends keyof FieldTypes }
  ? R extends { readonly default: unknown }
    ? FieldTypes[T]
    : FieldTypes[T] | undefined
  : never;

/** Every field with its value. */
export type Config = { readonly [K in FieldName]: ValueOf<(typeof FIELDS)[K]> };
