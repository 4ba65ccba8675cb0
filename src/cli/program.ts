import { Argument, Command as CommanderCommand, Option } from 'commander';
import type { Command, CommandHandler, FlagRow } from '../commands/define.js';

export interface Invocation {
  readonly command: Command;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

const JSON_FLAG: FlagRow = { flags: '--json', about: 'print one JSON document for machines' };

function toOption(row: FlagRow): Option {
  const option = new Option(row.flags, row.about);
  if (row.default !== undefined) option.default(row.default);
  if (row.choices) option.choices([...row.choices]);
  if (row.isHidden) option.hideHelp();
  const { parse } = row;
  if (row.isRepeatable) {
    option.argParser((text, previous: unknown) => [
      ...(Array.isArray(previous) ? previous : []),
      parse ? parse(text) : text,
    ]);
  } else if (parse) {
    option.argParser(parse);
  }
  return option;
}

function formatExamples(examples: readonly string[]): string {
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  return `\n${title}\n${examples.map((example) => `  $ ${example}`).join('\n')}\n`;
}

/**
 * The argument parser, built from the command table. Parsing calls `onCommand` with what was asked for;
 * help, version and usage errors throw CommanderError instead of ending the process.
 */
export function createProgram(
  commands: readonly Command[],
  version: string,
  onCommand: (invocation: Invocation) => Promise<void>,
): CommanderCommand {
  const program = new CommanderCommand('tfdeploy')
    .description('Take a TensorFlow SavedModel into production from Node.js. No Python, no TensorFlow.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      formatExamples([
        'tfdeploy inspect ./model',
        'tfdeploy serve ./model --workers auto',
        'tfdeploy bench --qps 500',
      ]),
    );
  for (const command of commands) {
    const sub = program.command(command.name).description(command.about);
    for (const argument of command.arguments) sub.addArgument(new Argument(argument.name, argument.about));
    for (const flag of command.flags) sub.addOption(toOption(flag));
    sub.addOption(toOption(JSON_FLAG));
    sub.helpOption('-h, --help', 'print this help');
    sub.addHelpText('after', formatExamples(command.examples));
    sub.exitOverride().configureOutput({ outputError: () => {} });
    sub.action(async (...given: unknown[]) => {
      const positional = given
        .slice(0, command.arguments.length)
        .flat()
        .filter((arg) => arg !== undefined);
      await onCommand({ command, args: positional as string[], options: sub.opts() });
    });
  }
  return program;
}

export type { CommandHandler };
