import { connect, type Socket } from 'node:net';
import { monotonicMs } from '../clock.js';
import { ResponseParser } from './response-parser.js';
import { type FailureKind, isLocalError, type Shot } from './shot.js';

const READ_BUFFER_BYTES = 16 * 1024;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a connection tells its pool. Every shot given to `send` comes back through exactly one `onAnswer`. */
export interface ConnectionEvents {
  onReady(connection: Connection): void;
  onAnswer(connection: Connection, shot: Shot, answer: Answer): void;
  /** The connection is gone; `error` is set when it never came up. */
  onGone(connection: Connection, error: NodeJS.ErrnoException | undefined): void;
}

export interface Answer {
  readonly failure: FailureKind | undefined;
  readonly status: number;
  readonly bodyBytes: number;
  readonly doneMs: number;
  readonly detail: string;
}

/** A keep-alive connection on a bare socket with at most one request on its way (no pipelining). */
export class Connection {
  shot: Shot | undefined;
  readonly openedMs = monotonicMs();
  isReady = false;
  isGone = false;

  private readonly socket: Socket;
  private readonly parser = new ResponseParser();
  private readonly events: ConnectionEvents;
  private error: NodeJS.ErrnoException | undefined;

  constructor(address: Address, events: ConnectionEvents) {
    this.events = events;
    this.socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (bytes, buffer) => {
          this.read(buffer as Buffer, bytes);
          return true;
        },
      },
    });
    this.socket.once('connect', () => {
      this.isReady = true;
      events.onReady(this);
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error ??= error;
    });
    this.socket.once('end', () => this.end());
    this.socket.once('close', () => {
      this.destroy(isLocalError(this.error?.code) ? 'local' : 'closed', this.error?.message ?? '');
    });
  }

  /** Writes one request; the connection must be ready and idle. */
  send(shot: Shot, bytes: Buffer): void {
    this.shot = shot;
    shot.sentMs = monotonicMs();
    this.socket.write(bytes);
  }

  /** Gives the connection up; the shot on its way, if any, fails with `failure`. */
  destroy(failure: FailureKind, detail = ''): void {
    if (this.isGone) return;
    // First of all, so that whoever is told of the failure does not send on this connection again.
    this.isGone = true;
    this.socket.destroy();
    const shot = this.shot;
    this.shot = undefined;
    if (shot !== undefined) {
      const { bodyBytes } = this.parser;
      this.events.onAnswer(this, shot, { failure, status: 0, bodyBytes, doneMs: monotonicMs(), detail });
    }
    this.events.onGone(this, this.isReady ? undefined : this.error);
  }

  private read(buffer: Buffer, bytes: number): void {
    if (this.isGone) return;
    if (this.shot === undefined) {
      this.destroy('protocol');
      return;
    }
    let isWhole = false;
    try {
      isWhole = this.parser.feed(buffer, bytes);
    } catch (error) {
      this.destroy('protocol', (error as Error).message);
    }
    if (isWhole) this.complete();
  }

  private complete(): void {
    const { parser, shot } = this;
    const isGood = parser.status >= 200 && parser.status < 300;
    const answer: Answer = {
      failure: isGood ? undefined : 'status',
      status: parser.status,
      bodyBytes: parser.bodyBytes,
      doneMs: monotonicMs(),
      detail: isGood ? '' : parser.bodyStart(),
    };
    const isReusable = parser.isReusable;
    parser.reset();
    this.shot = undefined;
    if (!isReusable) this.destroy('closed');
    this.events.onAnswer(this, shot!, answer);
  }

  private end(): void {
    if (this.shot !== undefined && this.parser.finish()) this.complete();
    this.destroy('closed', 'the server closed it');
  }
}
