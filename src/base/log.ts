import { closeSync, openSync, writeSync } from 'node:fs';
import { TfdeployError } from './error.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LogOptions {
  readonly format: 'text' | 'json';
  readonly level: LogLevel;
  /** File to append to; standard error when absent. */
  readonly file?: string;
  /** Who writes: `supervisor` or `worker 1`. */
  readonly name: string;
}

/** A log of lines. Each line is one `write`, so processes that share a file do not mix theirs. */
export interface Log {
  readonly options: LogOptions;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Opens the file anew, after logrotate has moved it (SIGUSR1). */
  reopen(): void;
}

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function formatText(at: Date, level: LogLevel, name: string, message: string, fields: LogFields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value, replaceBigint)}`,
    );
  const tail = parts.length === 0 ? '' : ` ${parts.join(' ')}`;
  return `${at.toISOString()} ${level.padEnd(5)} [${name}] ${message}${tail}\n`;
}

/** TFD_CONFIG when the file can not be opened. */
export function createLog(options: LogOptions): Log {
  const { file, format, name } = options;
  const open = (): number => {
    if (file === undefined) return 2;
    try {
      return openSync(file, 'a');
    } catch (cause) {
      throw new TfdeployError('TFD_CONFIG', `log file ${file}: ${(cause as Error).message}`, { cause });
    }
  };
  let fd = open();
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (RANK[level] < RANK[options.level]) return;
    const at = new Date();
    const line =
      format === 'json'
        ? `${JSON.stringify({ time: at.toISOString(), level, name, message, ...fields }, replaceBigint)}\n`
        : formatText(at, level, name, message, fields);
    try {
      writeSync(fd, line);
    } catch {
      // A full disk or a closed pipe must not take the server down.
    }
  };
  return {
    options,
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    reopen() {
      if (file === undefined) return;
      const next = open();
      closeSync(fd);
      fd = next;
    },
  };
}
