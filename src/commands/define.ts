import type { ListrTask } from 'listr2';

/** One flag or argument of a command. */
export interface FlagRow {
  /** commander syntax: `--qps <number>`, `--json`, `--no-install`. */
  readonly flags: string;
  readonly about: string;
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
  /** Turns the text into a value; throws TFD_USAGE. */
  readonly parse?: (text: string) => unknown;
  /** May be given several times; values are collected in an array. */
  readonly isRepeatable?: boolean;
  readonly isHidden?: boolean;
}

export interface ArgumentRow {
  /** commander syntax: `<model>`, `[url]`, `<models...>`. */
  readonly name: string;
  readonly about: string;
}

/** What a command's handler is given beside its options. */
export interface CommandContext {
  readonly isJson: boolean;
  readonly isTty: boolean;
  /** Text for people on stdout; nothing under --json. */
  print(text?: string): void;
  /** The result for machines on stdout (one JSON document); nothing without --json. */
  json(value: unknown): void;
  /** Progress, warnings and notes on stderr. */
  note(text: string): void;
  /** Runs steps with listr2, quietly under --json or without a TTY. */
  steps<T extends object>(tasks: ListrTask<T>[], context: T): Promise<T>;
  /** Colours, already empty strings when colour is off. */
  readonly style: Style;
  /** Aborted on SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

export type Style = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>
>;

/** One row of the command table. The handler returns the exit status (undefined is 0). */
export interface Command {
  readonly name: string;
  readonly about: string;
  readonly arguments: readonly ArgumentRow[];
  readonly flags: readonly FlagRow[];
  /** Shown at the end of --help; the first one is the one to paste. */
  readonly examples: readonly string[];
  /** SIGINT and SIGTERM are the command's own affair; its context's signal is never aborted. */
  readonly ownsSignals?: boolean;
  /** Rewrites the command's arguments before they are parsed, for the forms of other programs. */
  readonly normalizeArgv?: (argv: readonly string[]) => readonly string[];
  /** Loads the handler on use, so that `inspect` does not pay for `serve`. */
  readonly load: () => Promise<CommandHandler>;
}

export type CommandHandler = (
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
) => Promise<number | undefined>;
