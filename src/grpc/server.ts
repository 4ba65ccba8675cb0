import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { TlsTexts } from '../config/ssl-file.js';
import type { ListenTarget } from '../http/server.js';
import type { Registry } from '../metrics/registry.js';
import type { Servable, ServableDirectory } from '../repository/types.js';
import { decodeMessage } from '../savedmodel/wire/decode.js';
import { encodeMessage } from '../savedmodel/wire/encode.js';
import { inputError } from './call.js';
import { listenAt } from './door.js';
import { createHealth, HEALTH_METHODS } from './health.js';
import { GrpcInstruments } from './instruments.js';
import { GRPC_SCHEMA } from './messages.js';
import { type MethodRow, serviceMethods } from './methods.js';
import type { ReloadConfig } from './model-service.js';
import { createReflection } from './reflection/service.js';
import {
  type CallHandler,
  type MessageLimits,
  type MethodHandlers,
  ServerCall,
  unary,
} from './server-call.js';
import { closeSession, readTimes, watchSession } from './sessions.js';
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
  /** Whether metrics are recorded under TensorFlow Serving's names too. */
  readonly hasServingNames: boolean;
  readonly onAccess: ((entry: GrpcAccessEntry) => void) | undefined;
  readonly onFault: ((error: unknown) => void) | undefined;
}

/** One line of the access log, written when the answer is there. */
export interface GrpcAccessEntry {
  readonly method: 'gRPC';
  /** `/service/Method`. */
  readonly path: string;
  /** Name of the gRPC status. */
  readonly status: string;
  readonly ms: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly remote: string;
  readonly requestId: string | undefined;
}

const MIB = 1024 * 1024;
/** Without a bound one connection may open as many streams as it likes. */
const MAX_STREAMS = 1000;
/** Bytes that a client may send ahead on one stream: large tensors arrive without waiting for leave. */
const WINDOW_BYTES = MIB;
const SESSION_WINDOW_BYTES = 4 * MIB;
/** Messages being read at the same time, together; above it calls are refused. */
const READING_BYTES = 512 * MIB;
/** Megabytes that the HTTP/2 library may hold for a connection. */
const SESSION_MEMORY_MB = 1024;
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
  hasServingNames: false,
  onAccess: undefined,
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

/** A method of the tables as a handler of calls. */
function serveMethod(shared: Shared, method: MethodRow, call: ServerCall): CallHandler {
  const controller = new AbortController();
  return unary(
    call,
    (bytes) => answer(shared, method, call, bytes, controller.signal),
    () => controller.abort(),
  );
}

async function answer(
  shared: Shared,
  method: MethodRow,
  call: ServerCall,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { options, instruments, directory } = shared;
  const startedMs = performance.now();
  let servable: Servable | undefined;
  let signature = '';
  let code = 'OK';
  let sentBytes = 0;
  shared.inFlight++;
  instruments.received.add(bytes.length);
  try {
    const request = decodeMessage(GRPC_SCHEMA, method.request, bytes, {
      what: 'request',
      code: 'TFD_INPUT_INVALID',
      limitCode: 'TFD_INPUT_INVALID',
    });
    const { defaultDeadlineMs } = options;
    const result = await method.handle(request, {
      directory,
      asContent: options.asContent,
      deadlineMs: call.deadlineMs ?? (defaultDeadlineMs > 0 ? startedMs + defaultDeadlineMs : undefined),
      signal,
      onServable(found, name) {
        servable = found;
        signature = name;
      },
    });
    const encoded = encodeMessage(GRPC_SCHEMA, method.answer, result);
    sentBytes = encoded.length;
    instruments.sent.add(sentBytes);
    return encoded;
  } catch (error) {
    code = toStatus(error).name;
    if (code === 'INTERNAL') options.onFault?.(error);
    throw error;
  } finally {
    shared.inFlight--;
    const ms = performance.now() - startedMs;
    instruments.count(servable, signature, method.api, code, ms);
    options.onAccess?.({
      method: 'gRPC',
      path: `/${method.service}/${method.name}`,
      status: code,
      ms,
      receivedBytes: bytes.length,
      sentBytes,
      remote: call.remote,
      requestId: call.requestId,
    });
  }
}

/** Every method by its path. */
function listHandlers(shared: Shared): MethodHandlers {
  const methods = serviceMethods(shared.options.reload);
  const services = new Set(
    methods.flatMap(({ service }) => [service, service.slice(service.lastIndexOf('.') + 1)]),
  );
  return new Map([
    ...methods.map((method): [string, (call: ServerCall) => CallHandler] => [
      `/${method.service}/${method.name}`,
      (call) => serveMethod(shared, method, call),
    ]),
    ...createHealth(shared.directory, services),
    ...createReflection([...methods, ...HEALTH_METHODS]),
  ]);
}

function serveStream(
  handlers: MethodHandlers,
  limits: MessageLimits,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  if (headers[':method'] !== 'POST' || !headers['content-type']?.startsWith('application/grpc')) {
    stream.on('error', () => {});
    stream.respond({ ':status': headers[':method'] === 'POST' ? 415 : 405 }, { endStream: true });
    stream.resume();
    return;
  }
  const call = new ServerCall(stream, headers, limits);
  const path = String(headers[':path']);
  const open = handlers.get(path);
  if (open === undefined)
    call.end({ name: 'UNIMPLEMENTED', details: `The server does not implement the method ${path}` });
  else call.serve(headers, open(call));
}

function readNumber(options: GrpcOptions, name: string, otherwise: number): number {
  const value = options.channelArguments[`grpc.${name}`];
  return typeof value === 'number' ? value : otherwise;
}

function createHttp2(options: GrpcOptions): Http2Server | Http2SecureServer {
  const { tls } = options;
  const http2 = {
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: {
      maxConcurrentStreams: readNumber(options, 'max_concurrent_streams', MAX_STREAMS),
      initialWindowSize: WINDOW_BYTES,
    },
  };
  if (tls === undefined) return createHttp2Server(http2);
  return createSecureServer({
    ...http2,
    key: tls.key,
    cert: tls.cert,
    ...(tls.ca ? { ca: tls.ca } : {}),
    requestCert: tls.verifyClient,
    rejectUnauthorized: tls.verifyClient,
  });
}

/** TensorFlow Serving's gRPC interface of one worker process. Sockets are accepted here, so they can be shared. */
export function createGrpcServer(
  directory: ServableDirectory,
  given: Partial<GrpcOptions> & Pick<GrpcOptions, 'registry'>,
): GrpcServer {
  const options: GrpcOptions = { ...DEFAULTS, ...given };
  if (options.maxMessageBytes < 1)
    throw inputError(`maxMessageBytes ${options.maxMessageBytes} is not positive`);
  const shared: Shared = {
    directory,
    options,
    instruments: new GrpcInstruments(options.registry, options.hasServingNames),
    inFlight: 0,
  };
  const handlers = listHandlers(shared);
  const limits = {
    receive: readNumber(options, 'max_receive_message_length', options.maxMessageBytes),
    send: readNumber(options, 'max_send_message_length', -1),
    reading: { bytes: 0, most: Math.max(READING_BYTES, options.maxMessageBytes) },
  };
  const times = readTimes(options.channelArguments);
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHttp2(options);
  http2.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    watchSession(session, times);
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  });
  http2.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    serveStream(handlers, limits, stream, headers),
  );
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    http2.emit('connection', socket);
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
      for (const session of sessions) closeSession(session);
      await untilEmpty(sockets, deadlineMs);
    },
    async close() {
      stopListening();
      for (const session of sessions) session.destroy();
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
