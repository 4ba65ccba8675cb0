import { readFileSync, statSync } from 'node:fs';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Servable, ServableDirectory } from '../repository/types.js';
import { crc32c } from '../savedmodel/bundle/crc32c.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import type { CallContext } from './call.js';
import { classify, multiInference, regress } from './examples.js';
import { GRPC_SCHEMA } from './messages.js';
import { predict } from './predict.js';

const MAX_RECORDS = 1000;
const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/** A record: 8 bytes of length, their checksum, the data, its checksum. */
const HEAD_BYTES = 12;
const TAIL_BYTES = 4;
const MASK_DELTA = 0xa282ead8;

const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
};

/** The records of a TFRecord file. TFD_MODEL_CORRUPT with TensorFlow Serving's words for other bytes. */
export function listRecords(bytes: Uint8Array, path: string): Uint8Array[] {
  const torn = (why: string) =>
    new TfdeployError(
      'TFD_MODEL_CORRUPT',
      `Failed to read warmup record from ${path}: ${why}. Please verify your warmup data is in TFRecord format.`,
      { details: { grpcStatus: 'DATA_LOSS' } },
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (records.length === MAX_RECORDS)
      throw new TfdeployError(
        'TFD_MODEL_LIMIT',
        `Number of warmup records exceeds the maximum (${MAX_RECORDS}) at ${path}`,
        { details: { grpcStatus: 'INVALID_ARGUMENT' } },
      );
    if (at + HEAD_BYTES > bytes.length) throw torn(`it ends inside the head at byte ${at}`);
    if (masked(bytes.subarray(at, at + 8)) !== view.getUint32(at + 8, true))
      throw torn(`the length at byte ${at} does not match its checksum`);
    const length = view.getBigUint64(at, true);
    const start = at + HEAD_BYTES;
    if (length > BigInt(bytes.length - start - TAIL_BYTES))
      throw torn(`the record at byte ${at} ends behind the file`);
    const end = start + Number(length);
    const record = bytes.subarray(start, end);
    if (masked(record) !== view.getUint32(end, true))
      throw torn(`the record at byte ${at} does not match its checksum`);
    records.push(record);
    at = end + TAIL_BYTES;
  }
  return records;
}

type Runner = (request: Uint8Array, context: CallContext) => Promise<unknown>;

/** What runs a kind of log; the others are TensorFlow's own session and streams. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  predict_log: (bytes, context) =>
    predict(decodeMessage(GRPC_SCHEMA, 'PredictRequest', bytes, { what: 'warmup' }), context),
  classify_log: (bytes, context) =>
    classify(decodeMessage(GRPC_SCHEMA, 'ClassificationRequest', bytes, { what: 'warmup' }), context),
  regress_log: (bytes, context) =>
    regress(decodeMessage(GRPC_SCHEMA, 'RegressionRequest', bytes, { what: 'warmup' }), context),
  multi_inference_log: (bytes, context) =>
    multiInference(decodeMessage(GRPC_SCHEMA, 'MultiInferenceRequest', bytes, { what: 'warmup' }), context),
};

/** The one version, under whatever name and version a recorded request asked for. */
function onlyThis(servable: Servable): ServableDirectory {
  return {
    models: [servable.model],
    find: () => servable,
    status: () => [],
    labels: () => new Map(),
    isReady: true,
    isDraining: false,
  };
}

async function replay(record: Uint8Array, context: CallContext, path: string): Promise<void> {
  const parsed = (() => {
    try {
      return decodeMessage(GRPC_SCHEMA, 'PredictionLog', record, { what: 'warmup' });
    } catch (cause) {
      throw new TfdeployError('TFD_MODEL_CORRUPT', `Failed to parse warmup record from ${path}`, { cause });
    }
  })();
  const [kind, log] =
    Object.entries(GRPC_SCHEMA.tables.PredictionLog)
      .filter(([, row]) => row[2] === 'log_type')
      .map(([name]) => [name, parsed[name as 'predict_log']] as const)
      .find(([, value]) => value !== undefined) ?? [];
  const run = kind === undefined ? undefined : RUNNERS[kind];
  if (run === undefined)
    throw new TfdeployError('TFD_UNIMPLEMENTED', `Unsupported log_type for warmup: ${kind ?? 'none'}`);
  await run(log?.request ?? new Uint8Array(), context);
}

/**
 * Runs the recorded requests of a warm-up file on a version that no client sees yet, `passes` times; gives
 * their number. A request that fails rejects: a version that can not answer what it was recorded to answer
 * must not take over.
 */
export async function replayWarmUp(servable: Servable, path: string, passes: number): Promise<number> {
  const { size } = statSync(path);
  if (size > MAX_FILE_BYTES)
    throw new TfdeployError('TFD_MODEL_LIMIT', `${path} is larger than ${MAX_FILE_BYTES} bytes`);
  const records = listRecords(readFileSync(path), path);
  const context: CallContext = {
    directory: onlyThis(servable),
    asContent: true,
    deadlineMs: undefined,
    signal: new AbortController().signal,
    onServable() {},
  };
  for (let pass = 0; pass < passes; pass++)
    for (const [index, record] of records.entries())
      await replay(record, context, path).catch((cause: unknown) => {
        if (!isTfdeployError(cause)) throw cause;
        throw new TfdeployError(cause.code, `warmup record ${index + 1}: ${cause.message}`, {
          cause,
          hint: cause.hint ?? '--enable_model_warmup=false loads the version without its warm-up requests',
          details: cause.details,
        });
      });
  return records.length;
}
