import type { Field } from './field.js';
import { FIELDS } from './fields.js';

const JSON_TYPES = { integer: 'integer', number: 'number', boolean: 'boolean', string: 'string' } as const;

function schemaOf(row: Field): Record<string, unknown> {
  const shape =
    row.type === 'integers'
      ? { type: 'array', items: { type: 'integer', minimum: row.min } }
      : {
          // `workers: 2` and `workers: auto` are both meant as text.
          type:
            row.type === 'string'
              ? ['string', 'number']
              : row.words === undefined
                ? JSON_TYPES[row.type]
                : [JSON_TYPES[row.type], 'string'],
          pattern: row.words === undefined ? undefined : `^(${Object.keys(row.words).join('|')})$`,
          minimum: row.min,
          maximum: row.max,
          enum: row.choices,
        };
  return { description: row.about, ...shape, default: row.default };
}

/** JSON Schema of the configuration file, for editors. */
export function configSchema(): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'tfdeploy serve',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(FIELDS).map(([name, row]) => [name, schemaOf(row)])),
  };
}
