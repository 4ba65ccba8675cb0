import { CommanderError } from 'commander';
import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Style } from '../commands/define.js';

/** Whatever was thrown, as the product's error. Only a fault of our own keeps the code TFD_BUG. */
export function toTfdeployError(thrown: unknown): TfdeployError {
  if (isTfdeployError(thrown)) return thrown;
  if (thrown instanceof CommanderError) {
    return new TfdeployError('TFD_USAGE', thrown.message.replace(/^error: /, ''), {
      hint: 'tfdeploy --help',
    });
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new TfdeployError('TFD_BUG', error.message, {
    cause: error,
    hint: 'this is a fault of tfdeploy: please report it with the lines above',
  });
}

/** What a person reads on stderr. */
export function formatError(error: TfdeployError, style: Style): string {
  const lines = [`${style.red('error')} ${error.message} ${style.dim(`(${error.code})`)}`];
  if (error.code === 'TFD_BUG' && error.cause instanceof Error && error.cause.stack)
    lines.push(error.cause.stack);
  if (error.hint) lines.push(`  ${style.cyan('→')} ${error.hint}`);
  return lines.join('\n');
}
