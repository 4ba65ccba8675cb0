import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ServableDirectory } from '../repository/types.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { GRPC_SCHEMA, type MessageIn } from './messages.js';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const WATCH_INTERVAL_MS = 500;

type Request = MessageIn<'HealthCheckRequest'>;

const wire = {
  requestSerialize: (request: Request) =>
    Buffer.from(encodeMessage(GRPC_SCHEMA, 'HealthCheckRequest', request)),
  requestDeserialize: (bytes: Buffer) =>
    decodeMessage(GRPC_SCHEMA, 'HealthCheckRequest', bytes, { what: 'request' }),
  responseSerialize: (code: number) =>
    Buffer.from(encodeMessage(GRPC_SCHEMA, 'HealthCheckResponse', { status: code })),
  responseDeserialize: (bytes: Buffer) => decodeMessage(GRPC_SCHEMA, 'HealthCheckResponse', bytes).status,
};

const METHOD = {
  service: 'grpc.health.v1.Health',
  request: 'HealthCheckRequest',
  answer: 'HealthCheckResponse',
} as const;

/** For reflection. */
export const HEALTH_METHODS = [
  { ...METHOD, name: 'Check' },
  { ...METHOD, name: 'Watch', isAnswerStream: true },
] as const;

/** grpc.health.v1: the server as a whole (""), its services, and every model by its name. */
export const HEALTH_SERVICE: ServiceDefinition = {
  Check: { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false, ...wire },
  Watch: { path: '/grpc.health.v1.Health/Watch', requestStream: false, responseStream: true, ...wire },
};

function healthOf(directory: ServableDirectory, services: ReadonlySet<string>, service: string): number {
  if (service === '' || services.has(service))
    return directory.isReady && !directory.isDraining ? SERVING : NOT_SERVING;
  if (!directory.models.includes(service)) return SERVICE_UNKNOWN;
  const isAvailable = directory.status(service).some(({ state }) => state === 'AVAILABLE');
  return isAvailable && !directory.isDraining ? SERVING : NOT_SERVING;
}

export function createHealth(
  directory: ServableDirectory,
  services: ReadonlySet<string>,
): UntypedServiceImplementation {
  return {
    Check(call: ServerUnaryCall<Request, number>, callback: sendUnaryData<number>) {
      const health = healthOf(directory, services, call.request.service);
      if (health === SERVICE_UNKNOWN)
        callback({ code: status.NOT_FOUND, details: `unknown service ${call.request.service}` });
      else callback(null, health);
    },
    Watch(call: ServerWritableStream<Request, number>) {
      let last: number | undefined;
      const look = () => {
        const health = healthOf(directory, services, call.request.service);
        if (health !== last) call.write(health);
        last = health;
      };
      const timer = setInterval(look, WATCH_INTERVAL_MS);
      call.on('cancelled', () => clearInterval(timer));
      call.on('close', () => clearInterval(timer));
      look();
    },
  };
}
