import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { ENCODINGS, isEncoding, MessageReader, PREFIX_BYTES, type ReadLimits } from './message-reader.js';
import { encodeDetails, GRPC_CODES, type GrpcStatus, OK, toStatus } from './status.js';

/** What a method does with the messages of a call. */
export interface CallHandler {
  message(bytes: Buffer): void;
  /** The client has sent all its messages. */
  end(): void;
  /** The client went away or its deadline passed: nobody waits for an answer. */
  cancelled(): void;
}

export interface MessageLimits extends ReadLimits {
  /** Bytes of one answer; -1 is any size. */
  readonly send: number;
}

/** Takes a call of its method, by the path of the method. */
export type MethodHandlers = ReadonlyMap<string, (call: ServerCall) => CallHandler>;

const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': ENCODINGS,
};
/** Smaller messages are copied behind their prefix, so that both leave in one write. */
const JOIN_BYTES = 64 * 1024;
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds of a `grpc-timeout`; undefined where it is none. */
export function parseTimeout(text: string): number | undefined {
  const match = /^(\d{1,8})\s*([HMSmun])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!]!;
}

/** One call: messages in, messages and a status out. */
export class ServerCall {
  readonly startedMs = performance.now();
  /** The moment at which the client gives up, on the clock of performance.now(). */
  readonly deadlineMs: number | undefined;
  readonly requestId: string | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #limits: MessageLimits;
  #handler: CallHandler | undefined;
  #reader: MessageReader | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status: GrpcStatus | undefined;
  #hasHeaders = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, limits: MessageLimits) {
    this.#stream = stream;
    this.#limits = limits;
    const requestId = headers['x-request-id'];
    this.requestId = typeof requestId === 'string' ? requestId : undefined;
    stream.on('error', () => {});
    stream.on('close', () => this.#closed());
    const timeout = headers['grpc-timeout'];
    if (typeof timeout !== 'string') return;
    const timeoutMs = parseTimeout(timeout);
    if (timeoutMs === undefined) {
      this.end({ name: 'INTERNAL', details: `Invalid grpc-timeout value "${timeout}"` });
      return;
    }
    this.deadlineMs = this.startedMs + timeoutMs;
    this.#timer = setTimeout(() => this.#expire(), Math.min(timeoutMs, MAX_TIMER_MS));
  }

  get isOver(): boolean {
    return this.#status !== undefined;
  }

  /** Address of the client; empty when it is gone. */
  get remote(): string {
    return this.#stream.session?.socket.remoteAddress ?? '';
  }

  /** Starts reading. */
  serve(headers: IncomingHttpHeaders, handler: CallHandler): void {
    if (this.isOver) return;
    this.#handler = handler;
    const encoding = (headers['grpc-encoding'] as string | undefined) ?? 'identity';
    if (!isEncoding(encoding)) {
      this.end({ name: 'UNIMPLEMENTED', details: `grpc-encoding "${encoding}" is not supported` });
      return;
    }
    const reader = new MessageReader(encoding, this.#limits, {
      message: (bytes) => {
        if (!this.isOver) handler.message(bytes);
      },
      broken: (status) => this.#break(status),
    });
    this.#reader = reader;
    this.#stream.on('data', (chunk: Buffer) => reader.push(chunk));
    this.#stream.on('end', () =>
      reader.end(() => {
        if (!this.isOver) handler.end();
      }),
    );
  }

  /** Sends a message; nothing where the call is over. */
  send(bytes: Uint8Array): void {
    const frame = this.#frame(bytes);
    if (frame === undefined) return;
    this.#respond();
    for (const part of frame) this.#stream.write(part);
  }

  /** Sends the only message and the status behind it. */
  finish(bytes: Uint8Array, status: GrpcStatus): void {
    const frame = this.#frame(bytes);
    if (frame === undefined) return;
    this.#respond();
    this.#over(status);
    for (const part of frame.slice(0, -1)) this.#stream.write(part);
    this.#stream.end(frame.at(-1));
  }

  end(status: GrpcStatus): void {
    if (this.isOver) return;
    this.#over(status);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (this.#hasHeaders) stream.end();
    else stream.respond({ ...HEADERS, ...trailersOf(status) }, { endStream: true });
    // What the client still sends is not wanted; without a reader it would fill the window of the connection.
    if (stream.readableEnded) return;
    stream.resume();
    stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #frame(bytes: Uint8Array): Uint8Array[] | undefined {
    if (this.isOver) return undefined;
    const { send } = this.#limits;
    if (send >= 0 && bytes.length > send) {
      this.end({
        name: 'RESOURCE_EXHAUSTED',
        details: `Attempted to send message with a size larger than ${send}`,
      });
      return undefined;
    }
    const isJoined = bytes.length <= JOIN_BYTES;
    const head = Buffer.allocUnsafe(isJoined ? PREFIX_BYTES + bytes.length : PREFIX_BYTES);
    head[0] = 0;
    head.writeUInt32BE(bytes.length, 1);
    if (!isJoined) return [head, bytes];
    head.set(bytes, PREFIX_BYTES);
    return [head];
  }

  #respond(): void {
    const stream = this.#stream;
    if (this.#hasHeaders || stream.destroyed || stream.closed) return;
    this.#hasHeaders = true;
    stream.respond(HEADERS, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      if (!stream.destroyed && this.#status !== undefined) stream.sendTrailers(trailersOf(this.#status));
    });
  }

  #over(status: GrpcStatus): void {
    this.#status = status;
    clearTimeout(this.#timer);
  }

  #break(status: GrpcStatus): void {
    this.end(status);
    this.#handler?.cancelled();
  }

  #expire(): void {
    this.#break({ name: 'DEADLINE_EXCEEDED', details: 'Deadline exceeded' });
  }

  #closed(): void {
    this.#reader?.drop();
    if (this.isOver) return;
    this.#over({ name: 'CANCELLED', details: 'The client went away' });
    this.#handler?.cancelled();
  }
}

/** A method with one message each way: what is thrown becomes the status. */
export function unary(
  call: ServerCall,
  answer: (bytes: Buffer) => Uint8Array | Promise<Uint8Array>,
  cancelled: () => void = () => {},
): CallHandler {
  let request: Buffer | undefined;
  return {
    message(bytes) {
      if (request === undefined) request = bytes;
      else call.end({ name: 'UNIMPLEMENTED', details: 'Received more than one message' });
    },
    async end() {
      if (request === undefined) {
        call.end({ name: 'UNIMPLEMENTED', details: 'Received no message' });
        return;
      }
      try {
        call.finish(await answer(request), OK);
      } catch (error) {
        call.end(toStatus(error));
      }
    },
    cancelled,
  };
}

const OK_TRAILERS = { 'grpc-status': '0' };

function trailersOf({ name, details, metadata }: GrpcStatus): Record<string, string> {
  if (name === 'OK' && metadata === undefined) return OK_TRAILERS;
  return {
    'grpc-status': String(GRPC_CODES[name]),
    ...(details === '' ? {} : { 'grpc-message': encodeDetails(details) }),
    ...metadata,
  };
}
