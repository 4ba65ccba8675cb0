import { TfdeployError } from '../../base/error.js';

/** What a request's `parameters` ask for beyond the tensors. */
export interface InferParameters {
  readonly signature: string | undefined;
  /** Milliseconds after which the answer is worthless. */
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
}

/** Parameters of stateful models: an answer that left them out of account would be a wrong one. */
const SEQUENCE = ['sequence_id', 'sequence_start', 'sequence_end'];

function whole(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (typeof value === 'string' || !Number.isSafeInteger(number) || number < 0)
    throw new TfdeployError('TFD_INPUT_INVALID', `parameter "${name}" must be a whole number`);
  return number;
}

/**
 * Reads the parameters that mean something here: `signature_name`, and of Triton's `timeout` (microseconds; 0 is
 * none) and `priority` (smaller is more urgent; 0 is the default). TFD_INPUT_INVALID for a sequence.
 */
export function readInferParameters(parameter: (name: string) => unknown): InferParameters {
  for (const name of SEQUENCE) {
    const value = parameter(name);
    if (value !== undefined && value !== false && value !== '' && Number(value) !== 0)
      throw new TfdeployError(
        'TFD_INPUT_INVALID',
        `parameter "${name}": models keep no state between requests here, so there are no sequences`,
      );
  }
  const signature = parameter('signature_name');
  if (signature !== undefined && typeof signature !== 'string')
    throw new TfdeployError('TFD_INPUT_INVALID', "'signature_name' must be a string");
  const timeoutUs = whole('timeout', parameter('timeout'));
  return {
    signature,
    timeoutMs: timeoutUs === undefined || timeoutUs === 0 ? undefined : timeoutUs / 1000,
    priority: whole('priority', parameter('priority')),
  };
}
