import type { Field } from './field.js';
import { FIELDS } from './fields.js';
import { envName, flagName } from './names.js';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

function formatDefault(value: Field['default']): string {
  if (value === undefined) return '';
  return `\`${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}\``;
}

function describe(row: Field): string {
  const origin = row.origin === undefined ? '' : ` (${row.origin}'s word)`;
  if (row.meaningless === undefined) return `${row.about}${row.section.startsWith('Accepted') ? '' : origin}`;
  return `${row.about}; ${row.isRefused ? 'refused' : 'no effect'}: ${row.meaningless}`;
}

/** docs/config.md, from the table. */
export function renderDocs({ table }: { table: Table }): string {
  const rows = Object.entries(FIELDS) as [string, Field][];
  const sections = [...new Set(rows.map(([, row]) => row.section))].map((section) => {
    const lines = rows
      .filter(([, row]) => row.section === section)
      .map(([name, row]) => [
        `\`${name}\``,
        `\`--${flagName(name)}\``,
        `\`${envName(name)}\``,
        formatDefault(row.default),
        describe(row),
      ]);
    return `## ${section}\n\n${table(['field', 'flag', 'environment', 'default', 'meaning'], lines)}`;
  });
  const intro = [
    'Flags win over the environment, the environment over the file (`--config tfdeploy.yaml`), the file over',
    'the defaults. Flags may be written with underscores, as TensorFlow Serving writes them.',
  ].join('\n');
  return ['# Configuration of `tfdeploy serve`', intro, ...sections].join('\n\n');
}
