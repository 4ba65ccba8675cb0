import { CODES, type Code, type CodeRow } from './codes.js';

export interface ErrorParts {
  /** What to do about it: a command, a flag or a setting. */
  hint?: string;
  /** Facts for machines: file, offset, node, op, attribute, signature… */
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/**
 * The one error class. The message says what and where; the hint says what to do; the code's row in
 * `codes.ts` gives the exit status, the HTTP status and the gRPC status.
 */
export class TfdeployError extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'TfdeployError';
    this.code = code;
    this.hint = parts.hint;
    this.details = parts.details ?? {};
  }

  get row(): CodeRow {
    return CODES[this.code];
  }

  toJSON(): { code: Code; message: string; hint?: string; details?: unknown } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

export function isTfdeployError(error: unknown): error is TfdeployError {
  return error instanceof TfdeployError;
}

/** The rebuilt error of one that crossed a thread or process border as JSON. */
export function reviveError(json: {
  code: string;
  message: string;
  hint?: string;
  details?: unknown;
}): TfdeployError {
  const code: Code = json.code in CODES ? (json.code as Code) : 'TFD_BUG';
  return new TfdeployError(code, json.message, {
    hint: json.hint,
    details: json.details as Record<string, unknown> | undefined,
  });
}
