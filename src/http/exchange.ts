import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { TfdeployError } from '../base/error.js';
import { estimateArrivalMs } from '../base/turn-clock.js';
import type { Announcement, Servable } from '../repository/types.js';
import { asTfdeployError, errorBody, retryAfter } from './answer-error.js';
import { BodyReader, type ReadingTotal } from './body.js';
import { type Instruments, PHASES, type Phase } from './instruments.js';
import type { HttpOptions } from './options.js';
import { type RequestHeaders, readHeaders } from './request-headers.js';

/** What all exchanges of a server share. */
export interface ServerState {
  readonly options: HttpOptions;
  readonly instruments: Instruments;
  readonly reading: ReadingTotal;
  inFlight: number;
  isDraining: boolean;
  /** Connections to close with their next answer, so that their clients come back to another worker. */
  releasing: number;
}

/** Aborted when the connection closes; one for all requests of a connection. */
export const abortSignal = Symbol('abortSignal');

const JSON_TYPE = 'application/json';
const CORS_HEADERS = [
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Allow-Methods',
  'POST, GET',
  'Access-Control-Allow-Headers',
  'Content-Type',
];
/** Smaller bodies go out in one write with their header. */
const INLINE_BYTES = 16 * 1024;

/** One request with its answer: reading, answering, timing, counting. */
export class Exchange {
  readonly startMs = performance.now();
  /** The client sends its body only when it is asked to. */
  expectsContinue = false;
  headers!: RequestHeaders;
  /** For the metrics: what was asked, and of which model. */
  api = '';
  signature = '';
  servable: Servable | undefined;
  bodyBytes = 0;
  #markMs = this.startMs;
  readonly #arrivalMs = estimateArrivalMs(this.startMs);
  #phases: Partial<Record<Phase, number>> | undefined;
  #isAnswered = false;

  constructor(
    readonly state: ServerState,
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    state.inFlight++;
  }

  /** Reads the header; false when that was answered with an error. */
  readHeaders(): boolean {
    try {
      this.headers = readHeaders(this.request.rawHeaders);
      return true;
    } catch (error) {
      this.headers = readHeaders([]);
      this.fail(error);
      return false;
    }
  }

  /**
   * Reads the body and goes on with it; errors on the way are answered. `announce` is asked before: when it
   * throws, that is answered at once and the body is not kept; what it returns hears of the body's progress.
   */
  readBody(next: (body: Buffer) => void | Promise<void>, announce?: () => Announcement | undefined): void {
    const { request, headers, state } = this;
    let announcement: Announcement | undefined;
    let refusal: TfdeployError | undefined;
    try {
      announcement = announce?.();
    } catch (error) {
      refusal = asTfdeployError(error);
    }
    const reader = new BodyReader(request, headers, state.options, state.reading, refusal, (error, body) => {
      announcement?.withdraw();
      this.mark('read');
      this.bodyBytes = body.length;
      if (error !== undefined) this.fail(error);
      else this.attempt(() => next(body));
    });
    if (announcement !== undefined) reader.onProgress = () => announcement.renew();
    // A body that would be refused need not be sent at all.
    if (this.expectsContinue && !reader.isOver) this.response.writeContinue();
  }

  /** Runs a step whose errors, thrown or rejected, become the answer. */
  attempt(step: () => void | Promise<void>): void {
    try {
      const pending = step();
      if (pending !== undefined) pending.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends a phase that began at the last mark. */
  mark(phase: Phase): void {
    const now = performance.now();
    this.record(phase, now - this.#markMs);
    this.#markMs = now;
  }

  record(phase: Phase, ms: number): void {
    this.#phases ??= {};
    this.#phases[phase] = ms;
  }

  /** Leaves out the time since the last mark: somebody else accounts for it. */
  skipMark(): void {
    this.#markMs = performance.now();
  }

  /** The moment after which the answer is worthless. */
  get deadlineMs(): number | undefined {
    const { deadlineMs } = this.headers;
    const { defaultDeadlineMs } = this.state.options;
    if (deadlineMs !== undefined) return this.#arrivalMs + deadlineMs;
    return defaultDeadlineMs > 0 ? this.#arrivalMs + defaultDeadlineMs : undefined;
  }

  get signal(): AbortSignal | undefined {
    return (this.request.socket as unknown as Record<symbol, AbortSignal | undefined>)[abortSignal];
  }

  /** Answers with JSON that is there as bytes. */
  json(body: Buffer, status = 200): void {
    const { acceptEncoding } = this.headers;
    const { compressAboveBytes } = this.state.options;
    if (body.length <= compressAboveBytes || !/\bgzip\b/i.test(acceptEncoding)) {
      this.answer(status, JSON_TYPE, body);
      return;
    }
    gzip(body, { level: 1 }, (error, packed) => {
      if (error !== null) this.fail(error);
      else this.answer(status, JSON_TYPE, packed, ['Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding']);
    });
  }

  /** Answers with an error in TensorFlow Serving's form. */
  fail(thrown: unknown): void {
    const error = asTfdeployError(thrown);
    if (error.code === 'TFD_BUG') this.state.options.onFault?.(error.cause ?? error);
    const extra = ['x-tfdeploy-code', error.code];
    const after = retryAfter(error);
    if (after !== undefined) extra.push('Retry-After', after);
    // A version too large: TensorFlow Serving returns before it writes the error.
    const isBodiless = this.state.options.strictTfs && error.details.failedVersion === true;
    this.answer(error.row.http, JSON_TYPE, Buffer.from(isBodiless ? '' : errorBody(error)), extra, error);
  }

  answer(
    status: number,
    contentType: string,
    body: Buffer,
    extra: readonly string[] = [],
    error?: TfdeployError,
  ): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const { state, response } = this;
    const headers = ['Content-Type', contentType, 'Content-Length', String(body.length), ...extra];
    if (state.options.cors) headers.push(...CORS_HEADERS);
    if (state.isDraining || state.releasing > 0) {
      headers.push('Connection', 'close');
      state.releasing--;
    }
    if (this.headers?.requestId !== undefined) headers.push('x-request-id', this.headers.requestId);
    if (this.headers?.wantsTiming) headers.push('Server-Timing', this.#serverTiming());
    response.writeHead(status, headers);
    if (this.request.method === 'HEAD') response.end();
    else if (body.length <= INLINE_BYTES) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
    this.#finish(status, body.length, error);
  }

  #serverTiming(): string {
    const total = performance.now() - this.startMs;
    const parts = PHASES.filter((phase) => this.#phases?.[phase] !== undefined).map(
      (phase) => `${phase};dur=${this.#phases![phase]!.toFixed(3)}`,
    );
    return [...parts, `total;dur=${total.toFixed(3)}`].join(', ');
  }

  #finish(status: number, sentBytes: number, error: TfdeployError | undefined): void {
    const { state, request } = this;
    const ms = performance.now() - this.startMs;
    const instruments = state.instruments.of(this.servable);
    if (this.api !== '') {
      const name = error === undefined ? 'OK' : error.row.grpc;
      instruments.requests(this.signature, this.api, 'rest', name).add();
      instruments.seconds(this.api, 'rest').observe(ms / 1000);
      state.instruments.countServing(this.servable?.model ?? '', this.api, name, ms, this.#phases?.compute);
      if (this.#phases !== undefined && this.servable !== undefined) {
        for (const phase of PHASES) {
          const phaseMs = this.#phases[phase];
          if (phaseMs !== undefined) instruments.phases[phase].observe(phaseMs / 1000);
        }
      }
    }
    state.instruments.received.add(this.bodyBytes);
    state.instruments.sent.add(sentBytes);
    state.inFlight--;
    const { onAccess } = state.options;
    if (onAccess !== undefined) {
      onAccess({
        method: request.method ?? '',
        path: request.url ?? '',
        status,
        ms,
        receivedBytes: this.bodyBytes,
        sentBytes,
        remote: request.socket.remoteAddress ?? '',
        requestId: this.headers?.requestId,
        code: error?.code,
      });
    }
  }
}
