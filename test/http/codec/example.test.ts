import { describe, expect, it } from 'vitest';
import { decodeExamples } from '../../../src/http/codec/example.js';
import { defineSchema } from '../../../src/savedmodel/wire/compile.js';
import { decodeMessage } from '../../../src/savedmodel/wire/decode.js';

const SCHEMA = defineSchema({
  Example: { features: [1, 'Features'] },
  Features: { feature: [1, 'map<string, Feature>'] },
  Feature: {
    bytes_list: [1, 'BytesList', 'kind'],
    float_list: [2, 'FloatList', 'kind'],
    int64_list: [3, 'Int64List', 'kind'],
  },
  BytesList: { value: [1, 'bytes[]'] },
  FloatList: { value: [1, 'float[]'] },
  Int64List: { value: [1, 'int64[]'] },
} as const);

/** Features of a serialized example by name, each with the kind of its list. */
function readBack(bytes: Uint8Array): Record<string, unknown> {
  const { features } = decodeMessage(SCHEMA, 'Example', bytes);
  return Object.fromEntries(
    [...(features?.feature ?? [])].map(([name, { bytes_list, float_list, int64_list }]) => {
      if (bytes_list !== undefined) return [name, bytes_list.value.map((one) => Buffer.from(one).toString())];
      if (float_list !== undefined) return [name, { floats: [...float_list.value] }];
      return [name, int64_list === undefined ? null : [...int64_list.value]];
    }),
  );
}

function decode(body: string): Record<string, unknown>[] {
  return decodeExamples(Buffer.from(body)).examples.map(readBack);
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
