import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ListenTarget } from '../http/server.js';
import type { GrpcServer } from './server.js';

/** The listening side of gRPC: sockets wait here until the server behind them is loaded. */
export interface GrpcDoor {
  listen(target: ListenTarget): Promise<AddressInfo | string | null>;
  stopListening(): void;
  /** Stops accepting, lets calls finish, resolves when all have; after `deadlineMs` the rest is cut. */
  drain(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A door behind which nothing is loaded before the first client comes: a process that is asked over REST alone
 * pays for gRPC with neither time nor memory. A client that comes first waits in the socket, not in an error.
 */
export function createGrpcDoor(
  load: () => Promise<Pick<GrpcServer, 'accept' | 'drain' | 'close'>>,
  backlog: number,
  onFault: (error: unknown) => void,
): GrpcDoor {
  const listeners: Server[] = [];
  let loading: ReturnType<typeof load> | undefined;

  const accept = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    loading ??= load();
    loading.then(
      (server) => {
        if (!socket.destroyed) server.accept(socket);
      },
      (error: unknown) => {
        onFault(error);
        socket.destroy();
      },
    );
  };
  const stopListening = () => {
    for (const listener of listeners) if (listener.listening) listener.close();
  };
  return {
    listen(target) {
      const listener = createServer({ noDelay: true, pauseOnConnect: true }, accept);
      listeners.push(listener);
      return listenAt(listener, target, backlog);
    },
    stopListening,
    async drain(deadlineMs) {
      stopListening();
      await (await loading)?.drain(deadlineMs);
    },
    async close() {
      stopListening();
      await (await loading)?.close();
    },
  };
}

export function listenAt(
  listener: Server,
  target: ListenTarget,
  backlog: number,
): Promise<AddressInfo | string | null> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    const onListening = () => {
      listener.off('error', reject);
      resolve(listener.address());
    };
    if ('handle' in target) listener.listen(target.handle, backlog, onListening);
    else listener.listen({ ...target, backlog }, onListening);
  });
}
