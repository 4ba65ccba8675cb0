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
import { GRPC_SCHEMA } from './messages.js';
import { toStatus } from './status.js';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const WATCH_INTERVAL_MS = 500;

/** Bytes in: a message that can not be read is answered by the handler, with a status of its own. */
const wire = {
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (code: number) =>
    Buffer.from(encodeMessage(GRPC_SCHEMA, 'HealthCheckResponse', { status: code })),
  responseDeserialize: (bytes: Buffer) => bytes,
};

function readService(bytes: Buffer): string {
  return decodeMessage(GRPC_SCHEMA, 'HealthCheckRequest', bytes, {
    what: 'request',
    code: 'TFD_INPUT_INVALID',
    limitCode: 'TFD_INPUT_INVALID',
  }).service;
}

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
    Check(call: ServerUnaryCall<Buffer, number>, callback: sendUnaryData<number>) {
      try {
        const service = readService(call.request);
        const health = healthOf(directory, services, service);
        if (health === SERVICE_UNKNOWN)
          callback({ code: status.NOT_FOUND, details: `unknown service ${service}` });
        else callback(null, health);
      } catch (error) {
        callback(toStatus(error));
      }
    },
    Watch(call: ServerWritableStream<Buffer, number>) {
      let service: string;
      try {
        service = readService(call.request);
      } catch (error) {
        call.emit('error', toStatus(error));
        return;
      }
      let last: number | undefined;
      const look = () => {
        const health = healthOf(directory, services, service);
        if (health !== last) call.write(health);
        last = health;
        if (!directory.isDraining) return;
        // A watcher would otherwise hold up the end of the process.
        clearInterval(timer);
        call.end();
      };
      const timer = setInterval(look, WATCH_INTERVAL_MS);
      call.on('cancelled', () => clearInterval(timer));
      call.on('close', () => clearInterval(timer));
      look();
    },
  };
}
