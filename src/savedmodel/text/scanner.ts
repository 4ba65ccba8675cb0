import type { Code } from '../../base/codes.js';
import { TfdeployError } from '../../base/error.js';

export interface TextOptions {
  /** What is being read, in front of every message. */
  readonly what?: string;
  /** Code of a fault in the text. Default TFD_MODEL_CORRUPT. */
  readonly code?: Code;
  readonly limitCode?: Code;
  readonly maxDepth?: number;
  /** Whether a field that the tables do not have is an error (default) or is skipped. */
  readonly unknownFields?: 'refuse' | 'skip';
}

export type Token =
  | { readonly kind: 'name' | 'number' | 'mark'; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

const ascii = new TextDecoder('latin1');
const encoder = new TextEncoder();

const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
const isDigit = (byte: number) => byte >= 48 && byte <= 57;
const isNameByte = (byte: number) =>
  isDigit(byte) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;

/** Cuts protobuf text format into tokens. It works on bytes, because strings in it are bytes. */
export class TextScanner {
  #pos = 0;
  #peeked: Token | undefined;
  readonly #what: string;
  readonly #code: Code;

  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, options: TextOptions) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = options.what ?? 'text';
    this.#code = options.code ?? 'TFD_MODEL_CORRUPT';
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#pos = 3;
  }

  fault(message: string, at: number, code: Code = this.#code): TfdeployError {
    let line = 1;
    let lineStart = 0;
    for (let i = 0; i < at && i < this.bytes.length; i++) {
      if (this.bytes[i] === 10) {
        line++;
        lineStart = i + 1;
      }
    }
    const column = at - lineStart + 1;
    return new TfdeployError(code, `${this.#what}: line ${line}, column ${column}: ${message}`, {
      details: { line, column },
    });
  }

  peek(): Token {
    this.#peeked ??= this.#scan();
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  /** Consumes the mark when it comes next. */
  take(mark: string): boolean {
    const token = this.peek();
    if (token.kind !== 'mark' || token.text !== mark) return false;
    this.#peeked = undefined;
    return true;
  }

  expect(mark: string): void {
    if (!this.take(mark)) throw this.fault(`"${mark}" expected`, this.peek().at);
  }

  #scan(): Token {
    const { bytes } = this;
    this.#skipBlanks();
    const at = this.#pos;
    const byte = bytes[at];
    if (byte === undefined) return { kind: 'end', at };
    if (byte === 34 || byte === 39) return { kind: 'string', bytes: this.#scanString(byte), at };
    const startsNumber = isDigit(byte) || (byte === 46 && isDigit(bytes[at + 1] ?? 0));
    if (!startsNumber && !isNameByte(byte)) {
      this.#pos++;
      return { kind: 'mark', text: String.fromCharCode(byte), at };
    }
    let end = at;
    while (end < bytes.length && (isNameByte(bytes[end]!) || (startsNumber && this.#isNumberMark(end))))
      end++;
    if (end - at > 10_000) throw this.fault('a word of more than 10000 characters', at);
    this.#pos = end;
    return { kind: startsNumber ? 'number' : 'name', text: ascii.decode(bytes.subarray(at, end)), at };
  }

  /** A dot, or the sign of an exponent. */
  #isNumberMark(at: number): boolean {
    const byte = this.bytes[at];
    if (byte === 46) return true;
    const before = this.bytes[at - 1];
    return (byte === 43 || byte === 45) && (before === 101 || before === 69);
  }

  #skipBlanks(): void {
    const { bytes } = this;
    while (this.#pos < bytes.length) {
      const byte = bytes[this.#pos]!;
      if (byte === 35) while (this.#pos < bytes.length && bytes[this.#pos] !== 10) this.#pos++;
      else if (isSpace(byte)) this.#pos++;
      else return;
    }
  }

  #scanString(quote: number): Uint8Array {
    const { bytes } = this;
    const start = this.#pos + 1;
    let end = start;
    let hasEscape = false;
    for (; bytes[end] !== quote; end++) {
      if (end >= bytes.length || bytes[end] === 10) throw this.fault('a string without an end', this.#pos);
      if (bytes[end] === 92) {
        hasEscape = true;
        end++;
      }
    }
    this.#pos = end + 1;
    return hasEscape ? this.#unescape(start, end) : bytes.subarray(start, end);
  }

  #unescape(start: number, end: number): Uint8Array {
    const { bytes } = this;
    // No escape is shorter than what it stands for.
    const result = new Uint8Array(end - start);
    let length = 0;
    for (let at = start; at < end; ) {
      if (bytes[at] !== 92) {
        result[length++] = bytes[at++]!;
        continue;
      }
      const [value, next] = this.#readEscape(at + 1, end);
      result.set(value, length);
      length += value.length;
      at = next;
    }
    return result.subarray(0, length);
  }

  #readEscape(at: number, end: number): [value: ArrayLike<number>, next: number] {
    const letter = String.fromCharCode(this.bytes[at] ?? 0);
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return [[simple], at + 1];
    const rest = ascii.decode(this.bytes.subarray(at, Math.min(end, at + 9)));
    const octal = /^[0-7]{1,3}/.exec(rest);
    if (octal !== null) return [[Number.parseInt(octal[0], 8) & 0xff], at + octal[0].length];
    const hex = /^[xX]([0-9a-fA-F]{1,2})/.exec(rest);
    if (hex !== null) return [[Number.parseInt(hex[1]!, 16)], at + hex[0].length];
    const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
    const point = Number.parseInt(unicode?.[1] ?? unicode?.[2] ?? '', 16);
    if (unicode !== null && point <= 0x10ffff) {
      return [encoder.encode(String.fromCodePoint(point)), at + unicode[0].length];
    }
    throw this.fault(`an escape that is not known: "\\${letter}"`, at);
  }
}
