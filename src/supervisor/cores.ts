import { TfdeployError } from '../base/error.js';

export interface CorePlan {
  readonly workers: number;
  readonly threads: number;
  /** How the numbers came about. */
  readonly reason: string;
}

/** A worker: the process, and its copy of the weights with what the engine makes of them. */
const WORKER_BASE_BYTES = 64 * 1024 * 1024;
const WEIGHT_COPIES = 2;
const MEMORY_SHARE = 0.85;

function parseCount(text: string, name: string): number | undefined {
  if (text === 'auto') return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new TfdeployError(
    'TFD_CONFIG',
    `${name}: should be auto or a positive integer; is ${JSON.stringify(text)}`,
  );
}

/**
 * Workers and engine threads of each so that workers x threads never exceed the usable cores: unlike a web
 * application, inference waits for nothing, so more would only take the cores from each other. Many workers
 * with one thread each answer the most requests; memory sets the bound.
 */
export function planCores(
  wanted: { readonly workers: string; readonly threads: string },
  machine: { readonly usableCores: number; readonly usableMemoryBytes: number },
  modelBytes: number,
): CorePlan {
  const { usableCores: cores, usableMemoryBytes } = machine;
  const workers = parseCount(wanted.workers, 'workers');
  const threads = parseCount(wanted.threads, 'threads');
  const workerBytes = WORKER_BASE_BYTES + WEIGHT_COPIES * modelBytes;
  const memoryCap = Math.max(1, Math.floor((MEMORY_SHARE * usableMemoryBytes) / workerBytes));
  if (workers !== undefined && threads !== undefined) {
    const over = workers * threads > cores ? `, more than the ${cores} usable cores` : '';
    return { workers, threads, reason: `workers and threads as configured${over}` };
  }
  if (workers !== undefined) {
    const each = Math.max(1, Math.floor(cores / workers));
    return { workers, threads: each, reason: `threads = floor(usable cores ${cores} / workers ${workers})` };
  }
  const perWorker = threads ?? 1;
  const byCores = Math.max(1, Math.floor(cores / perWorker));
  const count = Math.min(byCores, memoryCap);
  const mib = Math.round(workerBytes / 1048576);
  const reason =
    count < byCores
      ? `workers = 0.85 x memory / estimated worker of ${mib} MiB, which is less than usable cores ${cores} / threads`
      : `workers = floor(usable cores ${cores} / threads ${perWorker})`;
  return { workers: count, threads: threads ?? Math.max(1, Math.floor(cores / count)), reason };
}
