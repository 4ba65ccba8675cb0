import { resolve } from 'node:path';
import type { Config, FieldName } from '../config/fields.js';
import { FREE_PORT } from '../config/grpc-fields.js';
import { inheritListeners, type Listener, openListener, openSocketPath } from '../supervisor/listener.js';

/** The bound sockets of the server. */
export interface Sockets {
  readonly rest: Listener;
  /** Empty when gRPC is off. */
  readonly grpc: readonly Listener[];
}

/** A free REST port is asked for where servers must not get into each other's way: so must gRPC's default. */
function grpcPort(config: Config, given: ReadonlyMap<FieldName, string>): number | undefined {
  if (config.port === FREE_PORT || (!given.has('port') && config.rest_api_port === 0)) return 0;
  return config.port === 0 ? undefined : config.port;
}

/** Takes the sockets that were handed over, and binds the ones that are missing. */
export async function openSockets(config: Config, given: ReadonlyMap<FieldName, string>): Promise<Sockets> {
  const inherited = inheritListeners(process.env, process.pid);
  const rest = inherited?.rest ?? (await openListener(config.host, config.rest_api_port));
  if (inherited !== undefined && inherited.grpc.length > 0) return { rest, grpc: inherited.grpc };
  const grpc: Listener[] = [];
  try {
    const port = grpcPort(config, given);
    if (port !== undefined) grpc.push(await openListener(config.host, port, '--port auto'));
    if (config.grpc_socket_path !== undefined && config.grpc_socket_path !== '')
      grpc.push(await openSocketPath(resolve(config.grpc_socket_path)));
    return { rest, grpc };
  } catch (error) {
    for (const each of [rest, ...grpc]) each.close();
    throw error;
  }
}
