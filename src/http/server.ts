import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { ServableDirectory } from '../repository/types.js';
import { answerBadConnection } from './bad-connection.js';
import { abortSignal, Exchange, type ServerState } from './exchange.js';
import { Instruments } from './instruments.js';
import { type HttpOptions, withDefaults } from './options.js';
import { dispatch } from './routes.js';

/** Where to listen: an address, a UNIX socket, an inherited descriptor, or a handle from another process. */
export type ListenTarget =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number }
  | { readonly handle: object };

export interface HttpServer {
  /** Resolves with the address once connections are accepted. */
  listen(target: ListenTarget): Promise<AddressInfo | string | null>;
  /** Stops accepting at once. */
  stopListening(): void;
  /**
   * Stops accepting, answers what comes on open connections with `Connection: close`, closes connections that
   * stay idle, and resolves when none is left. After `deadlineMs` the rest is cut.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Closes up to `count` connections with their next answer; what is left of them after a second is not. */
  release(count: number): void;
  /** Cuts every connection. */
  close(): Promise<void>;
  readonly inFlight: number;
  readonly connections: number;
}

/** A connection that answered its last request this long ago is idle enough to be closed in a drain. */
const IDLE_MS = 1000;
const DRAIN_LOOK_MS = 100;
const RELEASE_MS = 1000;
/** How often Node.js looks for connections past their time limits. */
const TIMEOUT_LOOK_MS = 2000;

const lastAnsweredMs = Symbol('lastAnsweredMs');
const openRequests = Symbol('openRequests');

interface Connection extends Socket {
  [abortSignal]?: AbortSignal;
  [lastAnsweredMs]?: number;
  [openRequests]?: number;
}

/** The REST interface of one worker process. Predictions go the short way, past every framework. */
export function createHttpServer(
  directory: ServableDirectory,
  given: Partial<HttpOptions> & Pick<HttpOptions, 'registry'>,
): HttpServer {
  const options = withDefaults(given);
  const { registry } = options;
  const connections = new Set<Connection>();
  const state: ServerState = {
    options,
    instruments: new Instruments(registry, options.servingMetricsPath !== undefined),
    reading: { bytes: 0 },
    inFlight: 0,
    isDraining: false,
    releasing: 0,
  };
  const inFlight = registry.gauge('requestsInFlight', 'rest');
  const open = registry.gauge('connections', 'rest');
  registry.onCollect(() => {
    inFlight.set(state.inFlight);
    open.set(connections.size);
  });

  function answer(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    track(request, response);
    const exchange = new Exchange(state, request, response);
    exchange.expectsContinue = expectsContinue;
    if (exchange.readHeaders()) dispatch(exchange, directory);
  }

  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveMs,
      connectionsCheckingInterval: TIMEOUT_LOOK_MS,
      noDelay: true,
    },
    (request, response) => answer(request, response, false),
  );
  server.on('connection', (socket: Connection) => watch(socket, connections));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    answer(request, response, true),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerBadConnection(error, socket, registry),
  );

  return {
    listen: (target) => listen(server, target, options.backlog),
    stopListening: () => stopListening(server),
    drain(deadlineMs) {
      state.isDraining = true;
      stopListening(server);
      return closeIdle(connections, deadlineMs);
    },
    release(count) {
      state.releasing = count;
      setTimeout(() => {
        state.releasing = 0;
      }, RELEASE_MS).unref();
    },
    async close() {
      stopListening(server);
      for (const socket of connections) socket.destroy();
    },
    get inFlight() {
      return state.inFlight;
    },
    get connections() {
      return connections.size;
    },
  };
}

function watch(socket: Connection, connections: Set<Connection>): void {
  const controller = new AbortController();
  socket[abortSignal] = controller.signal;
  socket[openRequests] = 0;
  connections.add(socket);
  socket.on('close', () => {
    connections.delete(socket);
    controller.abort();
  });
}

function track(request: IncomingMessage, response: ServerResponse): void {
  const socket = request.socket as Connection;
  socket[openRequests]!++;
  response.on('close', () => {
    socket[openRequests]!--;
    socket[lastAnsweredMs] = performance.now();
  });
}

function listen(server: Server, target: ListenTarget, backlog: number): Promise<AddressInfo | string | null> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = () => {
      server.off('error', reject);
      resolve(server.address());
    };
    if ('handle' in target) server.listen(target.handle, backlog, listening);
    else server.listen({ ...target, backlog }, listening);
  });
}

/** Closes the listening socket only; `http.Server.close` would also cut idle connections. */
function stopListening(server: Server): void {
  if (server.listening) NetServer.prototype.close.call(server);
}

function closeIdle(connections: Set<Connection>, deadlineMs: number): Promise<void> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const look = () => {
      const now = performance.now();
      const isLate = now - startMs >= deadlineMs;
      for (const socket of connections) {
        const idleMs = now - Math.max(socket[lastAnsweredMs] ?? 0, startMs);
        if (isLate) socket.destroy();
        else if (socket[openRequests] === 0 && idleMs >= IDLE_MS) socket.end();
      }
      if (connections.size === 0 || isLate) {
        clearInterval(timer);
        resolve();
      }
    };
    const timer = setInterval(look, DRAIN_LOOK_MS);
    look();
  });
}
