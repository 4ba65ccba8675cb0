import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { GRPC_SCHEMA, type MessageOut } from '../../src/grpc/messages.js';
import { encodeTensor } from '../../src/grpc/tensor-proto.js';
import { replayWarmUp } from '../../src/grpc/warm-up-records.js';
import { findWarmUpFile } from '../../src/repository/warm-up-file.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { frame } from '../fixtures/tf-record.js';
import { identity, memoryServable } from '../http/memory-directory.js';

const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-warm-up-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let count = 0;

/** Writes records (or raw bytes) as a version's warm-up file; gives its path. */
function write(content: readonly Uint8Array[] | Buffer): string {
  const version = join(dir, String(++count));
  mkdirSync(join(version, 'assets.extra'), { recursive: true });
  const bytes = Buffer.isBuffer(content) ? content : Buffer.concat(content.map(frame));
  writeFileSync(join(version, 'assets.extra', 'tf_serving_warmup_requests'), bytes);
  const found = findWarmUpFile(version);
  expect(found).toBeDefined();
  return found ?? '';
}

const log = (message: MessageOut<'PredictionLog'>) => encodeMessage(GRPC_SCHEMA, 'PredictionLog', message);

function predictLog(values: readonly number[], name = 'other'): Uint8Array {
  const x = encodeTensor(numericTensor('float32', [values.length], values), false);
  const request = encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
    model_spec: { name },
    inputs: new Map([['x', x]]),
  });
  return log({ predict_log: { request } });
}

function servable() {
  const seen: number[][] = [];
  const made = memoryServable('m', 1n, { serving_default: identity('float32') });
  const watched = {
    ...made,
    predict: (request: Parameters<typeof made.predict>[0]) => {
      seen.push(Array.from(request.inputs.get('x')?.data as Float32Array));
      return made.predict(request);
    },
  };
  return { watched, seen };
}

describe('row 90: warm-up requests', () => {
  it('no file is no warm-up, an empty one neither', async () => {
    expect(findWarmUpFile(dir)).toBeUndefined();
    expect(await replayWarmUp(servable().watched, write([]), 1)).toBe(0);
  });

  it('runs every recorded request, as often as it is told, whatever model it names', async () => {
    const { watched, seen } = servable();
    expect(await replayWarmUp(watched, write([predictLog([1]), predictLog([2, 3])]), 2)).toBe(2);
    expect(seen).toEqual([[1], [2, 3], [1], [2, 3]]);
  });

  it.each([
    [
      'bytes of another form',
      Buffer.from('not a TFRecord at all'),
      'Please verify your warmup data is in TFRecord format',
    ],
    ['a torn record', frame(predictLog([1])).subarray(0, 30), 'Please verify your warmup data'],
    [
      'more than 1000 records',
      Buffer.concat(Array.from({ length: 1001 }, () => frame(new Uint8Array()))),
      'Number of warmup records exceeds the maximum',
    ],
    ['a record that is no PredictionLog', frame(Buffer.from('malformed')), 'Failed to parse warmup record'],
    [
      'a session_run',
      frame(log({ session_run_log: { request: new Uint8Array() } })),
      'Unsupported log_type for warmup: session_run_log',
    ],
    [
      'a request that the model refuses',
      frame(
        log({
          predict_log: {
            request: encodeMessage(GRPC_SCHEMA, 'PredictRequest', { model_spec: { name: 'm' } }),
          },
        }),
      ),
      'warmup record 1: input size does not match signature',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(replayWarmUp(servable().watched, write(bytes), 1)).rejects.toMatchObject({
      message: expect.stringContaining(message),
    });
  });
});
