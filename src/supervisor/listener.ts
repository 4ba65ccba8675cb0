import { lookup } from 'node:dns/promises';
import { lstatSync, renameSync, rmSync } from 'node:fs';
import net, { type AddressInfo, isIPv6 } from 'node:net';
import { dirname, join } from 'node:path';
import { TfdeployError } from '../base/error.js';

/** A bound socket that workers accept from. The supervisor holds it, so it outlives every worker. */
export interface Listener {
  readonly fd: number;
  /** A path for a UNIX socket; undefined for a socket that came from outside: the first worker tells its address. */
  readonly address: { readonly host: string; readonly port: number } | string | undefined;
  /** It was bound by systemd or an older program. */
  readonly isHandedOver: boolean;
  /** Somebody else goes on with the socket: closing it leaves its path where it is. Returns what undoes it. */
  handOver(): () => void;
  close(): void;
}

interface SocketHandle {
  readonly fd: number;
  /** Absent on UNIX sockets. */
  getsockname?(out: { address?: string; port?: number }): number;
  close(): void;
}

/**
 * What node:cluster binds its shared sockets with. `net.Server.listen` would not do: it accepts connections in
 * the process that calls it.
 */
const { _createServerHandle: bindSocket } = net as unknown as {
  _createServerHandle(
    address: string | null,
    port: number,
    family: 4 | 6 | -1,
    fd: number,
  ): SocketHandle | number;
};

const TEXTS: ReadonlyMap<string, (where: string, flag: string) => readonly [string, string]> = new Map([
  [
    'EADDRINUSE',
    (where, flag) => [
      `${where} is taken by another process`,
      `choose another port (${flag} takes a free one) or stop the other server`,
    ],
  ],
  [
    'EACCES',
    (where) => [`${where} may not be bound`, 'ports below 1024 need privileges: choose a higher one'],
  ],
  ['EADDRNOTAVAIL', (where) => [`${where} is no address of this machine`, 'see --host']],
  ['ENOTSOCK', (where) => [`${where} is there already and is no socket`, 'choose another path']],
]);

function refuse(code: string, where: string, flag = ''): TfdeployError {
  const [message, hint] = TEXTS.get(code)?.(where, flag) ?? [`${where} can not be bound: ${code}`, undefined];
  return new TfdeployError('TFD_UNAVAILABLE', message, hint === undefined ? {} : { hint });
}

function errorName(status: number): string {
  const names: Readonly<Record<number, string>> = {
    13: 'EACCES',
    98: 'EADDRINUSE',
    48: 'EADDRINUSE',
    99: 'EADDRNOTAVAIL',
    49: 'EADDRNOTAVAIL',
  };
  return names[-status] ?? `error ${-status}`;
}

/**
 * Binds `host:port` (0 takes a free port); `flag` is the one that chooses another port. TFD_UNAVAILABLE when it
 * is taken or not allowed.
 */
export async function openListener(
  host: string,
  port: number,
  flag = '--rest-api-port 0',
): Promise<Listener> {
  const { address } = await lookup(host).catch(() => {
    throw refuse('EADDRNOTAVAIL', host);
  });
  const where = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const handle = bindSocket(address, port, isIPv6(address) ? 6 : 4, -1);
  if (typeof handle === 'number') throw refuse(errorName(handle), where, flag);
  const bound: { address?: string; port?: number } = {};
  // A taken port shows here: libuv keeps the error of bind for later.
  const status = handle.getsockname?.(bound) ?? 0;
  if (status !== 0) {
    handle.close();
    throw refuse(errorName(status), where, flag);
  }
  return listenerOf(handle, { host: address, port: bound.port ?? port }, false);
}

/**
 * Binds a UNIX socket; one that a server left behind when it was killed is replaced. TFD_UNAVAILABLE when a
 * server answers there or the path is taken by something else.
 */
export async function openSocketPath(path: string): Promise<Listener> {
  if (await isAnswered(path)) throw refuse('EADDRINUSE', path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) throw refuse('ENOTSOCK', path);
  // libuv removes the name a socket was bound with when this process closes it, even while a program that the
  // socket was handed to goes on: bound under another name it leaves the path alone.
  const draft = join(dirname(path), `.${process.pid.toString(36)}`);
  rmSync(draft, { force: true });
  const handle = bindSocket(draft, -1, -1, -1);
  if (typeof handle === 'number') throw refuse(errorName(handle), path);
  try {
    renameSync(draft, path);
  } catch (error) {
    handle.close();
    throw refuse((error as NodeJS.ErrnoException).code ?? 'error', path);
  }
  return listenerOf(handle, path, false);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Sockets from whoever started this process: that of REST and, where there are more, those of gRPC. */
export interface Inherited {
  readonly rest: Listener;
  readonly grpc: readonly Listener[];
}

const FIRST_FD = 3;

/**
 * Sockets handed over by systemd's socket activation (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES) or by an older
 * supervisor that is being replaced (TFDEPLOY_LISTEN_FD, TFDEPLOY_LISTEN_COUNT). The first one is for REST, the
 * others are for gRPC; systemd's names `rest` and `grpc` say otherwise. TFD_CONFIG for a malformed hand-over.
 */
export function inheritListeners(env: NodeJS.ProcessEnv, pid: number): Inherited | undefined {
  const own = env.TFDEPLOY_LISTEN_FD;
  const isOurs = env.LISTEN_PID === String(pid) && env.LISTEN_FDS !== undefined;
  if (own === undefined && !isOurs) return undefined;
  const first = Number(own ?? FIRST_FD);
  if (!Number.isInteger(first) || first < FIRST_FD)
    throw new TfdeployError('TFD_CONFIG', `TFDEPLOY_LISTEN_FD: ${own} is no descriptor`);
  const text = own === undefined ? env.LISTEN_FDS : (env.TFDEPLOY_LISTEN_COUNT ?? '1');
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 16)
    throw new TfdeployError('TFD_CONFIG', `${text} sockets are handed over; one for REST is needed`, {
      hint: 'write ListenStream= once for REST and once for gRPC in the socket unit',
    });
  const fds = Array.from({ length: count }, (_, index) => first + index);
  const names = own === undefined ? (env.LISTEN_FDNAMES ?? '').split(':') : [];
  const restAt = Math.max(names.indexOf('rest'), names[0] === 'grpc' && count > 1 ? 1 : 0);
  const rest = fds[restAt] as number;
  return {
    rest: adoptSocket(rest),
    grpc: fds.filter((fd) => fd !== rest).map(adoptSocket),
  };
}

/** Takes over a socket that is bound already, without accepting from it. */
function adoptSocket(fd: number): Listener {
  const handle = bindSocket(null, 0, -1, fd);
  if (typeof handle === 'number')
    throw new TfdeployError('TFD_CONFIG', `descriptor ${fd} is no socket: ${errorName(handle)}`);
  const bound: { address?: string; port?: number } = {};
  const isTcp = handle.getsockname !== undefined && handle.getsockname(bound) === 0;
  const { address: host, port } = bound;
  const address = isTcp && host !== undefined && port !== undefined ? { host, port } : undefined;
  return listenerOf(handle, address, true, fd);
}

function listenerOf(
  handle: SocketHandle,
  address: Listener['address'],
  isHandedOver: boolean,
  fd = handle.fd,
): Listener {
  let isOpen = true;
  let isOwner = !isHandedOver;
  return {
    fd,
    address,
    isHandedOver,
    handOver() {
      const before = isOwner;
      isOwner = false;
      return () => {
        isOwner = before;
      };
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      handle.close();
      if (isOwner && typeof address === 'string') rmSync(address, { force: true });
    },
  };
}

/** `http://127.0.0.1:8501`; an address for everybody is shown as the one of this machine. */
export function formatUrl(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address.address] ?? address.address;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${address.port}`;
}

/** `127.0.0.1:8500` or `unix:/run/model.sock`, as gRPC clients write it. */
export function formatAddress(listener: Listener | undefined): string | undefined {
  if (listener === undefined) return undefined;
  const { address } = listener;
  if (address === undefined) return 'inherited';
  if (typeof address === 'string') return `unix:${address}`;
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host] ?? address.host;
  return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
