import { TfdeployError } from '../../base/error.js';

export interface ResponseHead {
  readonly status: number;
  readonly framing: 'sized' | 'chunked' | 'until-close';
  /** Of a `sized` body; 0 else. */
  readonly bodyBytes: number;
  readonly isReusable: boolean;
}

const STRAY_LINE_END = /[^\r]\n|\r[^\n]|\0/;

/**
 * Reads a status line and headers (with the empty line that ends them). What would let two readers see two
 * different bodies (differing lengths, a length beside chunks, folded or nameless lines) is refused: RFC 9112
 * §6.3. Throws TFD_PEER_PROTOCOL.
 */
export function parseHead(text: string): ResponseHead {
  const statusEnd = text.indexOf('\r\n');
  const match = /^HTTP\/1\.([01]) (\d{3})(?: [^\r\n\0]*)?$/.exec(text.slice(0, statusEnd));
  if (match === null) throw refuse(`its first line is '${text.slice(0, Math.min(statusEnd, 60))}'`);
  const status = Number(match[2]);
  if (status < 100 || status > 599) throw refuse(`it has status ${status}`);

  if (STRAY_LINE_END.test(text)) throw refuse('a line of its head ends without CR LF');

  let length = -1;
  let isChunked = false;
  let isReusable = match[1] === '1';
  let at = statusEnd + 2;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end === at) break;
    const colon = text.indexOf(':', at);
    if (colon <= at || colon > end) throw refuse(`'${text.slice(at, Math.min(end, at + 60))}' is no header`);
    switch (colon - at) {
      case 10:
        if (isNamed(text, at, colon, 'connection')) {
          isReusable = isReusableAfter(text.slice(colon + 1, end), isReusable);
        }
        break;
      case 14:
        if (isNamed(text, at, colon, 'content-length')) {
          length = readLength(text.slice(colon + 1, end).trim(), length);
        }
        break;
      case 17:
        if (isNamed(text, at, colon, 'transfer-encoding')) {
          readEncoding(text.slice(colon + 1, end).trim(), isChunked);
          isChunked = true;
        }
        break;
    }
    checkName(text, at, colon);
    at = end + 2;
  }
  if (isChunked && length !== -1) throw refuse('it has a content-length beside chunks');
  if (status === 204 || status === 304 || status < 200) {
    return { status, framing: 'sized', bodyBytes: 0, isReusable };
  }
  if (isChunked) return { status, framing: 'chunked', bodyBytes: 0, isReusable };
  if (length === -1) return { status, framing: 'until-close', bodyBytes: 0, isReusable: false };
  return { status, framing: 'sized', bodyBytes: length, isReusable };
}

function isNamed(text: string, from: number, to: number, name: string): boolean {
  return text.slice(from, to).toLowerCase() === name;
}

/** Spaces, control characters and line ends are not part of a name; a folded line begins with a space. */
function checkName(text: string, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code >= 127) throw refuse('a header name has a space or control character in it');
  }
}

function readLength(text: string, before: number): number {
  if (!/^\d{1,15}$/.test(text)) throw refuse(`its content-length is '${text.slice(0, 40)}'`);
  const length = Number(text);
  if (before !== -1 && before !== length) throw refuse('it has two lengths that differ');
  return length;
}

function readEncoding(text: string, isSeen: boolean): void {
  if (isSeen || text.toLowerCase() !== 'chunked') {
    throw refuse(`its transfer-encoding is '${text.slice(0, 40)}'; only chunked is read`);
  }
}

function isReusableAfter(value: string, isReusable: boolean): boolean {
  const tokens = value.split(',').map((token) => token.trim().toLowerCase());
  if (tokens.includes('close')) return false;
  return tokens.includes('keep-alive') || isReusable;
}

/** The error of an answer that is not HTTP/1.1. */
export function refuse(what: string): TfdeployError {
  return new TfdeployError('TFD_PEER_PROTOCOL', `the answer is not HTTP/1.1: ${what}`);
}
