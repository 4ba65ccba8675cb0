import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/batch/limits.js';
import { parseBatchingParameters } from '../../src/batch/parameters-file.js';

const parse = (text: string) => parseBatchingParameters(Buffer.from(text), 'batching.txt', DEFAULT_LIMITS);

describe('batching_parameters_file', () => {
  it("takes TensorFlow Serving's defaults for what it leaves out", () => {
    expect(parse('')).toEqual({
      ...DEFAULT_LIMITS,
      maxRows: 1000,
      isSplitting: false,
      maxQueuedBatches: 10,
      allowedRows: [],
      waitMs: 0,
    });
  });

  it('reads every field', () => {
    const limits = parse(`
      max_batch_size { value: 64 } batch_timeout_micros { value: 1500 } max_enqueued_batches { value: 7 }
      num_batch_threads { value: 4 } thread_pool_name { value: 'pool' }
      enable_large_batch_splitting { value: true } max_execution_batch_size { value: 32 }
      allowed_batch_sizes: 8 allowed_batch_sizes: 32`);
    expect(limits).toEqual({
      ...DEFAULT_LIMITS,
      maxRows: 32,
      isSplitting: true,
      maxQueuedBatches: 7,
      allowedRows: [8, 32],
      waitMs: 1.5,
    });
  });

  it('refuses what can not be meant', () => {
    expect(() => parse('max_batch_size { value: 4 } allowed_batch_sizes: 2')).toThrow('max_batch_size');
    expect(() => parse('max_batch_size { value: 0 }')).toThrow('positive');
    expect(() => parse('max_batch: 4')).toThrow('is not a field');
  });

  it('serves variable lengths without padding, and under strict_tfs as it is told', () => {
    const text = 'pad_variable_length_inputs: true';
    expect(parse(text)).toEqual(parse(''));
    const strict = (file: string) =>
      parseBatchingParameters(Buffer.from(file), 'batching.txt', DEFAULT_LIMITS, true).mixedShapes;
    expect([strict(text), strict('')]).toEqual(['pad', 'refuse']);
  });
});
