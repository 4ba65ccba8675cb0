import { describe, expect, it } from 'vitest';
import { decodeExamples } from '../../../src/http/codec/example.js';
import { readExample } from '../../conformance/read-example.js';

function decode(body: string): Record<string, unknown>[] {
  return decodeExamples(Buffer.from(body)).examples.map(readExample);
}

describe('examples (rows 56 and 57 of the conformance table)', () => {
  it('become lists of bytes, floats or integers', () => {
    const body =
      '{"examples":[{"names":["foo","bar"],"ratings":[8.0,9.0],"age":20},{"names":["baz"],"ratings":6.0,"none":[]}]}';
    expect(decode(body)).toEqual([
      { names: ['foo', 'bar'], ratings: { floats: [8, 9] }, age: [20n] },
      { names: ['baz'], ratings: { floats: [6] }, none: null },
    ]);
  });

  it('take a context, base64, booleans among integers, infinities', () => {
    const body =
      '{"signature_name":"s","context":{"query":"pizza","age":1},"examples":[{"names":["foo",{"b64":"YmFy"}],"mix":[1,true,false],"far":-Infinity,"age":2}]}';
    expect(decodeExamples(Buffer.from(body)).signatureName).toBe('s');
    // The example's own feature takes the place of the context's.
    expect(decode(body)).toEqual([
      {
        query: ['pizza'],
        names: ['foo', 'bar'],
        mix: [1n, 1n, 0n],
        far: { floats: [Number.NEGATIVE_INFINITY] },
        age: [2n],
      },
    ]);
  });

  it('keep 64-bit integers exact', () => {
    expect(decode('{"examples":[{"id":[9223372036854775807,-9223372036854775808]}]}')).toEqual([
      { id: [9223372036854775807n, -9223372036854775808n] },
    ]);
  });

  it('are refused without a list', () => {
    expect(() => decode('{}')).toThrow("key 'examples' is expected and was not found");
    expect(() => decode('{"examples":[]}')).toThrow("'examples' value is an empty array");
  });
});
