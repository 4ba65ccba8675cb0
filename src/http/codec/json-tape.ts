import { skipNumber } from './json-number.js';
import { skipString, stringBytes } from './json-string.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  syntaxError,
} from './json-syntax.js';

export type JsonType = 'Null' | 'False' | 'True' | 'Object' | 'Array' | 'String' | 'Number';

/** Words of the tape that a container takes: start offset, index after it, number of children. */
const CONTAINER_WORDS = 3;

const LITERALS: ReadonlyMap<number, Uint8Array> = new Map(
  ['null', 'true', 'false'].map((word) => [word.charCodeAt(0), new TextEncoder().encode(word)]),
);

/**
 * A parsed JSON document as one array of offsets into its bytes: 4 bytes per scalar, 12 per container, so
 * that a hostile body costs a small multiple of its own size, and no recursion, so that depth costs nothing.
 * A node is its index on the tape. Bytes after the document are ignored, as TensorFlow Serving does.
 */
export class JsonTape {
  #tape: Uint32Array;
  #length = 0;
  readonly #end: number;

  constructor(readonly bytes: Uint8Array) {
    this.#end = bytes.length;
    this.#tape = new Uint32Array(Math.max(64, bytes.length >> 2));
    this.#parse();
  }

  /** The document itself. */
  readonly root = 0;

  start(node: number): number {
    return this.#tape[node]!;
  }

  type(node: number): JsonType {
    switch (this.bytes[this.start(node)]) {
      case OPEN_BRACE:
        return 'Object';
      case OPEN_BRACKET:
        return 'Array';
      case QUOTE:
        return 'String';
      case LOWER_N:
        return 'Null';
      case LOWER_T:
        return 'True';
      case LOWER_F:
        return 'False';
      default:
        return 'Number';
    }
  }

  isContainer(node: number): boolean {
    const byte = this.bytes[this.start(node)];
    return byte === OPEN_BRACE || byte === OPEN_BRACKET;
  }

  /** Elements of an array, or members of an object. */
  size(node: number): number {
    return this.#tape[node + 2]!;
  }

  firstChild(node: number): number {
    return node + CONTAINER_WORDS;
  }

  /** The node after this one and all it holds. */
  next(node: number): number {
    return this.isContainer(node) ? this.#tape[node + 1]! : node + 1;
  }

  /** Offset after the text of a scalar. */
  scalarEnd(node: number): number {
    const at = this.start(node);
    switch (this.bytes[at]) {
      case QUOTE:
        return skipString(this.bytes, at, this.#end);
      case LOWER_N:
      case LOWER_T:
        return at + 4;
      case LOWER_F:
        return at + 5;
      default:
        return skipNumber(this.bytes, at, this.#end);
    }
  }

  /** The bytes of a string node. */
  string(node: number): Uint8Array {
    return stringBytes(this.bytes, this.start(node), this.scalarEnd(node));
  }

  /** Members of an object in the order of the text: name nodes and value nodes. */
  *members(node: number): Generator<readonly [name: number, value: number]> {
    let name = this.firstChild(node);
    for (let left = this.size(node); left > 0; left--) {
      const value = name + 1;
      yield [name, value];
      name = this.next(value);
    }
  }

  *elements(node: number): Generator<number> {
    let element = this.firstChild(node);
    for (let left = this.size(node); left > 0; left--) {
      yield element;
      element = this.next(element);
    }
  }

  /** The value of the first member of that name. */
  member(node: number, name: string): number | undefined {
    const wanted = Buffer.from(name);
    for (const [key, value] of this.members(node)) {
      if (wanted.equals(this.string(key))) return value;
    }
    return undefined;
  }

  #push(word: number): number {
    if (this.#length === this.#tape.length) {
      const grown = new Uint32Array(this.#tape.length * 2);
      grown.set(this.#tape);
      this.#tape = grown;
    }
    this.#tape[this.#length] = word;
    return this.#length++;
  }

  #parse(): void {
    const { bytes } = this;
    const end = this.#end;
    const open: number[] = [];
    let pos = skipSpace(bytes, 0, end);
    if (pos === end) throw syntaxError('documentEmpty', pos);
    for (;;) {
      pos = this.#openValue(pos, open);
      // After a value: close what ends here, or step to the next value.
      for (;;) {
        const container = open.at(-1);
        if (container === undefined) return;
        const isObject = bytes[this.#tape[container]!] === OPEN_BRACE;
        pos = skipSpace(bytes, pos, end);
        const byte = pos < end ? bytes[pos]! : 0;
        const isFresh = this.#length === container + CONTAINER_WORDS;
        if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          this.#tape[container + 1] = this.#length;
          open.pop();
          pos++;
          continue;
        }
        if (!isFresh) {
          if (byte !== COMMA) throw syntaxError(isObject ? 'missCommaOrBrace' : 'missCommaOrBracket', pos);
          pos = skipSpace(bytes, pos + 1, end);
        }
        this.#tape[container + 2]!++;
        if (isObject) pos = this.#readName(pos);
        break;
      }
    }
  }

  #readName(at: number): number {
    const { bytes } = this;
    if (at >= this.#end || bytes[at] !== QUOTE) throw syntaxError('missName', at);
    this.#push(at);
    const pos = skipSpace(bytes, skipString(bytes, at, this.#end), this.#end);
    if (pos >= this.#end || bytes[pos] !== COLON) throw syntaxError('missColon', pos);
    return skipSpace(bytes, pos + 1, this.#end);
  }

  /** Puts the value at `at` on the tape; of a container only its head, which is pushed on `open`. */
  #openValue(at: number, open: number[]): number {
    const { bytes } = this;
    const end = this.#end;
    if (at >= end) throw syntaxError('valueInvalid', at);
    const byte = bytes[at]!;
    const node = this.#push(at);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#push(0);
      this.#push(0);
      open.push(node);
      return at + 1;
    }
    if (byte === QUOTE) return skipString(bytes, at, end);
    const literal = LITERALS.get(byte);
    if (literal === undefined) return skipNumber(bytes, at, end);
    for (let index = 1; index < literal.length; index++) {
      if (at + index >= end || bytes[at + index] !== literal[index]) {
        throw syntaxError('valueInvalid', at + index);
      }
    }
    return at + literal.length;
  }
}
