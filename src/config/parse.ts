import type { Field } from './field.js';

export type FieldValue = string | number | boolean | readonly number[];

/** A value, or what is wrong with it. */
export type Parsed = { readonly value: FieldValue } | { readonly problem: string };

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', '1', 'yes', 'y'].map((word) => [word, true] as const),
  ...['false', 'f', '0', 'no', 'n'].map((word) => [word, false] as const),
]);

const KINDS = {
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  string: 'text',
  integers: 'integers separated by commas',
} as const;

function wrong(field: Field, given: unknown): Parsed {
  const words = Object.keys(field.words ?? {}).map((word) => ` or ${word}`);
  return { problem: `should be ${KINDS[field.type]}${words.join('')}; is ${JSON.stringify(given)}` };
}

function checkRange(field: Field, value: number): string | undefined {
  if (field.min !== undefined && value < field.min) return `should be at least ${field.min}; is ${value}`;
  if (field.max !== undefined && value > field.max) return `should be at most ${field.max}; is ${value}`;
  return undefined;
}

function parseNumber(field: Field, given: unknown): Parsed {
  const word = typeof given === 'string' && Object.hasOwn(field.words ?? {}, given);
  if (word) return { value: field.words?.[given] as number };
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof value !== 'number' || !Number.isFinite(value)) return wrong(field, given);
  if (field.type !== 'number' && !Number.isSafeInteger(value)) return wrong(field, given);
  const problem = checkRange(field, value);
  return problem === undefined ? { value } : { problem };
}

function parseIntegers(field: Field, given: unknown): Parsed {
  const items = Array.isArray(given)
    ? given
    : String(given)
        .split(',')
        .filter((item) => item.trim() !== '');
  const values: number[] = [];
  for (const item of items) {
    const parsed = parseNumber(field, item);
    if ('problem' in parsed) return parsed;
    values.push(parsed.value as number);
  }
  return { value: values };
}

/** Reads a value from a flag, the environment (text) or the file (text, number, boolean or list). */
export function parseValue(field: Field, given: unknown): Parsed {
  if (field.type === 'integers') return parseIntegers(field, given);
  if (field.type === 'integer' || field.type === 'number') return parseNumber(field, given);
  if (field.type === 'boolean') {
    const value = typeof given === 'boolean' ? given : BOOLEANS.get(String(given).toLowerCase());
    return value === undefined ? wrong(field, given) : { value };
  }
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean')
    return wrong(field, given);
  const value = String(given);
  if (field.choices !== undefined && !field.choices.includes(value))
    return { problem: `should be one of ${field.choices.join(', ')}; is ${JSON.stringify(value)}` };
  return { value };
}
