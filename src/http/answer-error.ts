import { type ErrorParts, isTfdeployError, TfdeployError } from '../base/error.js';

/** Any thrown value as one of our errors; what is not one is a fault of ours, whose text stays inside. */
export function asTfdeployError(error: unknown): TfdeployError {
  if (isTfdeployError(error)) return error;
  const parts: ErrorParts = { cause: error };
  return new TfdeployError('TFD_BUG', 'Internal error', parts);
}

/** TensorFlow Serving's error body. */
export function errorBody(error: TfdeployError): string {
  return `{"error": ${JSON.stringify(error.message)}}`;
}

/** Seconds after which a shed request may be sent again. */
export function retryAfter(error: TfdeployError): string | undefined {
  const { retryAfterSeconds } = error.details;
  if (typeof retryAfterSeconds === 'number') return String(retryAfterSeconds);
  return error.row.http === 503 || error.row.http === 429 ? '1' : undefined;
}
