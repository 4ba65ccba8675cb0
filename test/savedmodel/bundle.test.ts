import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DTYPES, type DType } from '../../src/base/dtype.js';
import type { ModelFiles } from '../../src/base/files.js';
import { crc32c, maskCrc, unmaskCrc } from '../../src/savedmodel/bundle/crc32c.js';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { decodeSliceKey } from '../../src/savedmodel/bundle/ordered-code.js';
import { outlineBundle } from '../../src/savedmodel/bundle/outline.js';
import { decompressSnappy } from '../../src/savedmodel/bundle/snappy.js';
import {
  type BundleWriterOptions,
  buildBundle,
  type StoredTensor,
  sliceKey,
} from '../fixtures/bundle-writer.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { refusalOf } from '../fixtures/refusal.js';
import { compressSnappy } from '../fixtures/snappy-writer.js';

const INDEX = 'm/variables/variables.index';
const DATA = 'm/variables/variables.data-00000-of-00001';

function filesOf(
  tensors: Record<string, StoredTensor>,
  options?: BundleWriterOptions,
): Map<string, Uint8Array> {
  const built = buildBundle(new Map(Object.entries(tensors)), options);
  return new Map([...built].map(([name, bytes]) => [`m/variables/${name}`, bytes]));
}

const open = (files: Map<string, Uint8Array>) => openBundle(memoryFiles(files), 'm')!;
const numbers = (bundle: ReturnType<typeof open>, key: string, slice?: string) =>
  Array.from(bundle.tensor(key, slice).read().data as ArrayLike<unknown>);
const count = (size: number) => Array.from({ length: size }, (_, i) => i);

describe('CRC-32C', () => {
  test('the check values of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from(count(32)))).toBe(0x46dd794e);
  });

  test('piece by piece is the same as at once, and masking can be undone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
        expect(crc32c(b, crc32c(a))).toBe(crc32c(Uint8Array.from([...a, ...b])));
        expect(unmaskCrc(maskCrc(crc32c(a)))).toBe(crc32c(a));
      }),
    );
  });
});

describe('Snappy', () => {
  test('what the compressor makes is decompressed', () => {
    const repetitive = fc
      .array(fc.constantFrom(1, 2, 3), { maxLength: 500 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        expect(decompressSnappy(compressSnappy(bytes), 'x')).toEqual(bytes);
      }),
    );
  });

  test('overlapping copies, long literals and all three kinds of copies', () => {
    expect([...decompressSnappy(Uint8Array.of(8, 0, 7, ((7 - 4) << 2) | 1, 1), 'x')]).toEqual(
      Array(8).fill(7),
    );
    const literal = Uint8Array.from([100, 60 << 2, 99, ...count(100)]);
    expect([...decompressSnappy(literal, 'x')]).toEqual(count(100));
    const far = Uint8Array.from([6, 2 << 2, 1, 2, 3, (2 << 2) | 3, 3, 0, 0, 0]);
    expect([...decompressSnappy(far, 'x')]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test.each([
    ['a copy from before the start', [4, 0, 1, 1, 2]],
    ['a copy of offset 0', [5, 0, 1, 1, 0]],
    ['a literal past the end', [3, 8, 97]],
    ['more than it claims', [1, 4, 97, 98]],
    ['less than it claims', [9, 4, 97, 98]],
    ['a claim of gigabytes', [255, 255, 255, 255, 7, 0]],
    ['nothing at all', []],
  ])('%s is refused', (_what, bytes) => {
    expect(refusalOf(() => decompressSnappy(Uint8Array.from(bytes), 'x'))).toMatch(/^TFD_MODEL_CORRUPT/);
  });
});

describe('a checkpoint', () => {
  const all = Object.fromEntries(
    (Object.keys(DTYPES) as DType[])
      .filter((dtype) => DTYPES[dtype].bytes > 0)
      .map((dtype): [string, StoredTensor] => [
        `t/${dtype}`,
        { dtype, shape: [2, 3], values: Uint8Array.from(count(6 * DTYPES[dtype].bytes)) },
      ]),
  );
  const strings: StoredTensor = { dtype: 'string', shape: [3], values: ['', 'é', Uint8Array.of(0xff, 0)] };

  test.each([
    ['one shard', {}],
    ['three shards', { shards: 3 }],
    ['Snappy blocks', { isCompressed: true }],
    ['many blocks', { entriesPerBlock: 1 }],
    ['big-endian', { isBigEndian: true }],
  ])('every type survives: %s', (_what, options) => {
    const bundle = open(filesOf({ ...all, strings }, options));
    expect(bundle.entries.size).toBe(Object.keys(all).length + 1);
    for (const [key, { dtype, values }] of Object.entries(all)) {
      const tensor = bundle.tensor(key).read();
      const { data } = tensor as { data: Uint8Array };
      expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
      expect(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), key).toEqual(values);
    }
    expect(bundle.tensor('strings').read().data).toEqual([
      new Uint8Array(0),
      new TextEncoder().encode('é'),
      Uint8Array.of(0xff, 0),
    ]);
  });

  test('opening, listing and asking for a tensor touch no data file', () => {
    const files = memoryFiles(filesOf({ w: { dtype: 'float32', shape: [2], values: [1, 2] } }));
    const refuse = (path: string) => {
      if (path !== INDEX) throw new Error(`${path} was opened`);
    };
    const spied: ModelFiles = {
      ...files,
      size(path) {
        refuse(path);
        return files.size(path);
      },
      read(path) {
        refuse(path);
        return files.read(path);
      },
      readRange(path, ...rest) {
        refuse(path);
        return files.readRange(path, ...rest);
      },
    };
    const bundle = openBundle(spied, 'm')!;
    const tensor = bundle.tensor('w');
    expect(tensor).toMatchObject({ dtype: 'float32', shape: [2], byteLength: 8 });
    expect(tensor.file).toEqual({ path: DATA, offset: 0, length: 8 });
    expect(tensor.crc32c).toBe(crc32c(new Uint8Array(Float32Array.of(1, 2).buffer)));
    expect(outlineBundle(bundle).bundle.tensor('w').read().data).toEqual(new Float32Array(2));
    expect(() => tensor.read()).toThrow('was opened');
  });

  test('a model without variables has no checkpoint', () => {
    expect(openBundle(memoryFiles(new Map([['m/saved_model.pb', new Uint8Array(0)]])), 'm')).toBeUndefined();
    const v1 = memoryFiles(new Map([['m/variables/variables', new Uint8Array(0)]]));
    expect(refusalOf(() => openBundle(v1, 'm'))).toMatch(/^TFD_MODEL_UNSUPPORTED/);
  });

  const grid: StoredTensor = {
    dtype: 'int32',
    shape: [4, 3],
    values: count(12),
    slices: [
      { start: [0, 0], length: [1, 3] },
      { start: [1, 0], length: [3, 2] },
      { start: [1, 2], length: [3, 1] },
    ],
  };

  test('partitioned variables: whole, a stored slice, and any other', () => {
    const bundle = open(
      filesOf({ grid, plain: { dtype: 'int32', shape: [4, 3], values: count(12) } }, { shards: 2 }),
    );
    expect(bundle.entries.get('grid')!.isSliced).toBe(true);
    for (const key of ['grid', 'plain']) {
      expect(numbers(bundle, key)).toEqual(count(12));
      expect(numbers(bundle, key, '4 3 0,1:-')).toEqual([0, 1, 2]);
      expect(numbers(bundle, key, '4 3 1,3:0,2')).toEqual([3, 4, 6, 7, 9, 10]);
      expect(numbers(bundle, key, '4 3 0,2:1,2')).toEqual([1, 2, 4, 5]);
    }
    expect(bundle.tensor('grid').file).toBeUndefined();
    expect(bundle.tensor('grid', '4 3 0,1:-').file).toMatchObject({ offset: 0, length: 12 });
    expect(bundle.tensor('plain', '4 3 1,2:-').file).toMatchObject({ length: 24 });
    expect(bundle.tensor('plain', '4 3 -:0,1').file).toBeUndefined();
  });

  test('any box of any partition is what it is of the whole', () => {
    const plain: StoredTensor = { dtype: 'int16', shape: [3, 4, 2], values: count(24) };
    const slices = [0, 1, 2].flatMap((row) => [
      { start: [row, 0, 0], length: [1, 3, 2] },
      { start: [row, 3, 0], length: [1, 1, 2] },
    ]);
    const bundle = open(filesOf({ plain, cut: { ...plain, slices } }));
    const side = (size: number) =>
      fc
        .tuple(fc.nat(size - 1), fc.nat(size - 1))
        .map(([a, b]) => `${Math.min(a, b)},${Math.abs(a - b) + 1}`);
    fc.assert(
      fc.property(side(3), side(4), side(2), (a, b, c) => {
        const slice = `3 4 2 ${a}:${b}:${c}`;
        expect(numbers(bundle, 'cut', slice)).toEqual(numbers(bundle, 'plain', slice));
      }),
    );
  });

  test.each(['4 3', '4 3 0,1', '3 4 -:-', '4 3 0,5:-', '4 3 4,1:-', '4 3 x:-', '4 3 -1,1:-'])(
    'the slice "%s" does not fit',
    (slice) => {
      expect(refusalOf(() => open(filesOf({ grid })).tensor('grid', slice))).toMatch(/^TFD_MODEL_CORRUPT/);
    },
  );

  test('a hole between slices is found before anything is returned', () => {
    const holey = { ...grid, slices: grid.slices!.slice(0, 2) };
    expect(refusalOf(() => open(filesOf({ holey })).tensor('holey').read())).toContain('9 of 12 elements');
  });

  test('slices that TensorFlow wrote, in its order and with its checksums', () => {
    const index =
      'AAAGCAEaAggBAAwWAGEAAQECgOAjKIB/CAYSCRIDCKhGEgIIAijQjAE1QVh2lAYIGuAjKOAq+IB/CAYSCRIDCPhVEgIIAiDQjAEo8KsBNUoz8/oBCxdi/wAAAQECgIGAfwgFEggSAggBEgIIBCDAuAIoCDUIvJpHCAQXgYKAgwgFEggSAggCEgIIAyDIuAIoDDU3dJkFCgIXg4EIBRIIEgIIAhICCAEg1LgCKAQ1Adzc0gABI2EIBhIKEgQIoJwBEgIIAjoHCgMQqEYKADoKCgYIqEYQ+FUKAAACLmL/CAUSCBICCAMSAggEOgYKAhABCgA6CgoECAEQAgoCEAM6DAoECAEQAgoECAMQAQABD2MICBIAIKq6AigINVk85TUAARRzCAcSBBICCAMg2LgCKNIBNUHZ6K4AAAAAAQAAAAAiN53RAAAAAAEAAAAAwPKhsAABA3QAvwIAAAAAAQAAAABI6UgexAII0QIPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFf7gIskdUfb';
    const text = [
      new Uint8Array(0),
      new TextEncoder().encode('x'.repeat(200)),
      new TextEncoder().encode('é'),
    ];
    const lengths = Uint8Array.of(0, 200, 1, 2);
    let crc = 0;
    for (const { length } of text) crc = crc32c(new Uint8Array(Uint32Array.of(length).buffer), crc);
    const data = [
      Uint8Array.from(count(40000)),
      new Uint8Array(Int16Array.of(0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 7, 11).buffer),
      lengths,
      new Uint8Array(Uint32Array.of(maskCrc(crc)).buffer),
      ...text,
      new Uint8Array(Float32Array.of(1, 2).buffer),
    ];
    const files = new Map([
      [INDEX, Uint8Array.from(Buffer.from(index, 'base64'))],
      [DATA, Uint8Array.from(data.flatMap((part) => [...part]))],
    ]);
    const bundle = open(files);
    expect([...bundle.entries.keys()]).toEqual(['a', 'b\ufffd', 'c', 's']);
    expect(new Uint8Array(Int8Array.from(numbers(bundle, 'a') as number[]).buffer)).toEqual(data[0]);
    expect(numbers(bundle, 'b\ufffd')).toEqual(count(12));
    expect(bundle.tensor('s').read().data).toEqual(text);
    expect(numbers(bundle, 'c')).toEqual([1, 2]);
  });

  test('keys of slices: any name and numbers of any width', () => {
    const sizes = fc.array(fc.tuple(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 50 })), { maxLength: 5 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), sizes, (name, ranges) => {
        const [start, length] = [ranges.map(([at]) => at), ranges.map(([, each]) => each)];
        const decoded = decodeSliceKey(
          sliceKey(
            name,
            start,
            length,
            length.map((each) => each + 1),
          ),
          'x',
        );
        expect(decoded).toEqual({ name: new TextEncoder().encode(name), ranges });
      }),
    );
    const whole = decodeSliceKey(sliceKey('w', [0, 5], [7, 2], [7, 9]), 'x');
    expect(whole.ranges).toEqual([
      [0, -1],
      [5, 2],
    ]);
  });

  const w: StoredTensor = { dtype: 'float32', shape: [2], values: [1, 2] };

  test('damage is found: index, data, missing and short files', () => {
    const files = filesOf({ w, strings });
    const index = files.get(INDEX)!;
    let silent = 0;
    for (const at of index.keys()) {
      const bad = index.slice();
      bad[at]! ^= 0x10;
      const read: unknown[] = [];
      const refusal = refusalOf(() => {
        const bundle = open(new Map(files).set(INDEX, bad));
        for (const key of ['w', 'strings']) read.push(bundle.tensor(key).read());
      });
      if (refusal === 'no error') {
        silent++;
        expect(read).toEqual(['w', 'strings'].map((key) => open(files).tensor(key).read()));
      } else expect(refusal, `byte ${at}`).toMatch(/^TFD_MODEL_CORRUPT/);
    }
    // Only the block of metadata (13 bytes, empty) and the footer's padding and handle to it carry nothing.
    expect(silent).toBeLessThanOrEqual(13 + 40);
    const data = files.get(DATA)!;
    for (const at of data.keys()) {
      const bad = data.slice();
      bad[at]! ^= 1;
      const bundle = open(new Map(files).set(DATA, bad));
      const refusals = [...bundle.entries.keys()].map((key) => refusalOf(() => bundle.tensor(key).read()));
      expect(
        refusals.filter((text) => text.startsWith('TFD_MODEL_CORRUPT')),
        `byte ${at}`,
      ).toHaveLength(1);
    }
    const short = open(new Map(files).set(DATA, data.subarray(0, 4)));
    expect(refusalOf(() => short.tensor('w').read())).toMatch(/^TFD_MODEL_CORRUPT.*has 4 bytes/);
    files.delete(DATA);
    expect(refusalOf(() => open(files).tensor('w').read())).toMatch(/^TFD_MODEL_NOT_FOUND.*is missing/);
  });

  test('checksums of data may be left unchecked', () => {
    const files = filesOf({ w });
    files.get(DATA)![0]! ^= 1;
    expect(refusalOf(() => open(files).tensor('w').read())).toContain('wrong checksum');
    const trusting = openBundle(memoryFiles(files), 'm', { verify: false })!;
    expect(refusalOf(() => trusting.tensor('w').read())).toBe('no error');
  });

  test('an outline has stand-ins for values, and tells when one may steer', () => {
    const tensors: Record<string, StoredTensor> = {
      w,
      strings,
      ids: { dtype: 'int64', shape: [3], values: [7n, 8n, 9n] },
      axis: { dtype: 'int32', shape: [], values: [5] },
    };
    const bundle = open(filesOf(tensors));
    const outline = outlineBundle(bundle);
    expect([outline.bundle.tensor('w').read().data, outline.hasInvented()]).toEqual([
      new Float32Array(2),
      false,
    ]);
    expect(outline.bundle.tensor('ids').read().data).toEqual(BigInt64Array.of(0n, 1n, 2n));
    expect(outline.hasInvented()).toBe(true);
    expect(outline.bundle.tensor('axis').read().data).toEqual(Int32Array.of(1));
    expect(outline.bundle.tensor('strings').read().data).toEqual(
      ['0', '1', '2'].map((text) => new TextEncoder().encode(text)),
    );
    const steering = outlineBundle(bundle, 'steering').bundle;
    expect(steering.tensor('axis').read().data).toEqual(Int32Array.of(5));
    expect(steering.tensor('w').read().data).toEqual(new Float32Array(2));
  });

  test('a key that is not there is named', () => {
    expect(refusalOf(() => open(filesOf({ w })).tensor('v'))).toMatch(/^TFD_VARIABLE_UNBOUND.*no tensor "v"/);
  });
});
