import { numberText, numberValue } from './json-number.js';
import type { JsonTape } from './json-tape.js';

/** Where the text of a value is cut in an error message. */
const MAX_DEBUG_CHARS = 256;

const decoder = new TextDecoder();

/**
 * A value as TensorFlow Serving's error texts show it: indented by four, arrays on one line, and nothing
 * more begun once 256 characters are written.
 */
export function debugText(tape: JsonTape, node: number): string {
  let text = '';
  /** Open containers: index after them, whether an object, and whether something is in them yet. */
  const open: { end: number; isObject: boolean; isEmpty: boolean }[] = [];
  let at = node;
  const end = tape.next(node);
  const newLine = (depth: number) => `\n${' '.repeat(4 * depth)}`;
  while (text.length < MAX_DEBUG_CHARS) {
    const top = open.at(-1);
    if (top !== undefined && at === top.end) {
      open.pop();
      text += top.isObject ? `${top.isEmpty ? '' : newLine(open.length)}}` : ']';
      if (open.length === 0) return text;
      continue;
    }
    if (at >= end) return text;
    if (top !== undefined) {
      if (!top.isEmpty) text += top.isObject ? ',' : ', ';
      if (top.isObject) {
        text += `${newLine(open.length)}${quoted(tape, at)}: `;
        at++;
      }
      top.isEmpty = false;
    }
    const type = tape.type(at);
    if (type === 'Object' || type === 'Array') {
      text += type === 'Object' ? '{' : '[';
      open.push({ end: tape.next(at), isObject: type === 'Object', isEmpty: true });
      at = tape.firstChild(at);
      continue;
    }
    text += type === 'String' ? quoted(tape, at) : scalarText(tape, at);
    at++;
    if (open.length === 0) return text;
  }
  return text;
}

function quoted(tape: JsonTape, node: number): string {
  const bytes = tape.string(node);
  return JSON.stringify(decoder.decode(bytes.subarray(0, 4 * MAX_DEBUG_CHARS))).slice(0, 2 * MAX_DEBUG_CHARS);
}

function scalarText(tape: JsonTape, node: number): string {
  const from = tape.start(node);
  const text = numberText(tape.bytes, from, Math.min(tape.scalarEnd(node), from + MAX_DEBUG_CHARS));
  if (tape.type(node) !== 'Number' || !/[.eE]/.test(text)) return text;
  const value = numberValue(tape.bytes, from, tape.scalarEnd(node));
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}
