import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { ResponseParser } from '../../src/bench/wire/response-parser.js';

interface Read {
  readonly status: number;
  readonly bodyBytes: number;
  readonly isReusable: boolean;
  readonly bodyStart: string;
}

/** Feeds bytes in parts; what was read, `torn` when it is not whole, or the code of the error. */
function read(bytes: Buffer, cuts: readonly number[]): Read | string {
  const parser = new ResponseParser();
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  try {
    let isWhole = false;
    for (let index = 1; index < edges.length; index++) {
      isWhole = parser.feed(bytes.subarray(edges[index - 1], edges[index]));
    }
    if (!isWhole && !parser.finish()) return 'torn';
    const { status, bodyBytes, isReusable } = parser;
    return { status, bodyBytes, isReusable, bodyStart: parser.bodyStart() };
  } catch (error) {
    if (!isTfdeployError(error)) throw error;
    return error.code;
  }
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const ok = (head: string, body = ''): Buffer => text(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`);

const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const status = fc.constantFrom(200, 201, 400, 404, 429, 500, 503);

/** Well-formed answers of all three framings with what a reader must make of them. */
const answer = fc.oneof(
  fc.record({ status, body }).map((it) => ({
    bytes: text(`HTTP/1.1 ${it.status} X\r\nContent-Length: ${it.body.length}\r\nA: b\r\n\r\n${it.body}`),
    status: it.status,
    length: it.body.length,
    isReusable: true,
  })),
  fc.record({ status, parts: fc.array(body, { maxLength: 5 }), trailer: fc.boolean() }).map((it) => {
    const parts = it.parts.filter((part) => part.length > 0);
    const chunks = parts.map((part) => `${part.length.toString(16)};x="y"\r\n${part}\r\n`).join('');
    return {
      bytes: text(
        `HTTP/1.1 ${it.status}\r\ntransfer-encoding: Chunked\r\n\r\n${chunks}0\r\n${it.trailer ? 'T: v\r\n' : ''}\r\n`,
      ),
      status: it.status,
      length: parts.join('').length,
      isReusable: true,
    };
  }),
  fc.record({ status, body }).map((it) => ({
    bytes: text(`HTTP/1.0 ${it.status} OK\r\n\r\n${it.body}`),
    status: it.status,
    length: it.body.length,
    isReusable: false,
  })),
);

describe('ResponseParser', () => {
  it('reads well-formed answers however they are cut', () => {
    fc.assert(
      fc.property(
        answer,
        fc.array(fc.nat(), { maxLength: 12 }),
        ({ bytes, status, length, isReusable }, cuts) => {
          const result = read(bytes, cuts);
          expect(result).toMatchObject({ status, bodyBytes: length, isReusable });
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('gives an answer, a torn one or a coded error for any bytes, and the same for any cuts', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
      fc
        .record({ answer, flips: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }) })
        .map(({ answer: { bytes: whole }, flips }) => {
          const flipped = Buffer.from(whole);
          for (const [at, value] of flips) flipped[at % flipped.length] = value;
          return flipped;
        }),
      fc
        .record({ answer, keep: fc.nat() })
        .map(({ answer: { bytes: whole }, keep }) => whole.subarray(0, keep % whole.length)),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (input, cuts) => {
        expect(read(input, cuts)).toEqual(read(input, []));
      }),
      { numRuns: 12_000 },
    );
  }, 60_000);

  it('does not depend on what lies behind the bytes that were read', () => {
    const whole = ok('Content-Length: 3\r\n', 'abc');
    const parser = new ResponseParser();
    const buffer = Buffer.concat([whole, text('\r\n\r\nHTTP/1.1 500 left over')]);
    expect(parser.feed(buffer, whole.length - 2)).toBe(false);
    expect(parser.feed(Buffer.concat([text('bc'), buffer]), 2)).toBe(true);
    expect(parser.bodyBytes).toBe(3);
  });

  it('serves one answer after the other', () => {
    const parser = new ResponseParser();
    expect(parser.isUntouched()).toBe(true);
    expect(parser.feed(text('HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy'))).toBe(
      true,
    );
    expect([parser.status, parser.isReusable, parser.bodyStart()]).toEqual([503, false, 'busy']);
    parser.reset();
    expect(parser.feed(ok('Content-Length: 0\r\n'))).toBe(true);
    expect([parser.status, parser.isReusable, parser.bodyStart()]).toEqual([200, true, '']);
  });

  it('skips interim answers and knows answers without a body', () => {
    const interim = Buffer.concat([text('HTTP/1.1 100 Continue\r\n\r\n'), ok('Content-Length: 1\r\n', 'x')]);
    expect(read(interim, [])).toMatchObject({ status: 200, bodyBytes: 1 });
    expect(read(text('HTTP/1.1 204 No Content\r\n\r\n'), [])).toMatchObject({ status: 204, bodyBytes: 0 });
  });

  it.each([
    ['two lengths that differ', ok('Content-Length: 1\r\nContent-Length: 2\r\n', 'xx')],
    ['a length beside chunks', ok('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', 'x')],
    ['a signed length', ok('Content-Length: +1\r\n', 'x')],
    ['an encoding that is not chunked', ok('Transfer-Encoding: gzip\r\n', 'x')],
    ['chunked twice', ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['a folded header', ok('A: b\r\n c\r\n')],
    ['a header without a name', ok(': b\r\n')],
    ['a space before the colon', ok('Content-Length : 1\r\n', 'x')],
    ['a line that ends without CR', ok('A: b\nContent-Length: 0\r\n')],
    ['a chunk size that is none', ok('Transfer-Encoding: chunked\r\n', 'xyz\r\n')],
    ['a chunk that is too long', ok('Transfer-Encoding: chunked\r\n', '1\r\nab\r\n0\r\n\r\n')],
    ['bytes behind the answer', ok('Content-Length: 0\r\n', 'HTTP/1.1')],
    ['a protocol switch', text('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
    ['a status of 99', text('HTTP/1.1 099 X\r\n\r\n')],
    ['HTTP/2', text('HTTP/2 200\r\n\r\n')],
    ['another protocol', text('SSH-2.0-OpenSSH_9.6\r\n')],
    ['a head without end', text(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`)],
    ['a chunk line without end', ok('Transfer-Encoding: chunked\r\n', `1;${'x'.repeat(5_000)}`)],
    ['endless trailers', ok('Transfer-Encoding: chunked\r\n', `0\r\n${'T: v\r\n'.repeat(20_000)}`)],
    ['a body of a petabyte', ok('Content-Length: 999999999999999\r\n')],
  ])('refuses %s', (_, bytes) => {
    expect(read(bytes, [])).toBe('TFD_PEER_PROTOCOL');
  });

  it('calls an answer that ends early torn', () => {
    expect(read(ok('Content-Length: 5\r\n', 'abc'), [])).toBe('torn');
    expect(read(text('HTTP/1.1 200 OK\r\nA'), [])).toBe('torn');
    expect(read(Buffer.alloc(0), [])).toBe('torn');
  });
});
