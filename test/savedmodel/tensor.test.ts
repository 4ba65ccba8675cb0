import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DTYPES, type DType } from '../../src/base/dtype.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import { ProtoTensor } from '../../src/savedmodel/read/tensor.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { WireWriter } from '../../src/savedmodel/wire/writer.js';
import { refusalOf } from '../fixtures/refusal.js';
import { type ProtoIn, shapeProto, tensorProto } from '../fixtures/tensor-values.js';

const context = { what: 'model' };
const make = (bytes: Uint8Array) => new ProtoTensor(bytes, 'node "c"', context);
const proto = (dtype: DType, shape: readonly number[], rest: ProtoIn<'TensorProto'>) =>
  make(
    encodeMessage(TF_SCHEMA, 'TensorProto', {
      dtype: DTYPES[dtype].tf,
      tensor_shape: shapeProto(shape),
      ...rest,
    }),
  );
const values = (tensor: ProtoTensor) => Array.from(tensor.read().data as ArrayLike<unknown>);

describe('TensorProto', () => {
  test('no values are zeros, the last value fills what is missing, surplus is ignored', () => {
    expect(values(proto('float32', [3], {}))).toEqual([0, 0, 0]);
    expect(values(proto('float32', [4], { float_val: [1, 2] }))).toEqual([1, 2, 2, 2]);
    expect(values(proto('float32', [2, 2], { float_val: [7] }))).toEqual([7, 7, 7, 7]);
    expect(values(proto('float32', [1], { float_val: [1, 2] }))).toEqual([1]);
    expect(values(proto('float32', [], { float_val: [5] }))).toEqual([5]);
    expect(values(proto('float32', [0, 3], { float_val: [5] }))).toEqual([]);
  });

  test.each([
    ['int32', { int_val: [-1] }, [-1]],
    ['int16', { int_val: [-300] }, [-300]],
    ['int8', { int_val: [-3] }, [-3]],
    ['uint8', { int_val: [255] }, [255]],
    ['uint16', { int_val: [65535] }, [65535]],
    ['quint8', { int_val: [200] }, [200]],
    ['qint32', { int_val: [-70000] }, [-70000]],
    ['float16', { half_val: [0x3c00] }, [0x3c00]],
    ['bfloat16', { half_val: [0x3f80] }, [0x3f80]],
    ['float64', { double_val: [0.1] }, [0.1]],
    ['int64', { int64_val: [-(2n ** 62n)] }, [-(2n ** 62n)]],
    ['uint64', { uint64_val: [2n ** 64n - 1n] }, [2n ** 64n - 1n]],
    ['uint32', { uint32_val: [4294967295] }, [4294967295]],
    ['bool', { bool_val: [true] }, [1]],
    ['complex64', { scomplex_val: [1, -2] }, [1, -2]],
    ['complex128', { dcomplex_val: [1, -2] }, [1, -2]],
  ] as const)('%s is read from its own field', (dtype, fields, expected) => {
    expect(values(proto(dtype, [1], fields))).toEqual(expected);
  });

  test('a pair fills the rest of a complex tensor', () => {
    expect(values(proto('complex64', [2], { scomplex_val: [1, 2] }))).toEqual([1, 2, 1, 2]);
  });

  test('strings are bytes, filled by the last one, packed or not', () => {
    const [a, b] = [Uint8Array.of(0xff, 0), Uint8Array.of(65)];
    expect(proto('string', [3], { string_val: [a, b] }).read().data).toEqual([a, b, b]);
    expect(proto('string', [2], {}).read().data).toEqual([new Uint8Array(0), new Uint8Array(0)]);
    const packed = Uint8Array.of(2, 1, 0xff, 0, 65);
    expect(proto('string', [2], { tensor_content: packed }).read().data).toEqual([a, b]);
    expect(refusalOf(() => proto('string', [2], { tensor_content: Uint8Array.of(9, 1, 0) }).read())).toMatch(
      /^TFD_MODEL_CORRUPT/,
    );
  });

  test('raw content of every numeric type, at any alignment', () => {
    const types = Object.keys(DTYPES).filter((name) => DTYPES[name as DType].bytes > 0) as DType[];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.integer({ min: 0, max: 7 }), (dtype, shift) => {
        const bytes = Uint8Array.from({ length: 3 * DTYPES[dtype].bytes }, (_, i) => i + 1);
        const encoded = tensorProto(dtype, [3], bytes);
        const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
        shifted.set(encoded);
        const { data } = make(shifted).read() as { data: Uint8Array };
        expect(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).toEqual(bytes);
      }),
    );
  });

  test('raw content is a range of the file it came from', () => {
    const head = Uint8Array.of(9, 9, 9);
    const encoded = tensorProto('float32', [2], [1, 2]);
    const root = new Uint8Array(head.length + encoded.length);
    root.set(encoded, head.length);
    const tensor = new ProtoTensor(root.subarray(head.length), 'c', { what: 'm', root, path: 'm.pb' });
    const { offset, length } = tensor.file!;
    expect(tensor.file!.path).toBe('m.pb');
    expect(root.subarray(offset, offset + length)).toEqual(new Uint8Array(Float32Array.of(1, 2).buffer));
    expect(make(encoded).file).toBeUndefined();
  });

  test.each([
    [
      'content of another size',
      proto('float32', [2], { tensor_content: new Uint8Array(4) }),
      'TFD_MODEL_CORRUPT',
    ],
    ['an unknown size', proto('float32', [-1], {}), 'TFD_MODEL_CORRUPT'],
    ['a negative size', proto('float32', [-2], {}), 'TFD_MODEL_CORRUPT'],
    ['an uncountable size', proto('float32', [2 ** 40, 2 ** 40], {}), 'TFD_MODEL_LIMIT'],
    ['a huge tensor of one value', proto('float32', [2 ** 35], { float_val: [1] }), 'TFD_MODEL_LIMIT'],
    ['a huge tensor of one string', proto('string', [2 ** 35], {}), 'TFD_MODEL_LIMIT'],
    ['a resource', proto('resource', [], {}), 'TFD_DTYPE_UNSUPPORTED'],
    [
      'a type that is not known',
      make(encodeMessage(TF_SCHEMA, 'TensorProto', { dtype: 29 })),
      'TFD_DTYPE_UNSUPPORTED',
    ],
    ['bytes that are no TensorProto', make(Uint8Array.of(0x22, 9)), 'TFD_MODEL_CORRUPT'],
  ])('%s is refused, naming the node', (_what, tensor, code) => {
    const refusal = refusalOf(() => tensor.read());
    expect(refusal).toMatch(new RegExp(`^${code}`));
    expect(refusal).toContain('node "c"');
  });

  test('more than 254 dimensions are refused', () => {
    const dims = new WireWriter();
    for (let i = 0; i < 300; i++) dims.bytesField(2, Uint8Array.of(8, 1));
    const tensor = new WireWriter();
    tensor.bytesField(2, dims.finish());
    expect(refusalOf(() => make(tensor.finish()).shape)).toMatch(/^TFD_MODEL_CORRUPT/);
  });
});
