import { normalizeArgv } from '../config/argv.js';
import type { Field } from '../config/field.js';
import { FIELDS } from '../config/fields.js';
import { flagName } from '../config/names.js';
import type { Command, FlagRow } from './define.js';

const PLACEHOLDERS = {
  integer: '<integer>',
  number: '<number>',
  boolean: '[boolean]',
  string: '<text>',
  integers: '<integers>',
} as const;

function formatDefault(row: Field): string {
  if (row.default === undefined || (Array.isArray(row.default) && row.default.length === 0)) return '';
  return ` (default: ${String(row.default)})`;
}

/** The configuration's flags. They carry no defaults, so that a flag that is given can be told from one that is not. */
function fieldFlag([name, row]: [string, Field]): FlagRow {
  return {
    flags: `--${flagName(name)} ${PLACEHOLDERS[row.type]}`,
    about: `${row.about}${formatDefault(row)}`,
    isHidden: row.meaningless !== undefined,
  };
}

export const serve: Command = {
  name: 'serve',
  about:
    "serve models over TensorFlow Serving's REST interface, with batching, versions and worker processes",
  arguments: [
    {
      name: '[models...]',
      about: 'a SavedModel, a directory of numbered versions, or name=path',
    },
  ],
  flags: [
    { flags: '--config <file>', about: 'configuration file, YAML or JSON (default: $TFDEPLOY_CONFIG)' },
    { flags: '--request <file>', about: 'sample request to print a curl line for, once the server is ready' },
    { flags: '--version', about: 'print the version and end' },
    ...Object.entries(FIELDS as Readonly<Record<string, Field>>).map(fieldFlag),
  ],
  examples: [
    'tfdeploy serve ./model --workers auto',
    'tfdeploy serve digits=./models/digits cats=./models/cats --rest-api-port 8501',
    'tfdeploy serve --model_config_file=models.config --file_system_poll_wait_seconds=5',
  ],
  ownsSignals: true,
  normalizeArgv,
  load: async () => (await import('./serve-handler.js')).runServe,
};
