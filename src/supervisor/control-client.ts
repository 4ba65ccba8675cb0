import { connect } from 'node:net';
import { reviveError, TfdeployError } from '../base/error.js';
import type { ControlReply, ControlRequest } from './control-socket.js';

/** Asks a running server. TFD_UNAVAILABLE when none listens at `path`, else the server's own error. */
export function askControl(path: string, request: ControlRequest, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    socket.setEncoding('utf8');
    signal.addEventListener('abort', () => socket.destroy(new Error('stopped')), { once: true });
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (cause) =>
      reject(
        new TfdeployError('TFD_UNAVAILABLE', `no server answers at ${path}: ${cause.message}`, {
          hint: 'name the REST port of the server with --rest-api-port, or its socket with --socket',
          cause,
        }),
      ),
    );
    socket.on('end', () => {
      try {
        const reply = JSON.parse(text) as ControlReply;
        if ('error' in reply) reject(reviveError(reply.error));
        else resolve(reply.result);
      } catch {
        // A server that ends on this very order may take its answer along.
        reject(new TfdeployError('TFD_UNAVAILABLE', `the server at ${path} went away without an answer`));
      }
    });
  });
}
