import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { COMMANDS } from '../commands/index.js';
import { createContext, replaceBigint } from './context.js';
import { createProgram } from './program.js';
import { formatError, toTfdeployError } from './report-error.js';
import { createStyle } from './style.js';

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Aborts on the first SIGINT or SIGTERM; a second one ends the process at once. */
function abortOnSignals(): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
      controller.abort(name);
    });
  }
  return controller;
}

/**
 * Runs one command line and sets the process's exit status (sysexits: 0 ok, 1 bug, 64 usage, 65 bad model
 * or data, 69 unavailable, 78 configuration). The only place that catches everything.
 */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) ends the command without a word.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const isJson = argv.includes('--json');
  try {
    const program = createProgram(COMMANDS, readVersion(), async ({ command, args, options }) => {
      const controller = command.ownsSignals ? new AbortController() : abortOnSignals();
      const context = createContext(isJson, controller.signal);
      const handler = await command.load();
      process.exitCode = (await handler(args, options, context)) ?? 0;
    });
    if (argv.length === 0) {
      program.outputHelp();
      return;
    }
    const normalize = COMMANDS.find(({ name }) => name === argv[0])?.normalizeArgv;
    await program.parseAsync([...(normalize?.(argv) ?? argv)], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    const error = toTfdeployError(thrown);
    process.exitCode = error.row.exit;
    if (isJson) process.stdout.write(`${JSON.stringify({ error: error.toJSON() }, replaceBigint, 2)}\n`);
    else
      process.stderr.write(
        `${formatError(error, createStyle(process.stderr.isTTY === true, process.env))}\n`,
      );
  }
}
