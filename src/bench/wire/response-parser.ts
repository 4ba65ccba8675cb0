import { parseHead, refuse } from './response-head.js';

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_CHUNK_LINE_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 2 ** 32;
const KEPT_BODY_BYTES = 600;
const LF = 10;
const CR = 13;

type State =
  | 'head'
  | 'sized'
  | 'chunk-line'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailer'
  | 'until-close'
  | 'done';

/**
 * Reads one HTTP/1.1 answer at a time from the bytes of a connection, however they are cut. It counts the body
 * and keeps only its first bytes, for messages. Bytes that are not HTTP, or that follow an answer unasked, are
 * TFD_PEER_PROTOCOL. Interim answers (1xx) are skipped.
 */
export class ResponseParser {
  status = 0;
  bodyBytes = 0;
  /** Whether the connection may carry another request after this answer. */
  isReusable = true;

  private state: State = 'head';
  private line = '';
  private left = 0;
  private lineBytes = 0;
  private kept: Buffer[] = [];
  private keptBytes = 0;

  /** Takes the next `length` bytes; true when they complete the answer. */
  feed(chunk: Buffer, length: number = chunk.length): boolean {
    let at = 0;
    while (at < length && this.state !== 'done') at = this.step(chunk, at, length);
    if (at < length) throw refuse('bytes follow the answer that no request asked for');
    return this.state === 'done';
  }

  /** The connection ended: completes an answer that lasts until then; any other is torn. */
  finish(): boolean {
    if (this.state === 'until-close') this.state = 'done';
    return this.state === 'done';
  }

  /** Whether nothing of an answer has come yet. */
  isUntouched(): boolean {
    return this.state === 'head' && this.line === '';
  }

  /** Makes ready for the next answer of the connection. */
  reset(): void {
    this.state = 'head';
    this.status = 0;
    this.bodyBytes = 0;
    this.isReusable = true;
    this.line = '';
    this.lineBytes = 0;
    if (this.keptBytes > 0) this.kept = [];
    this.keptBytes = 0;
  }

  /** The beginning of the body, as text; kept only for answers that are not 2xx. */
  bodyStart(): string {
    return Buffer.concat(this.kept).toString('utf8');
  }

  private step(chunk: Buffer, at: number, length: number): number {
    switch (this.state) {
      case 'head':
        return this.readHead(chunk, at, length);
      case 'sized':
      case 'chunk-data':
      case 'until-close':
        return this.readBody(chunk, at, length);
      default:
        return this.readLine(chunk, at, length);
    }
  }

  private readHead(chunk: Buffer, at: number, length: number): number {
    const end = endOfHead(chunk, at, length, this.line);
    const stop = end === -1 ? length : end;
    if (this.line.length + stop - at > MAX_HEAD_BYTES)
      throw refuse(`its head is over ${MAX_HEAD_BYTES} bytes`);
    this.line += chunk.toString('latin1', at, stop);
    if (end === -1) {
      if (this.line.length >= 5 && !this.line.startsWith('HTTP/'))
        throw refuse('it does not begin with HTTP/');
      return length;
    }
    const head = parseHead(this.line);
    this.line = '';
    if (head.status < 200) {
      if (head.status === 101) throw refuse('it switches protocols unasked');
      return stop;
    }
    this.status = head.status;
    this.isReusable = head.isReusable;
    this.left = head.bodyBytes;
    if (head.framing === 'sized') {
      if (head.bodyBytes > MAX_BODY_BYTES) throw refuse(`its body is over ${MAX_BODY_BYTES} bytes`);
      this.state = head.bodyBytes === 0 ? 'done' : 'sized';
    } else {
      this.state = head.framing === 'chunked' ? 'chunk-line' : 'until-close';
      if (head.framing === 'until-close') this.left = Number.POSITIVE_INFINITY;
    }
    return stop;
  }

  private readBody(chunk: Buffer, at: number, length: number): number {
    const take = Math.min(this.left, length - at);
    if (this.keptBytes < KEPT_BODY_BYTES && (this.status < 200 || this.status > 299)) {
      const part = Buffer.from(chunk.subarray(at, at + Math.min(take, KEPT_BODY_BYTES - this.keptBytes)));
      this.kept.push(part);
      this.keptBytes += part.length;
    }
    this.bodyBytes += take;
    this.left -= take;
    if (this.bodyBytes > MAX_BODY_BYTES) throw refuse(`its body is over ${MAX_BODY_BYTES} bytes`);
    if (this.left === 0) this.state = this.state === 'sized' ? 'done' : 'chunk-end';
    return at + take;
  }

  /** Chunk sizes, the line end after a chunk, and trailers: all end with CR LF. */
  private readLine(chunk: Buffer, at: number, length: number): number {
    const lf = chunk.indexOf(LF, at);
    const isWhole = lf !== -1 && lf < length;
    const stop = isWhole ? lf + 1 : length;
    this.lineBytes += stop - at;
    const limit = this.state === 'trailer' ? MAX_TRAILER_BYTES : MAX_CHUNK_LINE_BYTES;
    if (this.lineBytes > limit) throw refuse(`a line of its chunked body is over ${limit} bytes`);
    this.line += chunk.toString('latin1', at, stop);
    if (!isWhole) return length;
    if (this.line.charCodeAt(this.line.length - 2) !== CR) throw refuse('a line of its body ends without CR');
    const text = this.line.slice(0, -2);
    this.line = '';
    this.endLine(text);
    return stop;
  }

  private endLine(text: string): void {
    if (this.state === 'trailer') {
      if (text === '') this.state = 'done';
      return;
    }
    this.lineBytes = 0;
    if (this.state === 'chunk-end') {
      if (text !== '') throw refuse('a chunk is longer than its size says');
      this.state = 'chunk-line';
      return;
    }
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(text);
    if (size === null) throw refuse(`'${text.slice(0, 40)}' is not a chunk size`);
    this.left = Number.parseInt(size[1]!, 16);
    this.state = this.left === 0 ? 'trailer' : 'chunk-data';
  }
}

/** Where the head ends (after its empty line), though the line may be cut across two reads; else -1. */
function endOfHead(chunk: Buffer, at: number, length: number, before: string): number {
  if (before !== '') {
    const seam = before.slice(-3);
    const joined = seam + chunk.toString('latin1', at, Math.min(length, at + 3));
    const found = joined.indexOf('\r\n\r\n');
    if (found !== -1) return at + found + 4 - seam.length;
  }
  const found = chunk.indexOf('\r\n\r\n', at, 'latin1');
  return found === -1 || found + 4 > length ? -1 : found + 4;
}
