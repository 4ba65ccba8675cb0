import type { Socket } from 'node:net';
import type { Registry } from '../metrics/registry.js';

interface BadRow {
  readonly reason: string;
  readonly status: string;
  readonly message: string;
}

/** What the HTTP parser and its timers complain of. */
const ROWS: ReadonlyMap<string, BadRow> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    {
      reason: 'header_overflow',
      status: '431 Request Header Fields Too Large',
      message: 'The header is too large',
    },
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { reason: 'timeout', status: '408 Request Timeout', message: 'The request did not arrive in time' },
  ],
]);
const PARSE: BadRow = { reason: 'parse', status: '400 Bad Request', message: 'This is not an HTTP request' };

/** Answers what is no request with a coded error, if anybody is still there to read it, and hangs up. */
export function answerBadConnection(error: NodeJS.ErrnoException, socket: Socket, registry: Registry): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    registry.counter('badConnections', 'reset').add();
    socket.destroy();
    return;
  }
  const { reason, status, message } = ROWS.get(error.code ?? '') ?? PARSE;
  registry.counter('badConnections', reason).add();
  const body = JSON.stringify({ error: message });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `x-tfdeploy-code: TFD_INPUT_INVALID\r\nConnection: close\r\n\r\n${body}`,
  );
}
