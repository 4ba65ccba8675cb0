import { FIELDS } from './fields.js';
import { flagName } from './names.js';

const ROWS = new Map(Object.entries(FIELDS).map(([name, row]) => [flagName(name), row]));

/**
 * TensorFlow Serving's command lines in this product's form: names with underscores become names with dashes,
 * and a boolean flag always carries its value, so that it can not swallow the argument behind it.
 */
export function normalizeArgv(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((argument, index) => {
    if (!argument.startsWith('--') || (end !== -1 && index >= end)) return argument;
    const at = argument.indexOf('=');
    const written = (at === -1 ? argument : argument.slice(0, at)).slice(2);
    const value = at === -1 ? undefined : argument.slice(at + 1);
    const isNegated = written.startsWith('no-') || written.startsWith('no_');
    const name = flagName(isNegated ? written.slice(3) : written);
    const row = ROWS.get(name);
    if (row === undefined) return argument;
    if (row.type !== 'boolean')
      return isNegated ? argument : `--${name}${value === undefined ? '' : `=${value}`}`;
    if (isNegated) return value === undefined ? `--${name}=false` : argument;
    return `--${name}=${value ?? 'true'}`;
  });
}
