import type { Field, ScalarName } from '../wire/schema.js';
import type { TextScanner, Token } from './scanner.js';

type Value = number | bigint | boolean | string | Uint8Array;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const RANGES: Readonly<Partial<Record<ScalarName, readonly [low: bigint, high: bigint]>>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int53: [BigInt(Number.MIN_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER)],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

const IS_BIG: ReadonlySet<ScalarName> = new Set<ScalarName>([
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
]);

const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'True', 't', '1'].map((word) => [word, true] as const),
  ...['false', 'False', 'f', '0'].map((word) => [word, false] as const),
]);

/** One scalar of text format, as the wire decoder would give it. */
export function parseScalar(
  scanner: TextScanner,
  field: Field,
  enumValues: Readonly<Record<string, number>> | undefined,
): Value {
  const { scalar } = field;
  if (scalar === 'string' || scalar === 'bytes') return parseString(scanner, field);
  if (scalar === 'bool') {
    const token = scanner.next();
    const value = BOOLS.get(textOf(token));
    if (value === undefined) throw wrong(scanner, field, token);
    return value;
  }
  const { at } = scanner.peek();
  const isNegative = scanner.take('-');
  const token = scanner.next();
  if (scalar === 'float' || scalar === 'double') {
    const value = parseFloating(scanner, field, token, isNegative);
    return scalar === 'float' ? Math.fround(value) : value;
  }
  if (token.kind === 'name' && field.enumName !== '' && !isNegative) {
    if (enumValues !== undefined && Object.hasOwn(enumValues, token.text)) return enumValues[token.text]!;
    throw scanner.fault(`"${token.text}" is not a ${field.enumName}`, token.at);
  }
  const value = parseInteger(scanner, field, token, isNegative);
  const [low, high] = RANGES[scalar]!;
  if (value < low || value > high) throw scanner.fault(`${value} is out of range for "${field.name}"`, at);
  return IS_BIG.has(scalar) ? value : Number(value);
}

function textOf(token: Token): string {
  return token.kind === 'name' || token.kind === 'number' ? token.text : '';
}

function wrong(scanner: TextScanner, field: Field, token: Token): Error {
  const expected = field.enumName === '' ? field.scalar : field.enumName;
  return scanner.fault(`a value of type ${expected} expected for "${field.name}"`, token.at);
}

function parseInteger(scanner: TextScanner, field: Field, token: Token, isNegative: boolean): bigint {
  const text = token.kind === 'number' ? token.text : '';
  if (!/^(0[xX][0-9a-fA-F]{1,16}|\d{1,22})$/.test(text)) throw wrong(scanner, field, token);
  const isOctal = /^0\d/.test(text);
  if (isOctal && !/^0[0-7]+$/.test(text)) throw wrong(scanner, field, token);
  const magnitude = BigInt(isOctal ? `0o${text.slice(1)}` : text);
  return isNegative ? -magnitude : magnitude;
}

function parseFloating(scanner: TextScanner, field: Field, token: Token, isNegative: boolean): number {
  const text = textOf(token).toLowerCase();
  const sign = isNegative ? -1 : 1;
  if (token.kind === 'name') {
    if (text === 'inf' || text === 'infinity') return sign * Number.POSITIVE_INFINITY;
    if (text === 'nan') return Number.NaN;
  }
  if (/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?f?$/.test(text)) return sign * Number(text.replace(/f$/, ''));
  if (/^0x[0-9a-f]{1,16}$/.test(text)) return sign * Number(text);
  throw wrong(scanner, field, token);
}

/** Strings beside each other are one string. */
function parseString(scanner: TextScanner, field: Field): string | Uint8Array {
  const first = scanner.next();
  if (first.kind !== 'string') throw wrong(scanner, field, first);
  const parts = [first.bytes];
  for (let token = scanner.peek(); token.kind === 'string'; token = scanner.peek()) {
    parts.push(token.bytes);
    scanner.next();
  }
  const bytes = parts.length === 1 ? first.bytes : joinParts(parts);
  if (field.scalar === 'bytes') return bytes;
  try {
    return utf8.decode(bytes);
  } catch {
    throw scanner.fault(`"${field.name}" is not UTF-8`, first.at);
  }
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
