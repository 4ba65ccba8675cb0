import type { TensorMap } from '../base/tensor.js';
import type { PredictAnswer, PredictRequest } from '../repository/types.js';
import type { Job } from './state.js';

/** A request on its way through the scheduler. */
export interface PendingJob extends Job {
  readonly signature: string;
  readonly inputs: TensorMap;
  readonly outputs: readonly string[] | undefined;
  isSettled: boolean;
  resolve(answer: PredictAnswer): void;
  reject(error: Error): void;
}

/** Bytes that a request's inputs hold. */
function countBytes(inputs: TensorMap): number {
  let bytes = 0;
  for (const tensor of inputs.values())
    if (tensor.dtype === 'string') for (const value of tensor.data) bytes += value.byteLength + 16;
    else bytes += tensor.data.byteLength;
  return bytes;
}

/** The rows that all inputs agree on, or undefined when they do not share dimension 0. */
export function sharedRows(inputs: TensorMap): number | undefined {
  let rows: number | undefined;
  for (const { shape } of inputs.values()) {
    const own = shape[0];
    if (own === undefined || (rows !== undefined && rows !== own)) return undefined;
    rows = own;
  }
  return rows;
}

/**
 * Requests with equal names can share a batch: same signature and inputs, equal shapes but for dimension 0. With
 * `isMixed` shapes do not count: they are looked at when the batch is made.
 */
function nameBucket(signature: string, inputs: TensorMap, isMixed: boolean): string {
  let name = signature;
  for (const [input, { shape }] of inputs) {
    name += `|${input}`;
    if (isMixed) continue;
    for (let axis = 1; axis < shape.length; axis++) name += `,${shape[axis]}`;
  }
  return name;
}

let nextSeq = 0;

/** Why a job failed or what came out of it; called once. */
export interface Settle {
  resolve(answer: PredictAnswer): void;
  reject(error: Error): void;
}

/** A job that has not been handed to the core. `fullRows` is undefined for a signature that is not batchable. */
export function createJob(
  request: PredictRequest,
  fullRows: number | undefined,
  arrivalMs: number,
  settle: Settle,
  isMixed = false,
): PendingJob {
  const { signature, inputs, signal } = request;
  const rows = fullRows === undefined ? undefined : sharedRows(inputs);
  // Nothing can be appended to zero rows without losing track of whose they are.
  const canShare = rows !== undefined && rows > 0;
  const job: PendingJob = {
    signature,
    inputs,
    outputs: request.outputs,
    bucket: canShare ? nameBucket(signature, inputs, isMixed) : `${signature}!`,
    canShare,
    rows: canShare ? rows : 1,
    fullRows: fullRows ?? 1,
    bytes: countBytes(inputs),
    arrivalMs,
    deadlineMs: request.deadlineMs ?? Number.POSITIVE_INFINITY,
    priority: request.priority ?? 0,
    seq: nextSeq++,
    isSettled: false,
    isDead: () => job.isSettled || signal?.aborted === true,
    resolve(answer) {
      if (job.isSettled) return;
      job.isSettled = true;
      settle.resolve(answer);
    },
    reject(error) {
      if (job.isSettled) return;
      job.isSettled = true;
      settle.reject(error);
    },
  };
  return job;
}
