import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { TlsTexts } from '../config/ssl-file.js';
import type { ListenTarget } from '../http/server.js';
import type { Registry } from '../metrics/registry.js';
import type { Servable, ServableDirectory } from '../repository/types.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { inputError } from './call.js';
import { listenAt } from './door.js';
import { createHealth, HEALTH_METHODS, HEALTH_SERVICE } from './health.js';
import { GrpcInstruments } from './instruments.js';
import { GRPC_SCHEMA } from './messages.js';
import { type MethodRow, serviceMethods } from './methods.js';
import type { ReloadConfig } from './model-service.js';
import { listReflection } from './reflection/service.js';
import { toStatus } from './status.js';

export interface GrpcOptions {
  readonly registry: Registry;
  /** Largest message in bytes, both ways. */
  readonly maxMessageBytes: number;
  /** Deadline of a call that names none, in milliseconds; 0 is none. */
  readonly defaultDeadlineMs: number;
  readonly backlog: number;
  /** Answers carry numbers as `tensor_content`. */
  readonly asContent: boolean;
  /** Extra channel arguments (`grpc.max_connection_age_ms`, …). */
  readonly channelArguments: Readonly<Record<string, string | number>>;
  /** Plain text when absent. */
  readonly tls: TlsTexts | undefined;
  readonly reload: ReloadConfig | undefined;
  readonly onFault: ((error: unknown) => void) | undefined;
}

const MIB = 1024 * 1024;
const MAX_STREAMS = 1000;
/** A connection that has not sent the preface of HTTP/2 and its settings by then is closed. */
const GREETING_MS = 10_000;
const GREETING_BYTES = 33;
/** Peers that vanished without a word are found by TCP. */
const KEEPALIVE_MS = 60_000;

const DEFAULTS: Omit<GrpcOptions, 'registry'> = {
  maxMessageBytes: 64 * MIB,
  defaultDeadlineMs: 30_000,
  backlog: 2048,
  asContent: false,
  channelArguments: {},
  tls: undefined,
  reload: undefined,
  onFault: undefined,
};

export interface GrpcServer {
  listen(target: ListenTarget): Promise<AddressInfo | string | null>;
  /** Serves a connection that was accepted elsewhere. */
  accept(socket: Socket): void;
  stopListening(): void;
  /** Stops accepting, lets calls finish, resolves when all have; after `deadlineMs` the rest is cut. */
  drain(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
  readonly inFlight: number;
}

interface Shared {
  readonly directory: ServableDirectory;
  readonly options: GrpcOptions;
  readonly instruments: GrpcInstruments;
  inFlight: number;
}

type RawCall = ServerUnaryCall<Buffer, Uint8Array>;

/** A call's deadline on the performance.now() clock. */
function deadlineOf(call: RawCall, defaultMs: number): number | undefined {
  const deadline = call.getDeadline();
  const atMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const now = performance.now();
  if (Number.isFinite(atMs)) return now + atMs - Date.now();
  return defaultMs > 0 ? now + defaultMs : undefined;
}

async function answer(
  shared: Shared,
  method: MethodRow,
  call: RawCall,
  callback: sendUnaryData<Uint8Array>,
): Promise<void> {
  const startedMs = performance.now();
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  let servable: Servable | undefined;
  let signature = '';
  shared.inFlight++;
  shared.instruments.received.add(call.request.length);
  let code = 'OK';
  try {
    const request = decodeMessage(GRPC_SCHEMA, method.request, call.request, {
      what: 'request',
      code: 'TFD_INPUT_INVALID',
      limitCode: 'TFD_INPUT_INVALID',
    });
    const result = await method.handle(request, {
      directory: shared.directory,
      asContent: shared.options.asContent,
      deadlineMs: deadlineOf(call, shared.options.defaultDeadlineMs),
      signal: controller.signal,
      onServable(found, name) {
        servable = found;
        signature = name;
      },
    });
    const bytes = encodeMessage(GRPC_SCHEMA, method.answer, result);
    shared.instruments.sent.add(bytes.length);
    callback(null, bytes);
  } catch (error) {
    const failure = toStatus(error);
    code = status[failure.code] ?? 'UNKNOWN';
    if (failure.code === status.INTERNAL) shared.options.onFault?.(error);
    callback(failure);
  } finally {
    shared.inFlight--;
    shared.instruments.count(servable, signature, method.api, code, performance.now() - startedMs);
  }
}

/** Bytes in, bytes out: decoding happens inside the call, so that a bad message is an answer and no accident. */
const raw = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  responseDeserialize: (bytes: Buffer) => bytes,
} as const;

function addMethods(server: Server, shared: Shared, methods: readonly MethodRow[]): Set<string> {
  const services = new Map<
    string,
    { definition: Record<string, unknown>; handlers: UntypedServiceImplementation }
  >();
  for (const method of methods) {
    const service = services.get(method.service) ?? { definition: {}, handlers: {} };
    service.definition[method.name] = { ...raw, path: `/${method.service}/${method.name}` };
    service.handlers[method.name] = (call: RawCall, callback: sendUnaryData<Uint8Array>) => {
      void answer(shared, method, call, callback);
    };
    services.set(method.service, service);
  }
  for (const { definition, handlers } of services.values())
    server.addService(definition as ServiceDefinition, handlers);
  return new Set([...services.keys()].flatMap((name) => [name, name.split('.').at(-1) ?? name]));
}

function createCredentials(tls: GrpcOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  return ServerCredentials.createSsl(tls.ca ? Buffer.from(tls.ca) : null, [pair], tls.verifyClient);
}

/** TensorFlow Serving's gRPC interface of one worker process. Sockets are accepted here, so they can be shared. */
export function createGrpcServer(
  directory: ServableDirectory,
  given: Partial<GrpcOptions> & Pick<GrpcOptions, 'registry'>,
): GrpcServer {
  const options: GrpcOptions = { ...DEFAULTS, ...given };
  if (options.maxMessageBytes < 1)
    throw inputError(`maxMessageBytes ${options.maxMessageBytes} is not positive`);
  const grpc = new Server({
    // Without a bound one connection may open as many streams as it likes.
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.max_receive_message_length': options.maxMessageBytes,
    'grpc.max_send_message_length': -1,
    ...options.channelArguments,
  });
  const shared: Shared = {
    directory,
    options,
    instruments: new GrpcInstruments(options.registry),
    inFlight: 0,
  };
  const methods = serviceMethods(options.reload);
  const services = addMethods(grpc, shared, methods);
  grpc.addService(HEALTH_SERVICE, createHealth(directory, services));
  for (const { definition, handlers } of listReflection([...methods, ...HEALTH_METHODS]))
    grpc.addService(definition, handlers);
  const injector = grpc.createConnectionInjector(createCredentials(options.tls));
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    injector.injectConnection(socket);
    const greeting = setTimeout(() => {
      if (socket.bytesRead < GREETING_BYTES) socket.destroy();
    }, GREETING_MS);
    greeting.unref();
    socket.on('close', () => clearTimeout(greeting));
    socket.setKeepAlive(true, KEEPALIVE_MS);
    // A socket that waited for this server was not read from.
    socket.resume();
  };
  const listener: NetServer = createServer({ noDelay: true }, accept);
  const stopListening = () => {
    if (listener.listening) listener.close();
  };
  return {
    listen: (target) => listenAt(listener, target, options.backlog),
    accept,
    stopListening,
    async drain(deadlineMs) {
      stopListening();
      injector.drain(deadlineMs);
      await untilEmpty(sockets, deadlineMs);
    },
    async close() {
      stopListening();
      injector.destroy();
      grpc.forceShutdown();
      for (const socket of sockets) socket.destroy();
    },
    get inFlight() {
      return shared.inFlight;
    },
  };
}

function untilEmpty(sockets: Set<Socket>, deadlineMs: number): Promise<void> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const isLate = performance.now() - startedMs >= deadlineMs;
      if (sockets.size > 0 && !isLate) return;
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      resolve();
    }, 50);
  });
}
