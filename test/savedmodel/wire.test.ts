import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import { defineSchema } from '../../src/savedmodel/wire/compile.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { WireReader } from '../../src/savedmodel/wire/reader.js';
import { WireWriter } from '../../src/savedmodel/wire/writer.js';

const SCHEMA = defineSchema({
  All: {
    i32: [1, 'int32'],
    i53: [2, 'int53'],
    i64: [3, 'int64'],
    u32: [4, 'uint32'],
    u64: [5, 'uint64'],
    s32: [6, 'sint32'],
    s64: [7, 'sint64'],
    f32: [8, 'fixed32'],
    f64: [9, 'fixed64'],
    sf32: [10, 'sfixed32'],
    sf64: [11, 'sfixed64'],
    float: [12, 'float'],
    double: [13, 'double'],
    bool: [14, 'bool'],
    string: [15, 'string'],
    bytes: [16, 'bytes'],
    maybe: [17, 'int32?'],
    doubles: [18, 'double[]'],
    longs: [19, 'int64[]'],
    strings: [20, 'string[]'],
    flags: [21, 'bool[]'],
    sizes: [22, 'int53[]'],
    child: [1000, 'All'],
    children: [1001, 'All[]'],
    map: [1002, 'map<string, int64>'],
    messages: [1003, 'map<uint32, All>'],
    raw: [1004, 'lazy All'],
    one: [30, 'string?', 'choice'],
    two: [31, 'int32?', 'choice'],
    three: [32, 'All', 'choice'],
  },
});

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const decode = (text: string) => decodeMessage(SCHEMA, 'All', hex(text));

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isTfdeployError(error)) return error.code;
    throw error;
  }
  return 'no error';
}

describe('the wire format', () => {
  const scalars = fc.record({
    i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    i53: fc.maxSafeInteger(),
    i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    s32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    f32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    f64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    sf32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    sf64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    float: fc.float(),
    double: fc.double(),
    bool: fc.boolean(),
    string: fc.string({ unit: 'binary' }),
    bytes: fc.uint8Array(),
    strings: fc.array(fc.string({ unit: 'binary' })),
    sizes: fc.array(fc.maxSafeInteger()),
  });

  test('every scalar survives writing and reading', () => {
    fc.assert(
      fc.property(scalars, (values) => {
        const decoded = decodeMessage(SCHEMA, 'All', encodeMessage(SCHEMA, 'All', values));
        for (const [name, value] of Object.entries(values)) {
          expect(decoded[name as keyof typeof values], name).toEqual(value);
        }
      }),
    );
  });

  test('lists, maps and nested messages survive', () => {
    const lists = fc.record({
      doubles: fc.array(fc.double()),
      longs: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      flags: fc.array(fc.boolean()),
      map: fc
        .array(fc.tuple(fc.string(), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })))
        .map((rows) => new Map(rows)),
    });
    fc.assert(
      fc.property(lists, lists, ({ flags, ...rest }, { flags: innerFlags, ...inner }) => {
        const input = { ...rest, flags, child: { ...inner, flags: innerFlags }, children: [inner, rest] };
        const decoded = decodeMessage(SCHEMA, 'All', encodeMessage(SCHEMA, 'All', input as never));
        expect([...decoded.doubles]).toEqual(rest.doubles);
        expect([...decoded.longs]).toEqual(rest.longs);
        expect([...decoded.flags]).toEqual(flags.map(Number));
        expect(decoded.map).toEqual(rest.map);
        expect([...decoded.child!.longs]).toEqual(inner.longs);
        expect(decoded.children.map((child) => [...child.doubles])).toEqual([inner.doubles, rest.doubles]);
      }),
    );
  });

  test('a NodeDef that TensorFlow wrote is written back byte for byte', () => {
    const bytes = hex(
      '0a056ec3a9227712024f701a03613a311a025e622a140a02666e120e520c0a016712070a0154120230012a0a0a01661205250000c03f2a100a0169120b188080808080e0ffffff012a190a016c12140a121a10018080808020ffffffffffffffffff012a150a027368120f3a0d120b08ffffffffffffffffff012a0c0a01731207120500ff0a22272a1d0a0174121842160801120412020803220c0000803f0000004000004040',
    );
    const node = decodeMessage(TF_SCHEMA, 'NodeDef', bytes);
    expect([node.name, node.op, node.input]).toEqual(['né"w', 'Op', ['a:1', '^b']]);
    expect(node.attr.get('i')!.i).toBe(-(2n ** 40n));
    expect([...node.attr.get('l')!.list!.i]).toEqual([1n, 2n ** 33n, -1n]);
    expect(node.attr.get('sh')!.shape!.dim[0]!.size).toBe(-1);
    expect(node.attr.get('fn')!.func!.attr.get('T')!.type).toBe(1);
    expect(Buffer.from(encodeMessage(TF_SCHEMA, 'NodeDef', node as never)).toString('hex')).toBe(
      Buffer.from(bytes).toString('hex'),
    );
  });

  test('packed, unpacked and mixed numbers give the same list', () => {
    const packed = '9a01 03 010203';
    const unpacked = '9801 01 9801 02 9801 03';
    expect([...decode(packed).longs]).toEqual([1n, 2n, 3n]);
    expect([...decode(unpacked).longs]).toEqual([1n, 2n, 3n]);
    expect([...decode(`${packed} ${unpacked} ${packed}`).longs]).toEqual([
      1n,
      2n,
      3n,
      1n,
      2n,
      3n,
      1n,
      2n,
      3n,
    ]);
    expect(decode('b201 02 0102 b001 03').sizes).toEqual([1, 2, 3]);
  });

  test('map entries: any order of key and value, either missing, any key, the last of equal ones', () => {
    expect(decode('d23e 05 10 07 0a 01 61').map).toEqual(new Map([['a', 7n]]));
    expect(decode('d23e 02 10 07').map).toEqual(new Map([['', 7n]]));
    expect(decode('d23e 03 0a 01 61').map).toEqual(new Map([['a', 0n]]));
    expect(decode('d23e 05 0a 01 61 10 01 d23e 05 0a 01 61 10 02').map).toEqual(new Map([['a', 2n]]));
    expect(decode('da3e 02 08 05').messages.get(5)!.i32).toBe(0);
    const proto = encodeMessage(SCHEMA, 'All', { map: new Map([['__proto__', 1n]]) });
    expect(decodeMessage(SCHEMA, 'All', proto).map.get('__proto__')).toBe(1n);
  });

  test('of a oneof the last one counts', () => {
    const both = decode('f201 01 61 f801 05');
    expect([both.one, both.two]).toEqual([undefined, 5]);
    const back = decode('f801 05 f201 01 61');
    expect([back.one, back.two]).toEqual(['a', undefined]);
  });

  test('a message that occurs twice is merged, a lazy one too', () => {
    expect(decode('c23e 02 08 01 c23e 02 10 02').child).toMatchObject({ i32: 1, i53: 2 });
    const { raw } = decode('e23e 02 08 01 e23e 02 10 02');
    expect(decodeMessage(SCHEMA, 'All', raw!)).toMatchObject({ i32: 1, i53: 2 });
  });

  test('presence: an absent field is told from a default one where the table says so', () => {
    expect(decode('').maybe).toBeUndefined();
    expect(decode('8801 00').maybe).toBe(0);
    expect(encodeMessage(SCHEMA, 'All', { maybe: 0, i32: 0 })).toEqual(hex('8801 00'));
    expect(encodeMessage(SCHEMA, 'All', { double: -0 })).toHaveLength(9);
  });

  test('numbers wider than 32 bits, and int32 in ten bytes', () => {
    expect(decode('10 80808080 10').i53).toBe(2 ** 32);
    expect(decode('08 ffffffffffffffffff01').i32).toBe(-1);
    expect(decode('18 80808080808080808001').i64).toBe(-(2n ** 63n));
    expect(codeOf(() => decode('10 80808080808080808001'))).toBe('TFD_MODEL_CORRUPT');
    expect(decode('70 80808080808001').bool).toBe(true);
  });

  test('unknown fields and groups are skipped', () => {
    expect(decode('f83f 05 fa3f 02 0000 f93f 0000000000000000 fd3f 00000000 08 07').i32).toBe(7);
    expect(decode('fb3f 08 01 fb3f fc3f fc3f 08 07').i32).toBe(7);
  });

  test.each([
    ['a torn varint', '08 80'],
    ['a varint of eleven bytes', '08 8080808080808080808001'],
    ['a string past its end', '7a 05 61'],
    ['a negative length', '7a ffffffffffffffffff01'],
    ['a child past its parent', 'c23e 03 c23e 05 00'],
    ['a torn fixed32', '45 0000'],
    ['a torn fixed64', '49 00000000'],
    ['field number 0', '00 01'],
    ['wire type 6', '0e'],
    ['wire type 7', '0f'],
    ['an end of a group that never began', 'fc3f'],
    ['a group that never ends', 'fb3f 08 01'],
    ['a group that ends with another number', 'fb3f 8440'],
    ['a known field of a foreign wire type', '0a 01 00'],
    ['a string that is not UTF-8', '7a 01 ff'],
    ['a packed field that is torn', '9201 07 00000000000000'],
    ['a packed varint that is torn', '9a01 01 80'],
  ])('%s is refused', (_what, text) => {
    expect(codeOf(() => decode(text))).toBe('TFD_MODEL_CORRUPT');
  });

  test('depth and number of messages are limited, with the code asked for', () => {
    let nested: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 150; depth++) {
      const writer = new WireWriter();
      writer.bytesField(1000, nested);
      nested = writer.finish();
    }
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', nested))).toBe('TFD_MODEL_LIMIT');
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', nested, { maxDepth: 200 }))).toBe('no error');
    const many = hex('ca3e 00'.repeat(20));
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', many, { maxMessages: 10 }))).toBe('TFD_MODEL_LIMIT');
    const options = { limitCode: 'TFD_BODY_TOO_LARGE', maxMessages: 10 } as const;
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', many, options))).toBe('TFD_BODY_TOO_LARGE');
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', hex('00'), { code: 'TFD_INPUT_INVALID' }))).toBe(
      'TFD_INPUT_INVALID',
    );
    const groups = hex('fb3f'.repeat(200));
    expect(codeOf(() => decodeMessage(SCHEMA, 'All', groups))).toBe('TFD_MODEL_LIMIT');
  });

  test('bytes are views of the input, and equal names one string', () => {
    const input = encodeMessage(SCHEMA, 'All', { bytes: Uint8Array.of(1, 2, 3) });
    expect(decodeMessage(SCHEMA, 'All', input).bytes.buffer).toBe(input.buffer);
    const reader = new WireReader(hex('05 c3a9c3a961 01 61'));
    expect([reader.string(), reader.string()]).toEqual(['ééa', 'a']);
  });
});
