import { boolean, type Field, integer, number, text } from './field.js';

const COMMON = { section: 'Accepted for TensorFlow Serving', origin: 'TensorFlow Serving' } as const;

const NO_SESSION = 'there is no TensorFlow session behind this server';
const NO_TFLITE = 'SavedModels are compiled; TensorFlow Lite files are not read';
const COMPILED = 'models are compiled ahead, no graph is kept';
const OWN_POOLS = 'workers and threads set the parallelism';

/** Fields of TensorFlow Serving that have no counterpart here: accepted, named in the log, without effect. */
export const SERVING_FIELDS = {
  grpc_max_threads: integer({ ...COMMON, about: 'threads of the gRPC server', meaningless: OWN_POOLS }),
  enable_grpc_healthcheck_service: boolean({
    ...COMMON,
    about: 'gRPC health service',
    meaningless: 'it is always there and tells the state as it is',
  }),
  use_alts_credentials: boolean({
    ...COMMON,
    about: 'ALTS for gRPC',
    meaningless: 'ALTS exists on Google Cloud with gRPC only',
    isRefused: true,
  }),
  rest_api_num_threads: integer({ ...COMMON, about: 'threads of the REST server', meaningless: OWN_POOLS }),
  platform_config_file: text({
    ...COMMON,
    about: 'text proto PlatformConfigMap',
    meaningless: 'it configures TensorFlow itself, which does not run here',
    isRefused: true,
  }),
  num_load_threads: integer({
    ...COMMON,
    about: 'threads that load models',
    meaningless: 'each version is loaded in a thread of its own',
  }),
  num_unload_threads: integer({
    ...COMMON,
    about: 'threads that unload models',
    meaningless: 'a version is unloaded by ending its thread',
  }),
  flush_filesystem_caches: boolean({
    ...COMMON,
    about: 'drop file caches after loading',
    meaningless: 'weights are mapped from the plan cache, so the caches are in use',
  }),
  remove_unused_fields_from_bundle_metagraph: boolean({
    ...COMMON,
    about: 'drop the GraphDef after loading',
    meaningless: COMPILED,
  }),
  enable_per_model_batching_parameters: boolean({
    ...COMMON,
    about: 'read batching_params.pbtxt of each version',
    meaningless: 'per-model batching files are not part of this version',
    isRefused: true,
  }),
  tensorflow_session_parallelism: integer({
    ...COMMON,
    about: 'threads of a session',
    meaningless: OWN_POOLS,
  }),
  tensorflow_intra_op_parallelism: integer({
    ...COMMON,
    about: 'threads inside an operation',
    meaningless: OWN_POOLS,
  }),
  tensorflow_inter_op_parallelism: integer({
    ...COMMON,
    about: 'operations at once',
    meaningless: OWN_POOLS,
  }),
  tensorflow_session_config_file: text({
    ...COMMON,
    about: 'text proto ConfigProto',
    meaningless: NO_SESSION,
    isRefused: true,
  }),
  per_process_gpu_memory_fraction: number({
    ...COMMON,
    about: 'share of the GPU memory',
    meaningless: 'the engine takes memory as it needs it',
  }),
  thread_pool_factory_config_file: text({
    ...COMMON,
    about: 'text proto ThreadPoolFactoryConfig',
    meaningless: NO_SESSION,
    isRefused: true,
  }),
  mixed_precision: text({
    ...COMMON,
    about: 'run in a smaller type',
    meaningless: 'models run in the types they were saved with',
    isRefused: true,
  }),
  xla_cpu_compilation_enabled: boolean({ ...COMMON, about: 'compile with XLA', meaningless: COMPILED }),
  xla_gpu_compilation_enabled: boolean({ ...COMMON, about: 'compile with XLA', meaningless: COMPILED }),
  skip_initialize_tpu: boolean({ ...COMMON, about: 'leave the TPU alone', meaningless: 'no TPU is used' }),
  prefer_tflite_model: boolean({
    ...COMMON,
    about: 'take model.tflite',
    meaningless: NO_TFLITE,
    isRefused: true,
  }),
  num_tflite_pools: integer({ ...COMMON, about: 'pools of interpreters', meaningless: NO_TFLITE }),
  num_tflite_interpreters_per_pool: integer({
    ...COMMON,
    about: 'interpreters in a pool',
    meaningless: NO_TFLITE,
  }),
  enable_signature_method_name_check: boolean({
    ...COMMON,
    about: 'refuse signatures with another method name',
    meaningless: 'method names are not checked, as in TensorFlow Serving by default',
  }),
  enable_profiler: boolean({
    ...COMMON,
    about: 'TensorBoard profiler service',
    meaningless: 'metrics and Server-Timing tell where time goes',
  }),
} as const satisfies Readonly<Record<string, Field>>;
