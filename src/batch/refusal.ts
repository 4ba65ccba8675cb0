import { TfdeployError } from '../base/error.js';
import type { ShedReason } from './core.js';
import type { BatchLimits } from './limits.js';

/**
 * The answer to a request that is not run. `details.retryAfterSeconds` is the estimated backlog. Refusing
 * early is overload, which a retry may cure; a deadline that passed while waiting is not.
 */
export function refuse(
  reason: ShedReason,
  queuedBatches: number,
  limits: BatchLimits,
  retryMs: number,
): TfdeployError {
  const details = { reason, retryAfterSeconds: Math.max(1, Math.ceil(retryMs / 1000)) };
  if (reason === 'full')
    return new TfdeployError(
      'TFD_OVERLOADED',
      'The batch scheduling queue to which this task was submitted is full; currently ' +
        `${queuedBatches} batches enqueued and max_enqueued_batches is ${limits.maxQueuedBatches}`,
      { details },
    );
  if (reason === 'late')
    return new TfdeployError(
      'TFD_OVERLOADED',
      `The request can not be answered before its deadline: about ${Math.ceil(retryMs)} ms of work wait before it`,
      { details },
    );
  return new TfdeployError(
    'TFD_DEADLINE',
    reason === 'expired'
      ? 'Run() timeout exceeded while waiting in batching queue'
      : 'The client went away before the request was run',
    { details },
  );
}
