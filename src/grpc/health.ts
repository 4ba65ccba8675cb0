import { TfdeployError } from '../base/error.js';
import type { ServableDirectory } from '../repository/types.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { GRPC_SCHEMA } from './messages.js';
import { type MethodHandlers, type ServerCall, unary } from './server-call.js';
import { OK, toStatus } from './status.js';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const WATCH_INTERVAL_MS = 500;

function encodeHealth(code: number): Uint8Array {
  return encodeMessage(GRPC_SCHEMA, 'HealthCheckResponse', { status: code });
}

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

function healthOf(directory: ServableDirectory, services: ReadonlySet<string>, service: string): number {
  if (service === '' || services.has(service))
    return directory.isReady && !directory.isDraining ? SERVING : NOT_SERVING;
  if (!directory.models.includes(service)) return SERVICE_UNKNOWN;
  const isAvailable = directory.status(service).some(({ state }) => state === 'AVAILABLE');
  return isAvailable && !directory.isDraining ? SERVING : NOT_SERVING;
}

/** grpc.health.v1: the server as a whole (""), its services, and every model by its name. */
export function createHealth(directory: ServableDirectory, services: ReadonlySet<string>): MethodHandlers {
  return new Map([
    [`/${METHOD.service}/Check`, (call) => unary(call, (bytes) => check(directory, services, bytes))],
    [
      `/${METHOD.service}/Watch`,
      (call) => {
        let stop = (): void => {};
        return {
          message(bytes) {
            stop();
            stop = watch(call, directory, services, bytes);
          },
          end() {},
          cancelled: () => stop(),
        };
      },
    ],
  ]);
}

function check(directory: ServableDirectory, services: ReadonlySet<string>, bytes: Buffer): Uint8Array {
  const service = readService(bytes);
  const health = healthOf(directory, services, service);
  if (health !== SERVICE_UNKNOWN) return encodeHealth(health);
  throw new TfdeployError('TFD_NOT_FOUND', `unknown service ${service}`);
}

/** Tells the health now and whenever it changes; gives the way to end that. */
function watch(
  call: ServerCall,
  directory: ServableDirectory,
  services: ReadonlySet<string>,
  bytes: Buffer,
): () => void {
  let service: string;
  try {
    service = readService(bytes);
  } catch (error) {
    call.end(toStatus(error));
    return () => {};
  }
  let last: number | undefined;
  const look = () => {
    const health = healthOf(directory, services, service);
    if (health !== last) call.send(encodeHealth(health));
    last = health;
    if (!directory.isDraining) return;
    // A watcher would otherwise hold up the end of the process.
    clearInterval(timer);
    call.end(OK);
  };
  const timer = setInterval(look, WATCH_INTERVAL_MS);
  look();
  return () => clearInterval(timer);
}
