import { LIST_TYPES } from '../wire/compile.js';
import { encodeMessage } from '../wire/encode.js';
import type { CompiledMessage, Decoded, Field, MessageTables, Schema } from '../wire/schema.js';
import { type TextOptions, TextScanner } from './scanner.js';
import { parseScalar } from './values.js';

type Target = Record<string, unknown>;

/**
 * Parses protobuf text format by the same tables as the wire decoder and gives the same object.
 * A field set twice that is not repeated is an error, as in protobuf; an unknown one is refused unless
 * `unknownFields` is `skip`.
 */
export function parseText<T extends MessageTables, N extends keyof T & string>(
  schema: Schema<T>,
  name: N,
  bytes: Uint8Array,
  options: TextOptions = {},
): Decoded<T, N> {
  const parser = new TextParser(schema, bytes, options);
  return parser.parseBody(schema.message(name), '', 1) as Decoded<T, N>;
}

class TextParser {
  readonly #scanner: TextScanner;
  readonly #maxDepth: number;

  constructor(
    private readonly schema: Schema,
    bytes: Uint8Array,
    private readonly options: TextOptions,
  ) {
    this.#scanner = new TextScanner(bytes, options);
    this.#maxDepth = options.maxDepth ?? 100;
  }

  /** Fields up to the closing mark, or to the end of the text when that is ''. */
  parseBody(message: CompiledMessage, close: string, depth: number): Target {
    const scanner = this.#scanner;
    this.#checkDepth(depth);
    const target: Target = new message.Target();
    const lists = new Map<Field, unknown[]>();
    const seen = new Set<Field>();
    for (;;) {
      const token = scanner.peek();
      if (token.kind === 'end' && close === '') break;
      if (close !== '' && scanner.take(close)) break;
      if (token.kind === 'mark' && token.text === '[') this.#parseBracketed(message, target, depth);
      else if (token.kind === 'name') {
        scanner.next();
        const field = message.byName.get(token.text);
        if (field === undefined) {
          if (this.options.unknownFields !== 'skip') {
            throw scanner.fault(`"${token.text}" is not a field of ${message.name}`, token.at);
          }
          this.#skipField(depth);
        } else this.#parseField(message, field, target, lists, seen, depth, token.at);
      } else throw scanner.fault(`a field of ${message.name} expected`, token.at);
      if (!scanner.take(',')) scanner.take(';');
    }
    for (const [field, values] of lists) target[field.name] = finishList(field, values);
    return target;
  }

  #checkDepth(depth: number): void {
    if (depth <= this.#maxDepth) return;
    const scanner = this.#scanner;
    const code = this.options.limitCode ?? 'TFD_MODEL_LIMIT';
    throw scanner.fault(`nested deeper than ${this.#maxDepth}`, scanner.peek().at, code);
  }

  #parseField(
    message: CompiledMessage,
    field: Field,
    target: Target,
    lists: Map<Field, unknown[]>,
    seen: Set<Field>,
    depth: number,
    at: number,
  ): void {
    const scanner = this.#scanner;
    const hasColon = scanner.take(':');
    if (field.kind === 'scalar' && !hasColon) {
      throw scanner.fault(`":" expected after "${field.name}"`, scanner.peek().at);
    }
    if (field.isRepeated || field.kind === 'map') {
      const values = lists.get(field) ?? [];
      lists.set(field, values);
      this.#parseValues(field, values, depth);
      return;
    }
    if (seen.has(field) || field.rivals.some((rival) => seen.has(message.byName.get(rival)!))) {
      throw scanner.fault(`"${field.name}" is set twice`, at);
    }
    seen.add(field);
    target[field.name] = this.#parseValue(field, depth);
  }

  #parseValues(field: Field, values: unknown[], depth: number): void {
    const scanner = this.#scanner;
    if (!scanner.take('[')) {
      values.push(this.#parseValue(field, depth));
      return;
    }
    if (scanner.take(']')) return;
    do values.push(this.#parseValue(field, depth));
    while (scanner.take(','));
    scanner.expect(']');
  }

  #parseValue(field: Field, depth: number): unknown {
    if (field.kind === 'scalar') return parseScalar(this.#scanner, field, this.schema.enums[field.enumName]);
    const close = this.#scanner.take('<') ? '>' : '}';
    if (close === '}') this.#scanner.expect('{');
    if (field.kind === 'map') {
      const entry = this.parseBody(field.entry!, close, depth + 1);
      return [entry.key, entry.value ?? this.#emptyEntryValue(field)];
    }
    const value = this.parseBody(this.schema.message(field.message), close, depth + 1);
    return field.isLazy ? encodeMessage(this.schema, field.message, value as never) : value;
  }

  #emptyEntryValue(field: Field): unknown {
    const value = field.entry!.byName.get('value')!;
    return value.isLazy ? new Uint8Array(0) : new (this.schema.message(value.message).Target)();
  }

  /** `[type.googleapis.com/some.Message] { … }` inside an Any; any other bracket is an extension. */
  #parseBracketed(message: CompiledMessage, target: Target, depth: number): void {
    const scanner = this.#scanner;
    const { at } = scanner.next();
    let url = '';
    while (!scanner.take(']')) {
      const token = scanner.next();
      if (token.kind === 'end' || token.kind === 'string') throw scanner.fault('"]" expected', token.at);
      url += token.text;
    }
    const known = url.split(/[./]/).at(-1) ?? '';
    if (message.name === 'Any' && Object.hasOwn(this.schema.tables, known)) {
      scanner.take(':');
      const close = scanner.take('<') ? '>' : '}';
      if (close === '}') scanner.expect('{');
      const value = this.parseBody(this.schema.message(known), close, depth + 1);
      target.type_url = url;
      target.value = encodeMessage(this.schema, known, value as never);
      return;
    }
    if (this.options.unknownFields !== 'skip') throw scanner.fault(`the extension [${url}] is not known`, at);
    this.#skipField(depth);
  }

  #skipField(depth: number): void {
    this.#scanner.take(':');
    this.#skipValue(depth + 1);
  }

  #skipValue(depth: number): void {
    const scanner = this.#scanner;
    this.#checkDepth(depth);
    const token = scanner.next();
    if (token.kind === 'end') throw scanner.fault('a value expected', token.at);
    if (token.kind === 'string') {
      while (scanner.peek().kind === 'string') scanner.next();
      return;
    }
    if (token.kind !== 'mark') return;
    if (token.text === '-') this.#skipValue(depth + 1);
    else if (token.text === '{' || token.text === '<') this.#skipBody(token.text === '{' ? '}' : '>', depth);
    else if (token.text === '[') {
      if (scanner.take(']')) return;
      do this.#skipValue(depth + 1);
      while (scanner.take(','));
      scanner.expect(']');
    } else throw scanner.fault('a value expected', token.at);
  }

  #skipBody(close: string, depth: number): void {
    const scanner = this.#scanner;
    while (!scanner.take(close)) {
      const token = scanner.next();
      if (token.kind === 'mark' && token.text === '[') {
        while (!scanner.take(']')) {
          const inner = scanner.next();
          if (inner.kind === 'end') throw scanner.fault('"]" expected', inner.at);
        }
      } else if (token.kind !== 'name') throw scanner.fault('a field expected', token.at);
      this.#skipField(depth);
      if (!scanner.take(',')) scanner.take(';');
    }
  }
}

function finishList(field: Field, values: unknown[]): unknown {
  if (field.kind === 'map') return new Map(values as [unknown, unknown][]);
  const List = field.kind === 'scalar' ? LIST_TYPES.get(field.scalar) : undefined;
  if (List === undefined) return values;
  return new List((field.scalar === 'bool' ? values.map(Number) : values) as never);
}
