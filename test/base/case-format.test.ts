import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareOutput,
  formatCase,
  isCase,
  parseCase,
  readCase,
  type SampledTensor,
} from '../../src/base/case-format.js';
import { DTYPES, type NumericDType, viewAs } from '../../src/base/dtype.js';
import { elementCount, numericTensor, type Tensor } from '../../src/base/tensor.js';

const NUMERIC = Object.entries(DTYPES)
  .filter(([, row]) => row.bytes > 0)
  .map(([name]) => name as NumericDType);

const EXAMPLE = {
  signature: 'serving_default',
  inputs: {
    x: { dtype: 'float32', shape: [1, 2], b64: 'AACAPwAAAEA=' },
    s: { dtype: 'string', shape: [1], strings_b64: ['aGk='] },
  },
};

function base64(array: ArrayBufferView): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

describe('readCase', () => {
  it('reads the example of the format', () => {
    const read = readCase(EXAMPLE, 'example');
    expect(read.signature).toBe('serving_default');
    expect(read.inputs.get('x')).toEqual({
      dtype: 'float32',
      shape: [1, 2],
      data: new Float32Array([1, 2]),
    });
    expect(read.inputs.get('s')).toEqual({
      dtype: 'string',
      shape: [1],
      data: [new Uint8Array([104, 105])],
    });
    expect(read.outputs.size).toBe(0);
  });

  it('reads gzipped bytes, a sample, and what is not deterministic', () => {
    const document = {
      ...EXAMPLE,
      model: 'm',
      outputs: {
        y: {
          dtype: 'float32',
          shape: [3000, 2000],
          sampled: true,
          flat_index_b64: base64(new BigInt64Array([0n, 5_999_999n])),
          b64: base64(new Float32Array([3, 4])),
        },
      },
      deterministic: { y: false },
    };
    const read = parseCase(gzipSync(JSON.stringify(document)), 'f');
    expect(read.outputs.get('y')).toEqual({
      dtype: 'float32',
      shape: [3000, 2000],
      indices: [0, 5_999_999],
      values: { dtype: 'float32', shape: [2], data: new Float32Array([3, 4]) },
    });
    expect(read.deterministic.get('y')).toBe(false);
  });

  it.each<[string, unknown]>([
    ['not an object', []],
    ['no inputs', { signature: 'a' }],
    ['signature is not a name', { signature: 3, inputs: {} }],
    ['unknown dtype', { inputs: { x: { dtype: 'float', shape: [], b64: '' } } }],
    ['unknown dtype', { inputs: { x: { dtype: 'toString', shape: [], b64: '' } } }],
    ['unknown field order', { inputs: { x: { dtype: 'int8', shape: [], b64: 'AA==', order: 'F' } } }],
    ['shape holds -1', { inputs: { x: { dtype: 'int8', shape: [-1], b64: '' } } }],
    ['shape holds 0.5', { inputs: { x: { dtype: 'int8', shape: [0.5], b64: '' } } }],
    ['3 bytes, its shape needs 4', { inputs: { x: { dtype: 'float32', shape: [1], b64: 'AAAA' } } }],
    ['not base64', { inputs: { x: { dtype: 'int8', shape: [3], b64: 'A*AA' } } }],
    ['not base64', { inputs: { x: { dtype: 'int8', shape: [2], b64: 'AA-=' } } }],
    ['neither 0 nor 1', { inputs: { x: { dtype: 'bool', shape: [1], b64: 'Ag==' } } }],
    ['needs strings_b64', { inputs: { x: { dtype: 'string', shape: [1], b64: 'AA==' } } }],
    ['1 strings for 2 elements', { inputs: { x: { dtype: 'string', shape: [2], strings_b64: ['AA=='] } } }],
    [
      'can not be an input',
      { inputs: { x: { dtype: 'int8', shape: [1], b64: 'AA==', sampled: true, flat_index_b64: '' } } },
    ],
    [
      'leaves the shape',
      {
        inputs: {},
        outputs: {
          y: {
            dtype: 'int8',
            shape: [1],
            b64: 'AA==',
            flat_index_b64: base64(new BigInt64Array([1n])),
          },
        },
      },
    ],
  ])('refuses: %s', (message, document) => {
    expect(() => readCase(document, 'case')).toThrow(
      expect.objectContaining({ code: 'TFD_INPUT_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('answers any bytes with a case or a coded error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) => {
        try {
          parseCase(bytes, 'fuzz');
        } catch (error) {
          expect(error).toMatchObject({ code: 'TFD_INPUT_INVALID' });
        }
      }),
    );
  });
});

describe('isCase', () => {
  it('tells the format from a serving request', () => {
    expect(isCase(EXAMPLE)).toBe(true);
    expect(isCase({ inputs: {} })).toBe(true);
    expect(isCase({ inputs: { x: [[1, 2]] } })).toBe(false);
    expect(isCase({ inputs: { x: { b64: 'AA==' } } })).toBe(false);
    expect(isCase({ instances: [1] })).toBe(false);
  });
});

describe('formatCase', () => {
  const tensors = fc
    .tuple(fc.constantFrom(...NUMERIC), fc.array(fc.nat(3), { maxLength: 4 }))
    .chain(([dtype, shape]) => {
      const length = elementCount(shape) * DTYPES[dtype].bytes;
      const bytes = fc.uint8Array({ minLength: length, maxLength: length });
      return bytes.map((raw): Tensor => {
        const data = viewAs(dtype, dtype === 'bool' ? raw.map((byte) => byte & 1) : raw);
        return { dtype, shape, data };
      });
    });

  it('reads back what it wrote, of every type', () => {
    fc.assert(
      fc.property(tensors, fc.uint8Array(), fc.boolean(), (tensor, string, isZipped) => {
        const inputs = new Map<string, Tensor>([
          ['t', tensor],
          ['__proto__', { dtype: 'string', shape: [], data: [string] }],
        ]);
        const file = formatCase(isZipped ? 'c.json.gz' : 'c.json', 'sig', inputs, inputs);
        const read = parseCase(file, 'c');
        expect(read.signature).toBe('sig');
        const bytesOf = (map: ReadonlyMap<string, unknown>) =>
          [...map].map(([name, value]) => {
            const { dtype, shape, data } = value as Tensor;
            const raw = dtype === 'string' ? data : Buffer.from((data as Uint8Array).buffer).toString('hex');
            return { name, dtype, shape, raw };
          });
        expect(bytesOf(read.inputs)).toEqual(bytesOf(inputs));
        expect(bytesOf(read.outputs)).toEqual(bytesOf(inputs));
      }),
    );
  });
});

describe('compareOutput', () => {
  const sample: SampledTensor = {
    dtype: 'float32',
    shape: [2, 2],
    indices: [3, 0],
    values: numericTensor('float32', [2], [4, 1]),
  };
  it('compares the sampled elements', () => {
    expect(compareOutput(numericTensor('float32', [2, 2], [1, 9, 9, 4]), sample).matches).toBe(true);
    expect(compareOutput(numericTensor('float32', [2, 2], [1, 9, 9, 5]), sample)).toMatchObject({
      matches: false,
      maxAbs: 1,
    });
  });
  it('compares the whole shape', () => {
    const other = compareOutput(numericTensor('float32', [4], [1, 9, 9, 4]), sample);
    expect(other).toMatchObject({ matches: false, why: 'its shape is [4], expected [2, 2]' });
  });
});
