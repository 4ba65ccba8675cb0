import { encodeMessage } from '../../savedmodel/wire/encode.js';
import type { Encodable, Field, Schema } from '../../savedmodel/wire/schema.js';
import { DESCRIPTOR_SCHEMA } from './descriptor-schema.js';
import { ENUMS, type EnumRow, type PackageRow } from './packages.js';

type Out<N extends keyof typeof DESCRIPTOR_SCHEMA.tables & string> = Encodable<
  typeof DESCRIPTOR_SCHEMA.tables,
  N
>;

/** A method as reflection tells it; message names are those of the schema. */
export interface DescribedMethod {
  readonly service: string;
  readonly name: string;
  readonly request: string;
  readonly answer: string;
  readonly isRequestStream?: boolean;
  readonly isAnswerStream?: boolean;
}

export interface DescribedFile {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Full names of its messages, enums, services and methods. */
  readonly symbols: readonly string[];
  readonly bytes: Uint8Array;
}

/** FieldDescriptorProto.Type. */
const TYPES: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  int53: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
const TYPE_MESSAGE = 11;
const TYPE_ENUM = 14;
const OPTIONAL = 1;
const REPEATED = 3;

/** Descriptors of a schema's messages, one file a package, with only what the methods reach. */
export function describeFiles(
  schema: Schema,
  packages: readonly PackageRow[],
  methods: readonly DescribedMethod[],
  furtherRoots: readonly string[],
): DescribedFile[] {
  const homes = new Map<string, PackageRow>();
  for (const home of packages) for (const name of home.messages) if (!homes.has(name)) homes.set(name, home);
  const reached = reach(schema, [
    ...methods.flatMap(({ request, answer }) => [request, answer]),
    ...furtherRoots,
  ]);
  const writer = new FileWriter(schema, packages, homes);
  return packages.flatMap((home) => {
    const own = [...reached].filter((name) => homes.get(name) === home);
    const services = methods.filter(({ service }) => packageOf(service) === home.name);
    const file = writer.write(home, own, services);
    return file.symbols.length === 0 ? [] : [file];
  });
}

const packageOf = (service: string): string => service.slice(0, service.lastIndexOf('.'));
const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** Messages named by a field or by the entries of its map. */
function namesIn(field: Field): string[] {
  if (field.kind === 'map') return field.entry?.fields.flatMap(namesIn) ?? [];
  return field.kind === 'message' ? [field.message] : [];
}

function reach(schema: Schema, roots: readonly string[]): Set<string> {
  const found = new Set<string>(roots);
  for (const name of found)
    for (const field of schema.message(name).fields) for (const next of namesIn(field)) found.add(next);
  return found;
}

class FileWriter {
  #needs = new Set<string>();

  constructor(
    private readonly schema: Schema,
    private readonly packages: readonly PackageRow[],
    private readonly homes: ReadonlyMap<string, PackageRow>,
  ) {}

  write(home: PackageRow, names: readonly string[], methods: readonly DescribedMethod[]): DescribedFile {
    this.#needs = new Set();
    const messages = names.map((name) => this.#message(name, `.${home.name}`));
    const enums = Object.entries(ENUMS).filter(([, row]) => row.package === home.name && !row.parent);
    const services = [...new Set(methods.map(({ service }) => service))];
    const described = services.map((service) =>
      this.#service(
        service,
        methods.filter((method) => method.service === service),
      ),
    );
    this.#needs.delete(home.file);
    const dependencies = [...this.#needs];
    return {
      name: home.file,
      dependencies,
      symbols: [
        ...[...names, ...enums.map(([name]) => name)].map((name) => `${home.name}.${name}`),
        ...services,
        ...methods.map(({ service, name }) => `${service}.${name}`),
      ],
      bytes: encodeMessage(DESCRIPTOR_SCHEMA, 'FileDescriptorProto', {
        name: home.file,
        package: home.name,
        dependency: dependencies,
        message_type: messages,
        enum_type: enums.map(([name, row]) => describeEnum(name, row)),
        service: described,
        syntax: 'proto3',
      }),
    };
  }

  #message(name: string, scope: string): Out<'DescriptorProto'> {
    const { fields } = this.schema.message(name);
    const table = this.schema.tables[name] ?? {};
    const full = `${scope}.${name}`;
    const oneofs = [...new Set(fields.flatMap((field) => table[field.name]?.[2] ?? []))];
    const maps = fields.filter(({ kind }) => kind === 'map');
    return {
      name,
      field: fields.map((field) => {
        const oneof = table[field.name]?.[2];
        return {
          ...this.#field(field, full),
          oneof_index: oneof === undefined ? undefined : oneofs.indexOf(oneof),
        };
      }),
      nested_type: maps.map((field) => ({
        name: entryName(field),
        field: (field.entry?.fields ?? []).map((each) => this.#field(each, full)),
        options: { map_entry: true },
      })),
      enum_type: Object.entries(ENUMS)
        .filter(([, { parent }]) => parent === name)
        .map(([each, row]) => describeEnum(each, row)),
      oneof_decl: oneofs.map((oneof) => ({ name: oneof })),
    };
  }

  #field(field: Field, scope: string): Out<'FieldDescriptorProto'> {
    const { name, number } = field;
    if (field.kind === 'map')
      return {
        name,
        number,
        label: REPEATED,
        type: TYPE_MESSAGE,
        type_name: `${scope}.${entryName(field)}`,
      };
    const label = field.isRepeated ? REPEATED : OPTIONAL;
    if (field.kind === 'message')
      return { name, number, label, type: TYPE_MESSAGE, type_name: this.#typeName(field.message) };
    const row = ENUMS[field.enumName];
    if (row !== undefined)
      return { name, number, label, type: TYPE_ENUM, type_name: this.#enumName(field.enumName, row) };
    return { name, number, label, type: TYPES[field.scalar] ?? 0 };
  }

  #typeName(message: string): string {
    const home = this.homes.get(message);
    if (home !== undefined) this.#needs.add(home.file);
    return `.${home?.name ?? ''}.${message}`;
  }

  #enumName(name: string, row: EnumRow): string {
    const home = this.packages.find((each) => each.name === row.package);
    if (home !== undefined) this.#needs.add(home.file);
    return `.${[row.package, ...(row.parent === undefined ? [] : [row.parent]), name].join('.')}`;
  }

  #service(service: string, methods: readonly DescribedMethod[]): Out<'ServiceDescriptorProto'> {
    return {
      name: lastOf(service),
      method: methods.map((method) => ({
        name: method.name,
        input_type: this.#typeName(method.request),
        output_type: this.#typeName(method.answer),
        client_streaming: method.isRequestStream ?? false,
        server_streaming: method.isAnswerStream ?? false,
      })),
    };
  }
}

/** `version_labels` → `VersionLabelsEntry`, as protoc names it. */
function entryName({ name }: Field): string {
  return `${name.replace(/(?:^|_)([a-z0-9])/g, (_, first: string) => first.toUpperCase())}Entry`;
}

function describeEnum(name: string, { values }: EnumRow): Out<'EnumDescriptorProto'> {
  return {
    name,
    value: Object.entries(values).map(([value, number]) => ({ name: value, number })),
  };
}
