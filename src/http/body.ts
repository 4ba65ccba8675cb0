import type { IncomingMessage } from 'node:http';
import { type BrotliOptions, brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { TfdeployError } from '../base/error.js';
import { freeMemory } from '../base/free-memory.js';
import type { HttpOptions } from './options.js';
import type { RequestHeaders } from './request-headers.js';

type Inflate = (
  bytes: Buffer,
  options: ZlibOptions & BrotliOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void;

const INFLATERS: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', brotliDecompress],
]);

/** Bytes of bodies that this process is reading now. */
export interface ReadingTotal {
  bytes: number;
}

/** Bytes read and dropped behind a body that was refused. */
const LINGER_BYTES = 16 * 1024 * 1024;
const PROGRESS_BYTES = 16 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;
/** Longer bodies are only believed as they come. */
const PREPARED_BYTES = 8 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Collects a request's body and hands it over, inflated, or the reason why not. One object per request and
 * no closure per event: this is on the path of every prediction.
 */
export class BodyReader {
  #chunks: Buffer[] | undefined;
  #first: Buffer = EMPTY;
  /** Where the chunks are put at once, for a body whose length was told and is no great claim. */
  #whole: Buffer | undefined;
  #received = 0;
  #counted = 0;
  #isOver = false;
  #progressBytes = 0;
  /** Called with every 16 kB that have come. */
  onProgress: (() => void) | undefined;

  /** The body was handed over or refused. */
  get isOver(): boolean {
    return this.#isOver;
  }

  constructor(
    private readonly request: IncomingMessage,
    private readonly headers: RequestHeaders,
    private readonly options: HttpOptions,
    private readonly total: ReadingTotal,
    /** Why the request is refused whatever its body holds. */
    refusal: TfdeployError | undefined,
    private readonly done: (error: TfdeployError | undefined, body: Buffer) => void,
  ) {
    request.on('data', (chunk: Buffer) => this.#take(chunk));
    request.on('end', () => this.#end());
    request.on('error', () => this.#fail(clientGone()));
    if (refusal !== undefined) this.#fail(refusal);
    else if (headers.contentLength > options.maxBodyBytes) this.#fail(tooLarge(options.maxBodyBytes));
    else if (!canInflate(headers.contentEncoding)) this.#fail(unknownEncoding(headers.contentEncoding));
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#isOver) {
      // Refused, but still being sent: what is left is read and dropped, so that the client gets to see the
      // answer instead of a reset, and the connection can be used again. Not without end.
      if (this.#received > this.options.maxBodyBytes + LINGER_BYTES) this.request.destroy();
      return;
    }
    this.total.bytes += chunk.length;
    if (this.onProgress !== undefined && this.#received - this.#progressBytes >= PROGRESS_BYTES) {
      this.#progressBytes = this.#received;
      this.onProgress();
    }
    this.#counted = this.#received;
    if (this.#received > this.options.maxBodyBytes) {
      this.#fail(tooLarge(this.options.maxBodyBytes));
    } else if (this.total.bytes > this.options.maxReadingBytes) {
      this.#fail(
        new TfdeployError(
          'TFD_OVERLOADED',
          'Too many bytes of request bodies are being read at this moment',
          {
            details: { reason: 'reading', retryAfterSeconds: 1 },
          },
        ),
      );
    } else {
      this.#keep(chunk);
    }
  }

  #keep(chunk: Buffer): void {
    const before = this.#received - chunk.length;
    if (before === 0) {
      this.#first = chunk;
      return;
    }
    if (this.#chunks === undefined && this.#whole === undefined) {
      const { contentLength } = this.headers;
      if (contentLength >= this.#received && contentLength <= PREPARED_BYTES) {
        this.#whole = Buffer.allocUnsafeSlow(contentLength);
        this.#whole.set(this.#first);
        freeMemory(this.#first);
      } else {
        this.#chunks = [this.#first];
      }
    }
    if (this.#whole === undefined) {
      this.#chunks?.push(chunk);
      return;
    }
    this.#whole.set(chunk, before);
    freeMemory(chunk);
  }

  /** What was received, in one piece. */
  #join(): Buffer {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#received);
    if (this.#chunks === undefined) return this.#first;
    const body = Buffer.concat(this.#chunks, this.#received);
    for (const chunk of this.#chunks) freeMemory(chunk);
    return body;
  }

  #end(): void {
    if (this.#isOver) return;
    const body = this.#join();
    const inflater = INFLATERS.get(this.headers.contentEncoding);
    if (inflater === undefined) {
      this.#finish(undefined, body);
      return;
    }
    const { maxBodyBytes } = this.options;
    // Each chunk costs the event loop a turn.
    const chunkSize = Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, 4 * body.length));
    inflater(body, { maxOutputLength: maxBodyBytes, chunkSize }, (error, result) => {
      if (error === null) this.#finish(undefined, result);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        this.#fail(tooLarge(maxBodyBytes));
      else this.#fail(badEncoding(this.headers.contentEncoding, error));
    });
  }

  #fail(error: TfdeployError): void {
    this.#finish(error, EMPTY);
  }

  #finish(error: TfdeployError | undefined, body: Buffer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.total.bytes -= this.#counted;
    this.#chunks = undefined;
    this.#whole = undefined;
    this.#first = EMPTY;
    this.done(error, body);
  }
}

function tooLarge(limit: number): TfdeployError {
  return new TfdeployError('TFD_BODY_TOO_LARGE', `The request body is larger than ${limit} bytes`, {
    hint: 'raise --max-body-bytes, or send fewer rows or a binary body',
  });
}

function canInflate(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || INFLATERS.has(encoding);
}

function unknownEncoding(encoding: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', `Content-Encoding: "${encoding}" is not supported`, {
    hint: `use one of ${[...INFLATERS.keys()].join(', ')}`,
  });
}

function badEncoding(encoding: string, cause: Error): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', `The request body is not ${encoding}: ${cause.message}`, {
    cause,
  });
}

export function clientGone(): TfdeployError {
  return new TfdeployError('TFD_DEADLINE', 'The client went away before its request was read', {
    details: { reason: 'cancelled' },
  });
}
