import { isTfdeployError } from '../base/error.js';

/** The codes of the gRPC protocol. */
export const GRPC_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCodeName = keyof typeof GRPC_CODES;

/** How a call ended. */
export interface GrpcStatus {
  readonly name: GrpcCodeName;
  readonly details: string;
  /** Trailers beside those of the protocol. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export const OK: GrpcStatus = { name: 'OK', details: '' };

/** TensorFlow Serving cuts messages here, so that trailers stay within HTTP/2's header limits. */
const MAX_TEXT = 1024;
const TRUNCATED = '...TRUNCATED';

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT - TRUNCATED.length) + TRUNCATED;
}

function isCodeName(name: unknown): name is GrpcCodeName {
  return typeof name === 'string' && Object.hasOwn(GRPC_CODES, name);
}

/** The gRPC status of an error; one that is not ours tells nothing of itself. */
export function toStatus(error: unknown): GrpcStatus {
  if (!isTfdeployError(error)) return { name: 'INTERNAL', details: 'Internal error' };
  const metadata: Record<string, string> = { 'x-tfdeploy-code': error.code };
  const { retryAfterSeconds, grpcStatus } = error.details;
  if (typeof retryAfterSeconds === 'number') metadata['retry-after'] = String(retryAfterSeconds);
  const name = isCodeName(grpcStatus) ? grpcStatus : error.row.grpc;
  return { name: isCodeName(name) ? name : 'UNKNOWN', details: cut(error.message), metadata };
}

/** `grpc-message`: UTF-8 with a percent sign before what is no printable ASCII. */
export function encodeDetails(details: string): string {
  return details.replace(/[^\x20-\x24\x26-\x7e]+/g, (text) =>
    Buffer.from(text).reduce((out, byte) => `${out}%${byte.toString(16).toUpperCase().padStart(2, '0')}`, ''),
  );
}
