/** One planned request on its way. Times are `monotonicMs`. */
export interface Shot {
  /** Which of the payloads it carries. */
  readonly payload: number;
  /** When the schedule wants it to leave; the zero of its response time. */
  readonly intendedMs: number;
  /** When the generator turned to it. */
  readonly dispatchedMs: number;
  /** When its bytes were handed to a connection; NaN while it waits for one. */
  sentMs: number;
  /** The window of the measured phase it belongs to; -1 in the warm-up. */
  readonly window: number;
}

/** Why a request got no good answer. */
export const FAILURES = {
  status: 'answered with an error status',
  timeout: 'no answer in time',
  closed: 'connection closed before the answer',
  connect: 'could not connect',
  protocol: 'the answer is not HTTP/1.1',
  local: 'this machine has no more ports or file descriptors',
  aborted: 'given up when the run was stopped',
} as const;

export type FailureKind = keyof typeof FAILURES;

export interface Outcome {
  readonly shot: Shot;
  /** Undefined for a 2xx answer. */
  readonly failure: FailureKind | undefined;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  readonly doneMs: number;
  readonly bodyBytes: number;
  /** What the server or the system said about a failure. */
  readonly detail: string;
}

/** Errors of this machine, not of the server: they make a run invalid. */
const LOCAL_ERRORS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

export function isLocalError(code: string | undefined): boolean {
  return code !== undefined && LOCAL_ERRORS.has(code);
}
