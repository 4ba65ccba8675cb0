import { describe, expect, it } from 'vitest';
import type { Field } from '../../src/config/field.js';
import { FIELDS } from '../../src/config/fields.js';
import { resolveConfig } from '../../src/config/resolve.js';

/** The 48 flags of tensorflow_model_server. */
const FLAGS = `port grpc_socket_path grpc_channel_arguments grpc_max_threads enable_grpc_healthcheck_service
  enable_serialization_as_tensor_content ssl_config_file use_alts_credentials rest_api_port rest_api_num_threads
  rest_api_timeout_in_ms rest_api_enable_cors_support model_name model_base_path model_config_file
  model_config_file_poll_wait_seconds allow_version_labels_for_unavailable_models saved_model_tags
  platform_config_file file_system_poll_wait_seconds num_load_threads num_unload_threads max_num_load_retries
  load_retry_interval_micros flush_filesystem_caches remove_unused_fields_from_bundle_metagraph
  enable_model_warmup num_request_iterations_for_warmup enable_batching batching_parameters_file
  enable_per_model_batching_parameters tensorflow_session_parallelism tensorflow_intra_op_parallelism
  tensorflow_inter_op_parallelism tensorflow_session_config_file per_process_gpu_memory_fraction
  thread_pool_factory_config_file mixed_precision xla_cpu_compilation_enabled xla_gpu_compilation_enabled
  skip_initialize_tpu prefer_tflite_model num_tflite_pools num_tflite_interpreters_per_pool
  enable_signature_method_name_check monitoring_config_file enable_profiler version`.split(/\s+/);
/** A flag of the command itself. */
const VERSION = 'version';

const SAMPLES = { integer: '1', number: '0.5', boolean: 'true', string: 'text', integers: '1,2' } as const;
const fields: Readonly<Record<string, Field>> = FIELDS;

describe("TensorFlow Serving's flags", () => {
  it('are all there, under its own words', () => {
    expect(new Set(FLAGS).size).toBe(48);
    const missing = FLAGS.filter((name) => name !== VERSION && fields[name] === undefined);
    expect(missing).toEqual([]);
    const named = Object.entries(fields).filter(([, field]) => field.origin === 'TensorFlow Serving');
    for (const name of FLAGS.filter((each) => each !== VERSION))
      expect(fields[name]?.origin, name).toBe('TensorFlow Serving');
    expect(named.length).toBeGreaterThanOrEqual(FLAGS.length - 1);
  });

  it.each(FLAGS.filter((name) => name !== VERSION))(
    '--%s acts, or is named as without meaning',
    async (name) => {
      const field = fields[name]!;
      const value = field.default === undefined ? SAMPLES[field.type] : String(field.default);
      const given = () => resolveConfig({ flags: { [name.replaceAll('_', '-')]: value }, env: {} });
      if (field.meaningless === undefined) {
        const { notes } = await given();
        expect(notes).toEqual([]);
      } else if (field.isRefused) {
        await expect(given()).rejects.toMatchObject({
          code: 'TFD_CONFIG',
          message: expect.stringContaining(name.replaceAll('_', '-')),
        });
      } else {
        const { notes } = await given();
        expect(notes.join(' ')).toContain(field.meaningless);
      }
    },
  );
});
