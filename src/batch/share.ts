import type { TensorMap } from '../base/tensor.js';
import type { PendingJob } from './job.js';
import { sliceRows } from './pack.js';

/** The outputs that at least one of the jobs wants; undefined is all. */
export function unionOutputs(jobs: readonly PendingJob[]): readonly string[] | undefined {
  const [first] = jobs as readonly [PendingJob];
  if (jobs.length === 1 || first.outputs === undefined) return first.outputs;
  const names = new Set<string>();
  for (const { outputs } of jobs) {
    if (outputs === undefined) return undefined;
    for (const name of outputs) names.add(name);
  }
  return [...names];
}

/** Whether dimension 0 of every output is the rows of the batch. */
export function followsRows(outputs: TensorMap, rows: number): boolean {
  for (const { shape } of outputs.values()) if (shape[0] !== rows) return false;
  return true;
}

/** The outputs a job asked for, whole. */
export function pickOutputs(outputs: TensorMap, wanted: readonly string[] | undefined): TensorMap {
  if (wanted === undefined) return outputs;
  const picked: TensorMap = new Map();
  for (const name of wanted) {
    const tensor = outputs.get(name);
    if (tensor !== undefined) picked.set(name, tensor);
  }
  return picked;
}

/** A job's rows of the outputs it asked for. */
export function sliceOutputs(outputs: TensorMap, job: PendingJob, start: number): TensorMap {
  const own: TensorMap = new Map();
  for (const [name, tensor] of outputs)
    if (job.outputs === undefined || job.outputs.includes(name))
      own.set(name, sliceRows(tensor, start, job.rows));
  return own;
}
