import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../../src/base/dtype.js';
import { numericTensor, type Tensor, type TensorMap } from '../../../src/base/tensor.js';
import { encodePredict } from '../../../src/http/codec/encode.js';

const strings = (shape: number[], ...values: string[]): Tensor => ({
  dtype: 'string',
  shape,
  data: values.map((value) => Buffer.from(value)),
});

function row(outputs: Record<string, Tensor>): string {
  return encodePredict('row', new Map(Object.entries(outputs))).toString();
}

function columnar(outputs: Record<string, Tensor>): string {
  return encodePredict('columnar', new Map(Object.entries(outputs))).toString();
}

describe('the answer of a prediction', () => {
  it('is bare for one output, named for several', () => {
    const y = numericTensor('int32', [2, 2], [1, -2, 3, 2147483647]);
    expect(row({ y })).toBe('{"predictions": [[1, -2], [3, 2147483647]]}');
    expect(columnar({ y })).toBe('{"outputs": [[1, -2], [3, 2147483647]]}');
    const b = numericTensor('bool', [2], [1, 0]);
    expect(row({ y, b })).toBe(
      '{"predictions": [{"y": [1, -2], "b": true}, {"y": [3, 2147483647], "b": false}]}',
    );
    expect(columnar({ y, b })).toBe('{"outputs": {"y": [[1, -2], [3, 2147483647]], "b": [true, false]}}');
  });

  it('carries scalars and empty tensors in columns', () => {
    expect(columnar({ y: numericTensor('float32', [], [3]) })).toBe('{"outputs": 3.0}');
    expect(columnar({ y: numericTensor('float32', [2, 0], []) })).toBe('{"outputs": [[], []]}');
    expect(row({ y: numericTensor('float32', [0, 3], []) })).toBe('{"predictions": []}');
  });

  it('keeps 64-bit integers exact', () => {
    const y = numericTensor('int64', [2], [9223372036854775807n, -9223372036854775808n]);
    expect(row({ y })).toBe('{"predictions": [9223372036854775807, -9223372036854775808]}');
    const u = numericTensor('uint64', [1], [18446744073709551615n]);
    expect(columnar({ u })).toBe('{"outputs": [18446744073709551615]}');
  });

  it('writes 16-bit floats', () => {
    expect(columnar({ y: numericTensor('float16', [3], [0x3c00, 0x2e66, 0xfc00]) })).toBe(
      '{"outputs": [1.0, 0.0999755859, -Infinity]}',
    );
    expect(columnar({ y: numericTensor('bfloat16', [1], [0x3dcd]) })).toBe('{"outputs": [0.100097656]}');
  });

  it('writes strings as text, and as base64 where the name or the bytes ask for it', () => {
    expect(row({ s: strings([2], 'a"\\\n\u0001é', '') })).toBe(
      '{"predictions": ["a\\"\\\\\\n\\u0001é", ""]}',
    );
    expect(row({ s_bytes: strings([1], 'hello') })).toBe('{"predictions": [{"b64": "aGVsbG8="}]}');
    const binary: TensorMap = new Map([
      ['s', { dtype: 'string', shape: [1], data: [Uint8Array.of(0xff, 0x41)] }],
    ]);
    expect(encodePredict('row', binary).toString()).toBe('{"predictions": [{"b64": "/0E="}]}');
    expect([...encodePredict('row', binary, { rawStrings: true })]).toContain(0xff);
  });

  it('writes what is no number as null or text when asked', () => {
    const outputs: TensorMap = new Map([
      [
        'y',
        numericTensor('float32', [4], [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
      ],
      ['h', numericTensor('float16', [1], [0x7c00])],
    ]);
    expect(encodePredict('columnar', outputs, { nonFinite: 'null' }).toString()).toBe(
      '{"outputs": {"y": [1.0, null, null, null], "h": [null]}}',
    );
    expect(encodePredict('columnar', outputs, { nonFinite: 'string' }).toString()).toBe(
      '{"outputs": {"y": [1.0, "NaN", "Infinity", "-Infinity"], "h": ["Infinity"]}}',
    );
  });

  it('is refused where the form can not carry it', () => {
    expect(() => row({ y: numericTensor('float32', [], [1]) })).toThrow(
      'Tensor name: y has no shape information',
    );
    const two = { a: numericTensor('int32', [2], [1, 2]), b: numericTensor('int32', [1], [1]) };
    expect(() => row(two)).toThrow('Tensor name: b has inconsistent batch size: 1 expecting: 2');
    expect(() => row({ y: numericTensor('complex64', [1], [1, 2]) })).toThrow('tensor type: complex64');
  });

  it('reads back as it was, for every shape and number', () => {
    const tensors = fc
      .tuple(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<DType>('float32', 'float64', 'int32', 'uint8'),
      )
      .chain(([shape, dtype]) => {
        const count = shape.reduce((product, dim) => product * dim, 1);
        const element =
          dtype === 'float32'
            ? fc.float({ noNaN: true, noDefaultInfinity: true })
            : dtype === 'float64'
              ? fc.double({ noNaN: true, noDefaultInfinity: true })
              : dtype === 'uint8'
                ? fc.nat(255)
                : fc.integer();
        return fc
          .array(element, { minLength: count, maxLength: count })
          .map((values) => numericTensor(dtype as 'float32', shape, values));
      });
    fc.assert(
      fc.property(tensors, (y) => {
        const parsed = JSON.parse(columnar({ y })) as { outputs: unknown[] };
        const flat = parsed.outputs.flat(9) as number[];
        expect(y.dtype === 'float32' ? flat.map(Math.fround) : flat).toEqual([...(y.data as Float32Array)]);
        expect(JSON.parse(row({ y }))).toEqual({ predictions: parsed.outputs });
      }),
      { numRuns: 1000 },
    );
  });
});
