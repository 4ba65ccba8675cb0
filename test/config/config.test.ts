import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { normalizeArgv } from '../../src/config/argv.js';
import { FIELDS } from '../../src/config/fields.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { configSchema } from '../../src/config/schema.js';

/** The flags of TensorFlow Serving's `tensorflow_model_server`, all 48. */
const SERVING_FLAGS = `port grpc_socket_path grpc_channel_arguments grpc_max_threads
  enable_grpc_healthcheck_service enable_serialization_as_tensor_content ssl_config_file use_alts_credentials
  rest_api_port rest_api_num_threads rest_api_timeout_in_ms rest_api_enable_cors_support model_name
  model_base_path model_config_file model_config_file_poll_wait_seconds
  allow_version_labels_for_unavailable_models saved_model_tags platform_config_file
  file_system_poll_wait_seconds num_load_threads num_unload_threads max_num_load_retries
  load_retry_interval_micros flush_filesystem_caches remove_unused_fields_from_bundle_metagraph
  enable_model_warmup num_request_iterations_for_warmup enable_batching batching_parameters_file
  enable_per_model_batching_parameters tensorflow_session_parallelism tensorflow_intra_op_parallelism
  tensorflow_inter_op_parallelism tensorflow_session_config_file per_process_gpu_memory_fraction
  thread_pool_factory_config_file mixed_precision xla_cpu_compilation_enabled xla_gpu_compilation_enabled
  skip_initialize_tpu prefer_tflite_model num_tflite_pools num_tflite_interpreters_per_pool
  enable_signature_method_name_check monitoring_config_file enable_profiler version`.split(/\s+/);

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function fileOf(text: string): string {
  const path = join(dir, 'tfdeploy.yaml');
  writeFileSync(path, text);
  return path;
}

describe('the configuration', () => {
  it('knows every flag of TensorFlow Serving', () => {
    expect(SERVING_FLAGS).toHaveLength(48);
    expect(SERVING_FLAGS.filter((name) => name !== 'version' && !(name in FIELDS))).toEqual([]);
  });

  it('takes flags before the environment before the file before the defaults', async () => {
    const file = fileOf('workers: 1\nthreads: 1\nbacklog: 5 # why\n');
    const env = { TFDEPLOY_WORKERS: '2', TFDEPLOY_THREADS: '2' };
    const { config } = await resolveConfig({ flags: { workers: '3' }, env, file });
    expect([config.workers, config.threads, config.backlog, config.timeout]).toEqual(['3', '2', 5, 30]);
  });

  it('tells all problems at once', async () => {
    const file = fileOf('worker: 1\nbacklog: soon\n');
    const env = { TFDEPLOY_REST_API_PORT: '80a' };
    const promise = resolveConfig({
      flags: { 'log-format': 'xml', 'mixed-precision': 'bfloat16' },
      env,
      file,
    });
    const error = await promise.catch((thrown) => thrown);
    expect(error.code).toBe('TFD_CONFIG');
    expect(error.message.split('\n')).toEqual([
      `${file}: worker: there is no such field; did you mean workers?`,
      `${file}: backlog: should be an integer; is "soon"`,
      'TFDEPLOY_REST_API_PORT: should be an integer; is "80a"',
      '--log-format: should be one of text, json; is "xml"',
      '--mixed-precision: not supported: models run in the types they were saved with',
    ]);
  });

  it('names what has no meaning here, and variables nobody reads', async () => {
    const { notes } = await resolveConfig({
      flags: { 'grpc-max-threads': '4' },
      env: { TFDEPLOY_WORKER: '1' },
    });
    expect(notes).toEqual([
      'TFDEPLOY_WORKER is not a field of the configuration and is not read',
      '--grpc-max-threads has no effect: workers and threads set the parallelism',
    ]);
  });

  it('refuses a file with aliases or that is not a mapping', async () => {
    await expect(resolveConfig({ flags: {}, env: {}, file: fileOf('a: &x [1]\nb: *x\n') })).rejects.toThrow(
      'Alias',
    );
    await expect(resolveConfig({ flags: {}, env: {}, file: fileOf('- 1\n') })).rejects.toThrow('lines');
    await expect(resolveConfig({ flags: {}, env: {}, file: join(dir, 'none') })).rejects.toThrow('ENOENT');
  });

  it('reads command lines written for TensorFlow Serving', () => {
    expect(
      normalizeArgv([
        'serve',
        '--rest_api_port=8501',
        '--model_name',
        'half',
        '--enable_batching',
        './model',
        '--no-enable-model-warmup',
        '--unknown_flag',
        '--',
        '--enable_batching',
      ]),
    ).toEqual([
      'serve',
      '--rest-api-port=8501',
      '--model-name',
      'half',
      '--enable-batching=true',
      './model',
      '--enable-model-warmup=false',
      '--unknown_flag',
      '--',
      '--enable_batching',
    ]);
  });

  it('has a schema with every field', () => {
    expect(Object.keys(configSchema().properties as object)).toEqual(Object.keys(FIELDS));
  });
});
