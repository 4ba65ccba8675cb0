import { TfdeployError } from '../../base/error.js';

/** What can be wrong with the text of a JSON document, in the words TensorFlow Serving's parser uses. */
export const SYNTAX_TEXTS = {
  documentEmpty: 'The document is empty.',
  valueInvalid: 'Invalid value.',
  missName: 'Missing a name for object member.',
  missColon: 'Missing a colon after a name of object member.',
  missCommaOrBrace: "Missing a comma or '}' after an object member.",
  missCommaOrBracket: "Missing a comma or ']' after an array element.",
  unicodeHex: 'Incorrect hex digit after \\u escape in string.',
  surrogate: 'The surrogate pair in string is invalid.',
  escape: 'Invalid escape character in string.',
  missQuote: 'Missing a closing quotation mark in string.',
  encoding: 'Invalid encoding in string.',
  numberTooBig: 'Number too big to be stored in double.',
  missFraction: 'Miss fraction part in number.',
  missExponent: 'Miss exponent in number.',
} as const;

export function syntaxError(what: keyof typeof SYNTAX_TEXTS, offset: number): TfdeployError {
  return new TfdeployError(
    'TFD_INPUT_INVALID',
    `JSON Parse error: ${SYNTAX_TEXTS[what]} at offset: ${offset}`,
    {
      details: { offset },
    },
  );
}

/** Byte values of JSON's punctuation and of the letters its tokens begin with. */
export const TAB = 9;
export const LINE_FEED = 10;
export const CARRIAGE_RETURN = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const PLUS = 43;
export const COMMA = 44;
export const MINUS = 45;
export const DOT = 46;
export const ZERO = 48;
export const NINE = 57;
export const COLON = 58;
export const UPPER_E = 69;
export const UPPER_I = 73;
export const UPPER_N = 78;
export const OPEN_BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
export const LOWER_E = 101;
export const LOWER_F = 102;
export const LOWER_N = 110;
export const LOWER_T = 116;
export const LOWER_U = 117;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;

/** The next byte that is not JSON white space, or `end`. */
export function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let pos = from;
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte > SPACE || (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB))
      break;
    pos++;
  }
  return pos;
}
