import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineSchema } from '../../src/savedmodel/wire/compile.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { WireWriter } from '../../src/savedmodel/wire/writer.js';

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const field = (number: number, content: readonly number[]) => [
  ...varint(number * 8 + 2),
  ...varint(content.length),
  ...content,
];

describe('the writer', () => {
  it('frames fields inside of fields, whatever their sizes and wherever its memory ends', () => {
    const size = fc.oneof(fc.nat(300), fc.constantFrom(126, 127, 128, 16_382, 16_383, 16_384, 16_385));
    const number = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(2 ** 29 - 1));
    fc.assert(
      fc.property(fc.array(fc.tuple(number, size, size), { maxLength: 6 }), (fields) => {
        const writer = new WireWriter();
        const expected: number[] = [];
        for (const [at, before, inside] of fields) {
          const content = [
            ...new Uint8Array(before).fill(7),
            ...field(at, [...new Uint8Array(inside).fill(9)]),
          ];
          expected.push(...field(at, content));
          const outer = writer.open(at);
          writer.raw(new Uint8Array(before).fill(7));
          const inner = writer.open(at);
          writer.raw(new Uint8Array(inside).fill(9));
          writer.close(inner);
          writer.close(outer);
        }
        expect(Buffer.from(writer.take()).equals(Buffer.from(expected))).toBe(true);
        expect(writer.take()).toHaveLength(0);
      }),
      { numRuns: 300 },
    );
  });

  it('writes strings as UTF-8 and numbers as varints', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), (text, value) => {
        const writer = new WireWriter();
        writer.string(text);
        writer.varint(Math.abs(value));
        const utf8 = new TextEncoder().encode(text);
        expect([...writer.take()]).toEqual([...varint(utf8.length), ...utf8, ...varint(Math.abs(value))]);
      }),
      { numRuns: 500 },
    );
  });

  it('is usable after a message that could not be encoded', () => {
    const schema = defineSchema({ M: { text: [1, 'string'], list: [2, 'int64[]'] } } as const);
    expect(() => encodeMessage(schema, 'M', { text: 'a', list: [Symbol('x') as never] })).toThrow();
    expect([...encodeMessage(schema, 'M', { text: 'a', list: [1, 300] as never })]).toEqual([
      10, 1, 97, 18, 3, 1, 172, 2,
    ]);
  });
});
