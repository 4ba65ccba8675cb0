import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { EXAMPLE_SCHEMA } from '../../src/savedmodel/proto/example.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import { parseText } from '../../src/savedmodel/text/parse.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { printText } from '../fixtures/text-writer.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const node = (text: string) => parseText(TF_SCHEMA, 'NodeDef', bytesOf(text));
const attr = (text: string) => parseText(TF_SCHEMA, 'AttrValue', bytesOf(text));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isTfdeployError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('protobuf text format', () => {
  test('what TensorFlow prints of a NodeDef', () => {
    const text =
      'name: "né\\"w"\nop: "Op"\ninput: "a:1"\ninput: "^b"\nattr {\n  key: "f"\n  value {\n    f: 1.5\n  }\n}\nattr {\n  key: "fn"\n  value {\n    func {\n      name: "g"\n      attr {\n        key: "T"\n        value {\n          type: DT_FLOAT\n        }\n      }\n    }\n  }\n}\nattr {\n  key: "i"\n  value {\n    i: -1099511627776\n  }\n}\nattr {\n  key: "l"\n  value {\n    list {\n      i: 1\n      i: 8589934592\n      i: -1\n    }\n  }\n}\nattr {\n  key: "s"\n  value {\n    s: "\\000\\377\\n\\"\\\'"\n  }\n}\nattr {\n  key: "sh"\n  value {\n    shape {\n      dim {\n        size: -1\n      }\n    }\n  }\n}\nattr {\n  key: "t"\n  value {\n    tensor {\n      dtype: DT_FLOAT\n      tensor_shape {\n        dim {\n          size: 3\n        }\n      }\n      tensor_content: "\\000\\000\\200?\\000\\000\\000@\\000\\000@@"\n    }\n  }\n}\n';
    const wire =
      '0a056ec3a9227712024f701a03613a311a025e622a140a02666e120e520c0a016712070a0154120230012a0a0a01661205250000c03f2a100a0169120b188080808080e0ffffff012a190a016c12140a121a10018080808020ffffffffffffffffff012a150a027368120f3a0d120b08ffffffffffffffffff012a0c0a01731207120500ff0a22272a1d0a0174121842160801120412020803220c0000803f0000004000004040';
    expect(node(text)).toEqual(
      decodeMessage(TF_SCHEMA, 'NodeDef', Uint8Array.from(Buffer.from(wire, 'hex'))),
    );
  });

  test('all the ways to write the same', () => {
    const plain = node('name: "a" input: "x" input: "y" attr { key: "k" value { i: 7 } }');
    const odd = node('# comment\nname:"a";input:["x" , \'y\'], attr:<value:<i:0x7> key:\'k\'>  # end');
    expect(odd).toEqual(plain);
    expect(node('name: "a" "b"\n \'c\'').name).toBe('abc');
    expect(attr('i: 017').i).toBe(15n);
    expect(attr('i: - 5').i).toBe(-5n);
    expect(attr('type: 3').type).toBe(attr('type: DT_INT32').type);
    expect(attr('b: t').b).toBe(true);
    expect(attr('b: False').b).toBe(false);
    for (const [text, value] of [
      ['1e3', 1000],
      ['-.5', -0.5],
      ['1.f', 1],
      ['inf', Number.POSITIVE_INFINITY],
      ['-Infinity', Number.NEGATIVE_INFINITY],
      ['nan', Number.NaN],
      ['1.5E+2', 150],
    ] as const) {
      expect(attr(`f: ${text}`).f, text).toEqual(value);
    }
  });

  test('strings are bytes: octal, hex and Unicode escapes', () => {
    expect([...attr('s: "\\0\\1777\\xff\\n\\u00e9\\U0001F600é"').s!]).toEqual([
      0, 127, 55, 255, 10, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0xc3, 0xa9,
    ]);
  });

  test('an Any in brackets becomes its type and bytes', () => {
    const list = parseText(
      TF_SCHEMA,
      'AnyList',
      bytesOf('value { [type.googleapis.com/tensorflow.AssetFileDef] { filename: "v.txt" } }'),
    );
    expect(list.value[0]!.type_url).toBe('type.googleapis.com/tensorflow.AssetFileDef');
    expect(decodeMessage(TF_SCHEMA, 'AssetFileDef', list.value[0]!.value).filename).toBe('v.txt');
  });

  test('unknown fields: refused, or skipped whatever they hold', () => {
    const text =
      'nope: 1 nope { a: "x" b < c: [1, -2] > [ext.x]: 3 } nope: [{}, {a: -inf}] nope: "a" "b" name: "n"';
    expect(refusal(() => node(text))).toContain('line 1, column 1: "nope" is not a field of NodeDef');
    expect(parseText(TF_SCHEMA, 'NodeDef', bytesOf(text), { unknownFields: 'skip' }).name).toBe('n');
  });

  test.each([
    ['name: "a', 'a string without an end'],
    ['name: "a\n"', 'a string without an end'],
    ['name "a"', '":" expected'],
    ['name: a', 'a value of type string expected'],
    ['name: "a" name: "b"', 'is set twice'],
    ['attr { key: "k"', 'a field of attr entry expected'],
    ['attr { key: "k" value { i: 1 b: true } }', 'is set twice'],
    ['attr { key: "k" value { i: 1.5 } }', 'a value of type int64 expected'],
    ['attr { key: "k" value { i: 9223372036854775808 } }', 'out of range'],
    ['attr { key: "k" value { i: 089 } }', 'a value of type int64 expected'],
    ['attr { key: "k" value { type: DT_NOPE } }', 'is not a DataType'],
    ['attr { key: "k" value { b: maybe } }', 'a value of type bool expected'],
    ['attr { key: "k" value { f: 1..2 } }', 'a value of type float expected'],
    ['input: ["a" "b", ]', 'a value of type string expected'],
    ['name: "\\q"', 'an escape that is not known'],
    ['name: "\\xff"', 'is not UTF-8'],
    ['}', 'a field of NodeDef expected'],
    ['[ext.name]: 1', 'the extension [ext.name] is not known'],
  ])('%s is refused', (text, message) => {
    const found = refusal(() => node(text));
    expect(found).toMatch(/^TFD_MODEL_CORRUPT/);
    expect(found).toContain(message);
  });

  test('depth is limited', () => {
    const deep = `attr { key: "k" value ${'{ func { attr { key: "k" value '.repeat(60)}{}${'}}}'.repeat(60)} }`;
    expect(refusal(() => node(deep))).toMatch(/^TFD_MODEL_LIMIT/);
    const unknown = `${'a {'.repeat(200)}${'}'.repeat(200)}`;
    expect(
      refusal(() => parseText(TF_SCHEMA, 'NodeDef', bytesOf(unknown), { unknownFields: 'skip' })),
    ).toMatch(/^TFD_MODEL_LIMIT/);
  });

  test('printed and parsed, a message is the same', () => {
    const feature = fc.oneof(
      fc.record({ bytes_list: fc.record({ value: fc.array(fc.uint8Array()) }) }),
      fc.record({ float_list: fc.record({ value: fc.array(fc.float()) }) }),
      fc.record({
        int64_list: fc.record({ value: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })) }),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), feature)), (rows) => {
        const wire = encodeMessage(EXAMPLE_SCHEMA, 'Features', { feature: new Map(rows) });
        const decoded = decodeMessage(EXAMPLE_SCHEMA, 'Features', wire);
        const printed = printText(EXAMPLE_SCHEMA, 'Features', decoded);
        expect(parseText(EXAMPLE_SCHEMA, 'Features', bytesOf(printed))).toEqual(decoded);
      }),
    );
  });
});
