import type {
  CompiledMessage,
  EnumTables,
  Field,
  FieldRow,
  MessageTable,
  MessageTables,
  ScalarName,
  Schema,
} from './schema.js';

const SCALAR_DEFAULTS: Readonly<Record<ScalarName, unknown>> = {
  int32: 0,
  int53: 0,
  int64: 0n,
  uint32: 0,
  uint64: 0n,
  sint32: 0,
  sint64: 0n,
  fixed32: 0,
  fixed64: 0n,
  sfixed32: 0,
  sfixed64: 0n,
  float: 0,
  double: 0,
  bool: false,
  string: '',
  bytes: new Uint8Array(0),
};

type ListConstructor = new (values: ArrayLike<never>) => ArrayLike<number | bigint>;

/** Array type of a repeated scalar; types not named here are plain arrays. */
export const LIST_TYPES: ReadonlyMap<ScalarName, ListConstructor> = new Map<ScalarName, ListConstructor>([
  ['int32', Int32Array],
  ['uint32', Uint32Array],
  ['sint32', Int32Array],
  ['fixed32', Uint32Array],
  ['sfixed32', Int32Array],
  ['int64', BigInt64Array],
  ['uint64', BigUint64Array],
  ['sint64', BigInt64Array],
  ['fixed64', BigUint64Array],
  ['sfixed64', BigInt64Array],
  ['float', Float32Array],
  ['double', Float64Array],
  ['bool', Uint8Array],
]);

const EMPTY_LIST: readonly unknown[] = Object.freeze([]);
const EMPTY_MAP: ReadonlyMap<unknown, unknown> = new Map();

function isScalar(type: string): type is ScalarName {
  return Object.hasOwn(SCALAR_DEFAULTS, type);
}

function compileField(name: string, [number, type, oneof]: FieldRow, table: MessageTable): Field {
  const map = /^map<(\w+), (.+)>$/.exec(type);
  const base = map === null ? type.replace(/(\[\]|\?)$/, '') : '';
  const enumName = /^enum (\w+)$/.exec(base)?.[1] ?? '';
  const lazy = /^lazy (\w+)$/.exec(base)?.[1];
  const scalar = enumName === '' ? (lazy === undefined && isScalar(base) ? base : 'bytes') : 'int32';
  const isMessage = map === null && enumName === '' && !isScalar(base);
  const rivals =
    oneof === undefined
      ? []
      : Object.entries(table).filter(([other, row]) => row[2] === oneof && other !== name);
  return {
    name,
    number,
    kind: map !== null ? 'map' : isMessage ? 'message' : 'scalar',
    scalar: enumName === '' ? scalar : 'int32',
    enumName,
    message: isMessage ? (lazy ?? base) : '',
    isRepeated: type.endsWith('[]'),
    hasPresence: type.endsWith('?') || isMessage,
    isLazy: lazy !== undefined,
    entry:
      map === null ? undefined : compileMessage(`${name} entry`, { key: [1, map[1]!], value: [2, map[2]!] }),
    rivals: rivals.map(([other]) => other),
  };
}

function emptyValue(field: Field): unknown {
  if (field.kind === 'map') return EMPTY_MAP;
  if (field.isRepeated) {
    const List = field.kind === 'scalar' ? LIST_TYPES.get(field.scalar) : undefined;
    return List === undefined ? EMPTY_LIST : new List([]);
  }
  return field.hasPresence ? undefined : SCALAR_DEFAULTS[field.scalar];
}

function compileMessage(name: string, table: MessageTable): CompiledMessage {
  const fields = Object.entries(table).map(([field, row]) => compileField(field, row, table));
  const byNumber: (Field | undefined)[] = [];
  for (const field of fields) byNumber[field.number] = field;
  const template = Object.fromEntries(fields.map((field) => [field.name, emptyValue(field)]));
  return {
    name,
    fields,
    byNumber: Array.from(byNumber),
    byName: new Map(fields.map((field) => [field.name, field])),
    template,
    Target: makeTarget(template),
  };
}

function makeTarget(template: Record<string, unknown>): CompiledMessage['Target'] {
  function Target(): void {}
  Target.prototype = Object.setPrototypeOf(template, null);
  return Target as unknown as CompiledMessage['Target'];
}

/** A schema over message tables. Enums are needed only to read and print their names. */
export function defineSchema<const T extends MessageTables>(tables: T, enums: EnumTables = {}): Schema<T> {
  const compiled = new Map<string, CompiledMessage>();
  return {
    tables,
    enums,
    message(name) {
      let message = compiled.get(name);
      if (message === undefined) {
        const table = tables[name];
        if (table === undefined) throw new Error(`no message "${name}" in the schema`);
        message = compileMessage(name, table);
        compiled.set(name, message);
      }
      return message;
    },
  };
}
