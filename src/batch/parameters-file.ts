import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import { parseText } from '../savedmodel/text/parse.js';
import { defineSchema } from '../savedmodel/wire/compile.js';
import type { Decoded } from '../savedmodel/wire/schema.js';
import { type BatchLimits, checkLimits } from './limits.js';

const MESSAGES = {
  BatchingParameters: {
    max_batch_size: [1, 'Int64Value'],
    batch_timeout_micros: [2, 'Int64Value'],
    max_enqueued_batches: [3, 'Int64Value'],
    num_batch_threads: [4, 'Int64Value'],
    thread_pool_name: [5, 'StringValue'],
    allowed_batch_sizes: [6, 'int53[]'],
    pad_variable_length_inputs: [7, 'bool'],
    enable_large_batch_splitting: [8, 'BoolValue'],
    max_execution_batch_size: [9, 'Int64Value'],
  },
  Int64Value: { value: [1, 'int53'] },
  StringValue: { value: [1, 'string'] },
  BoolValue: { value: [1, 'bool'] },
} as const;

const SCHEMA = defineSchema(MESSAGES);
/** What TensorFlow Serving takes where the file says nothing. */
const SERVING_MAX_BATCH_SIZE = 1000;
const SERVING_MAX_ENQUEUED_BATCHES = 10;

type Parameters = Decoded<typeof MESSAGES, 'BatchingParameters'>;

/**
 * Reads TensorFlow Serving's text proto BatchingParameters on top of `base`, with its defaults for what the
 * file leaves out. `num_batch_threads` and `thread_pool_name` describe a thread pool that does not exist here.
 * `pad_variable_length_inputs` asks that requests of different shapes be served: they are, each shape batched
 * with its like and none padded, because padding changes results (TensorFlow Serving's issue 1279). With
 * `isStrict` shapes in a batch are padded or refused, as the file says. Throws TFD_CONFIG.
 */
export function parseBatchingParameters(
  text: Uint8Array,
  where: string,
  base: BatchLimits,
  isStrict = false,
): BatchLimits {
  let parameters: Parameters;
  try {
    parameters = parseText(SCHEMA, 'BatchingParameters', text, {
      code: 'TFD_CONFIG',
      limitCode: 'TFD_CONFIG',
    });
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `${where}: BatchingParameters: ${(cause as Error).message}`, {
      cause,
    });
  }
  const maxBatch = parameters.max_batch_size?.value ?? SERVING_MAX_BATCH_SIZE;
  const isSplitting = parameters.enable_large_batch_splitting?.value ?? false;
  return checkLimits({
    ...base,
    maxRows: isSplitting ? (parameters.max_execution_batch_size?.value ?? maxBatch) : maxBatch,
    isSplitting,
    maxQueuedBatches: parameters.max_enqueued_batches?.value ?? SERVING_MAX_ENQUEUED_BATCHES,
    allowedRows: [...parameters.allowed_batch_sizes].map(Number),
    waitMs: (parameters.batch_timeout_micros?.value ?? 0) / 1000,
    mixedShapes: isStrict ? (parameters.pad_variable_length_inputs ? 'pad' : 'refuse') : 'apart',
  });
}

export function readBatchingParameters(path: string, base: BatchLimits, isStrict = false): BatchLimits {
  let text: Uint8Array;
  try {
    text = readFileSync(path);
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `batching_parameters_file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  return parseBatchingParameters(text, path, base, isStrict);
}
