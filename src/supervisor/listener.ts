import { lookup } from 'node:dns/promises';
import { closeSync } from 'node:fs';
import net, { type AddressInfo, isIPv6 } from 'node:net';
import { TfdeployError } from '../base/error.js';

/** A bound socket that workers accept from. The supervisor holds it, so it outlives every worker. */
export interface Listener {
  readonly fd: number;
  /** Undefined for a socket that came from outside: the first worker tells its address. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  close(): void;
}

interface SocketHandle {
  readonly fd: number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/**
 * What node:cluster binds its shared sockets with. `net.Server.listen` would not do: it accepts connections in
 * the process that calls it.
 */
const { _createServerHandle: bindSocket } = net as unknown as {
  _createServerHandle(address: string, port: number, family: 4 | 6, fd: number): SocketHandle | number;
};

const TEXTS: ReadonlyMap<string, (where: string) => readonly [string, string]> = new Map([
  [
    'EADDRINUSE',
    (where) => [
      `${where} is taken by another process`,
      'choose another port (--rest-api-port 0 takes a free one) or stop the other server',
    ],
  ],
  [
    'EACCES',
    (where) => [`${where} may not be bound`, 'ports below 1024 need privileges: choose a higher one'],
  ],
  ['EADDRNOTAVAIL', (where) => [`${where} is no address of this machine`, 'see --host']],
]);

function refuse(code: string, where: string): TfdeployError {
  const [message, hint] = TEXTS.get(code)?.(where) ?? [`${where} can not be bound: ${code}`, undefined];
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

/** Binds `host:port` (0 takes a free port). TFD_UNAVAILABLE when it is taken or not allowed. */
export async function openListener(host: string, port: number): Promise<Listener> {
  const { address } = await lookup(host).catch(() => {
    throw refuse('EADDRNOTAVAIL', host);
  });
  const where = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const handle = bindSocket(address, port, isIPv6(address) ? 6 : 4, -1);
  if (typeof handle === 'number') throw refuse(errorName(handle), where);
  const bound: { address?: string; port?: number } = {};
  // A taken port shows here: libuv keeps the error of bind for later.
  const status = handle.getsockname(bound);
  if (status !== 0) {
    handle.close();
    throw refuse(errorName(status), where);
  }
  return {
    fd: handle.fd,
    address: { host: address, port: bound.port ?? port },
    close: closeOnce(() => handle.close()),
  };
}

/**
 * A socket handed over by whoever started this process: systemd's socket activation (LISTEN_PID, LISTEN_FDS) or
 * an older supervisor that is being replaced (TFDEPLOY_LISTEN_FD). TFD_CONFIG for a malformed hand-over.
 */
export function inheritListener(env: NodeJS.ProcessEnv, pid: number): Listener | undefined {
  const own = env.TFDEPLOY_LISTEN_FD;
  const isOurs = env.LISTEN_PID === String(pid) && env.LISTEN_FDS !== undefined;
  const text = own ?? (isOurs ? '3' : undefined);
  if (text === undefined) return undefined;
  const fd = Number(text);
  if (!Number.isInteger(fd) || fd < 3)
    throw new TfdeployError('TFD_CONFIG', `TFDEPLOY_LISTEN_FD: ${text} is no descriptor`);
  if (own === undefined && env.LISTEN_FDS !== '1')
    throw new TfdeployError('TFD_CONFIG', `systemd hands over ${env.LISTEN_FDS} sockets; one is used`, {
      hint: 'keep one ListenStream= in the socket unit',
    });
  return { fd, address: undefined, close: closeOnce(() => closeSync(fd)) };
}

function closeOnce(close: () => void): () => void {
  let isOpen = true;
  return () => {
    if (isOpen) close();
    isOpen = false;
  };
}

/** `http://127.0.0.1:8501`; an address for everybody is shown as the one of this machine. */
export function formatUrl(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address.address] ?? address.address;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${address.port}`;
}
