import { gunzip, inflate } from 'node:zlib';
import type { GrpcStatus } from './status.js';

/** A byte that tells whether the message is compressed, and its length. */
export const PREFIX_BYTES = 5;
const EMPTY = Buffer.alloc(0);

const INFLATERS = new Map([
  ['gzip', gunzip],
  ['deflate', inflate],
]);

/** Names for `grpc-accept-encoding`. */
export const ENCODINGS = ['identity', ...INFLATERS.keys()].join(',');

export function isEncoding(name: string): boolean {
  return name === 'identity' || INFLATERS.has(name);
}

export interface MessageTarget {
  message(bytes: Buffer): void;
  /** The stream is no sequence of messages; nothing more is read. */
  broken(status: GrpcStatus): void;
}

/** What a message may take. */
export interface ReadLimits {
  /** Bytes of one message; -1 is any size. */
  readonly receive: number;
  /** Bytes of messages that are not whole yet, of all calls together, and how many there may be. */
  readonly reading: { bytes: number; readonly most: number };
}

/** Cuts the bytes of a call into messages. */
export class MessageReader {
  #parts: Buffer[] = [];
  /** Bytes in `#parts`. */
  #size = 0;
  #isBroken = false;
  /** Messages that are being inflated: what comes behind them waits. */
  #inflating: Promise<void> | undefined;

  constructor(
    private readonly encoding: string,
    private readonly limits: ReadLimits,
    private readonly target: MessageTarget,
  ) {}

  /** Gives back what was read of a message that does not come any more. */
  drop(): void {
    this.#isBroken = true;
    this.#parts = [];
    this.#count(-this.#size);
  }

  #count(bytes: number): void {
    this.#size += bytes;
    this.limits.reading.bytes += bytes;
  }

  push(chunk: Buffer): void {
    if (this.#isBroken) return;
    this.#parts.push(chunk);
    this.#count(chunk.length);
    while (!this.#isBroken && this.#size >= PREFIX_BYTES) {
      const head = this.#parts[0]!.length >= PREFIX_BYTES ? this.#parts[0]! : this.#join();
      const length = head.readUInt32BE(1);
      if (head[0]! > 1) this.#fail('INTERNAL', `A message begins with the byte ${head[0]}`);
      else if (this.limits.receive >= 0 && length > this.limits.receive) this.#refuseSize(length);
      if (this.#isBroken) return;
      const end = PREFIX_BYTES + length;
      if (this.#size < end) {
        const { bytes, most } = this.limits.reading;
        if (bytes > most) this.#fail('RESOURCE_EXHAUSTED', 'Too many bytes of messages are being read');
        return;
      }
      const bytes = this.#join();
      this.#parts = this.#size > end ? [bytes.subarray(end)] : [];
      this.#count(-end);
      this.#deliver(head[0] === 1, bytes.subarray(PREFIX_BYTES, end));
    }
  }

  /** Calls back when every message is handed over; the last one must be whole. */
  end(done: () => void): void {
    if (this.#isBroken) return;
    if (this.#size > 0) this.#fail('INTERNAL', 'The call ends within a message');
    else if (this.#inflating === undefined) done();
    else
      void this.#inflating.then(() => {
        if (!this.#isBroken) done();
      });
  }

  #join(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts, this.#size)];
    return this.#parts[0] ?? EMPTY;
  }

  #deliver(isCompressed: boolean, bytes: Buffer): void {
    if (!isCompressed && this.#inflating === undefined) {
      this.target.message(bytes);
      return;
    }
    const before = this.#inflating ?? Promise.resolve();
    this.#inflating = before
      .then(() => (isCompressed ? this.#inflate(bytes) : bytes))
      .then((message) => {
        if (message !== undefined && !this.#isBroken) this.target.message(message);
      });
  }

  #inflate(bytes: Buffer): Promise<Buffer | undefined> {
    const inflater = INFLATERS.get(this.encoding);
    return new Promise((resolve) => {
      if (inflater === undefined) {
        this.#fail('INTERNAL', 'A message is compressed, but grpc-encoding does not say how');
        resolve(undefined);
        return;
      }
      const { receive } = this.limits;
      const options = receive >= 0 ? { maxOutputLength: Math.max(receive, 1) } : {};
      inflater(bytes, options, (error: NodeJS.ErrnoException | null, result: Buffer) => {
        if (error === null) resolve(result);
        else {
          if (error.code === 'ERR_BUFFER_TOO_LARGE') this.#refuseSize(undefined);
          else this.#fail('INTERNAL', `A message is not ${this.encoding}`);
          resolve(undefined);
        }
      });
    });
  }

  #refuseSize(length: number | undefined): void {
    const size = length === undefined ? 'decompressed' : String(length);
    this.#fail('RESOURCE_EXHAUSTED', `Received message larger than max (${size} vs. ${this.limits.receive})`);
  }

  #fail(name: GrpcStatus['name'], details: string): void {
    this.drop();
    this.target.broken({ name, details });
  }
}
