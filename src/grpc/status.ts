import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { isTfdeployError } from '../base/error.js';

/** TensorFlow Serving cuts messages here, so that trailers stay within HTTP/2's header limits. */
const MAX_TEXT = 1024;
const TRUNCATED = '...TRUNCATED';

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT - TRUNCATED.length) + TRUNCATED;
}

/** The gRPC status of an error; one that is not ours tells nothing of itself. */
export function toStatus(error: unknown): StatusObject {
  const metadata = new Metadata();
  if (!isTfdeployError(error)) return { code: status.INTERNAL, details: 'Internal error', metadata };
  metadata.set('x-tfdeploy-code', error.code);
  const { retryAfterSeconds } = error.details;
  if (typeof retryAfterSeconds === 'number') metadata.set('retry-after', String(retryAfterSeconds));
  const { grpcStatus } = error.details;
  const name = typeof grpcStatus === 'string' && grpcStatus in status ? grpcStatus : error.row.grpc;
  return { code: status[name as keyof typeof status], details: cut(error.message), metadata };
}
