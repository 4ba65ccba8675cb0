import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../../src/base/dtype.js';
import { isTfdeployError } from '../../../src/base/error.js';
import type { Tensor } from '../../../src/base/tensor.js';
import { decodeFast } from '../../../src/http/codec/decode-fast.js';
import { decodeTape } from '../../../src/http/codec/decode-tape.js';
import type { DecodedPredict } from '../../../src/http/codec/types.js';
import { signatureOf, sourceOf } from './signature.js';

type Inputs = Record<string, DType>;

function fast(body: string | Buffer, inputs: Inputs): DecodedPredict | undefined {
  return decodeFast(Buffer.from(body), sourceOf(signatureOf(inputs)));
}

function careful(body: string | Buffer, inputs: Inputs): DecodedPredict {
  return decodeTape(Buffer.from(body), sourceOf(signatureOf(inputs)));
}

function plain(decoded: DecodedPredict | undefined) {
  if (decoded === undefined) return undefined;
  return {
    format: decoded.format,
    inputs: Object.fromEntries(
      [...decoded.inputs].map(([name, tensor]) => [
        name,
        { dtype: tensor.dtype, shape: tensor.shape, data: Array.from(tensor.data as Iterable<unknown>) },
      ]),
    ),
  };
}

function dense(tensor: Tensor): unknown {
  const values = [...(tensor.data as Iterable<unknown>)];
  const nest = (level: number): unknown =>
    level === tensor.shape.length
      ? values.shift()
      : Array.from({ length: tensor.shape[level]! }, () => nest(level + 1));
  return nest(0);
}

/** Dense values of a random shape (rank 1 to 4, no size 0) and their JSON text with random white space. */
function denseOf(element: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
    const level = (depth: number): fc.Arbitrary<unknown> =>
      depth === shape.length
        ? element
        : fc.array(level(depth + 1), { minLength: shape[depth]!, maxLength: shape[depth]! });
    return level(0) as fc.Arbitrary<unknown[]>;
  });
}

const spaces = fc.constantFrom('', ' ', '\n', '\t ', '\r\n  ');

function textOf(value: unknown, space: string): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[${space}${value.map((item) => textOf(item, space)).join(`${space},${space}`)}${space}]`;
}

const decimals = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((units) => units / 1000),
  fc.integer(),
);

describe('decimals', () => {
  it('are the doubles of JSON.parse, rounded to the type', () => {
    fc.assert(
      fc.property(denseOf(decimals), spaces, fc.constantFrom('float32', 'float64'), (value, space, dtype) => {
        const decoded = fast(`{"instances":${space}${textOf(value, space)}}`, { x: dtype as DType });
        const parsed = JSON.parse(JSON.stringify(value));
        const flat = (parsed as unknown[]).flat(9) as number[];
        const expected = dtype === 'float32' ? Float32Array.from(flat) : Float64Array.from(flat);
        expect(decoded?.inputs.get('x')?.data).toEqual(expected);
        expect(JSON.stringify(dense(decoded!.inputs.get('x')!)).length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('with many digits round like Number()', () => {
    const digits = fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 })
      .map((list) => list.join('').replace(/^0+(?=\d)/, ''));
    const texts = fc
      .tuple(fc.boolean(), digits, fc.option(digits), fc.option(fc.integer({ min: -330, max: 290 })))
      .map(([minus, whole, part, power]) => {
        const point = part === null ? '' : `.${part}`;
        return `${minus ? '-' : ''}${whole}${point}${power === null ? '' : `e${power}`}`;
      })
      .filter((text) => Number.isFinite(Number(text)));
    fc.assert(
      fc.property(texts, (text) => {
        const single =
          fast(`{"inputs":[${text}]}`, { x: 'float32' }) ?? careful(`{"inputs":[${text}]}`, { x: 'float32' });
        const double = fast(`{"inputs":[${text}]}`, { x: 'float64' })!;
        expect(single.inputs.get('x')?.data[0]).toBe(Math.fround(Number(text)));
        expect(double.inputs.get('x')?.data[0]).toBe(Number(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('take NaN and the infinities', () => {
    const decoded = fast('{"inputs":[NaN, Infinity, -Infinity,Inf,-Inf]}', { x: 'float32' });
    expect([...(decoded!.inputs.get('x')!.data as Float32Array)]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('read 16-bit floats, rounded to nearest even', () => {
    const body = '{"inputs":[1, 65504, 65520, 0.1, 5.960464477539063e-8, 2049, 2051, -0.0]}';
    expect([...(fast(body, { x: 'float16' })!.inputs.get('x')!.data as Uint16Array)]).toEqual([
      0x3c00, 0x7bff, 0x7c00, 0x2e66, 1, 0x6800, 0x6802, 0x8000,
    ]);
    expect([
      ...(fast('{"inputs":[1,0.1,3.4e38]}', { x: 'bfloat16' })!.inputs.get('x')!.data as Uint16Array),
    ]).toEqual([0x3f80, 0x3dcd, 0x7f80]);
  });
});

const integerTypes = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
};

describe('integers', () => {
  for (const [dtype, bits] of Object.entries(integerTypes)) {
    const isSigned = dtype.startsWith('i');
    const least = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
    const most = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n;
    it(`${dtype} is exact over its whole range and refused outside`, () => {
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min: least, max: most }), { minLength: 1 }), (values) => {
          const body = `{"instances":[${[...values, least, most].join(',')}]}`;
          const inputs = { x: dtype as DType };
          const decoded = fast(body, inputs) ?? careful(body, inputs);
          expect([...(decoded.inputs.get('x')!.data as Int32Array)].map(BigInt)).toEqual([
            ...values,
            least,
            most,
          ]);
        }),
        { numRuns: 200 },
      );
      for (const bad of [least - 1n, most + 1n, '1.0', '1e2', '"1"', 'true', 'null']) {
        const body = `{"inputs":[${bad}]}`;
        expect(fast(body, { x: dtype as DType })).toBeUndefined();
        expect(() => careful(body, { x: dtype as DType })).toThrow(/not of expected type/);
      }
    });
  }
});

/** JSON that is well formed and fits the signature more often than not. */
const requests = fc
  .record({
    rows: fc.integer({ min: 1, max: 4 }),
    inner: fc.constantFrom('', '[1,2]', '[[1],[2]]'),
    format: fc.constantFrom('instances', 'inputs'),
    shape: fc.constantFrom('plain', 'named', 'one'),
    dtype: fc.constantFrom<DType>('float32', 'int32', 'int64', 'string', 'bool', 'uint8', 'float16'),
    elements: fc.array(
      fc.constantFrom(
        '1',
        '2.5',
        '-3',
        '"a\\u00e9\\n"',
        '{"b64":"aGk="}',
        'true',
        'false',
        'NaN',
        'null',
        '[]',
        '{}',
        '300',
        '1e400',
      ),
      { minLength: 1, maxLength: 5 },
    ),
    extra: fc.constantFrom(
      '',
      '"signature_name":"serving_default",',
      '"other":[[{}]],',
      '"n":1,',
      '"instances":[1],',
    ),
    tail: fc.constantFrom(
      '',
      ' ',
      '}garbage',
      ',"signature_name":"serving_default"',
      ',"z":"\\ud83d\\ude00"',
    ),
  })
  .map(({ rows, inner, format, shape, dtype, elements, extra, tail }) => {
    const value = (row: number) =>
      inner === ''
        ? elements[row % elements.length]!
        : inner.replaceAll(/\d/g, (d) => elements[(Number(d) + row) % elements.length]!);
    const row = (index: number) =>
      shape === 'plain'
        ? value(index)
        : shape === 'one'
          ? `{"x": ${value(index)}}`
          : `{"y":${value(index)},"x":${value(index)}}`;
    const list = Array.from({ length: rows }, (_, index) => row(index)).join(', ');
    const inputs: Inputs = shape === 'named' ? { x: dtype, y: dtype } : { x: dtype };
    const body = `{${extra}"${format}": ${format === 'inputs' && shape !== 'plain' ? row(0) : `[${list}]`}${tail}}`;
    return { body, inputs };
  });

describe('the two readers', () => {
  it('agree wherever the fast one answers', () => {
    let answered = 0;
    fc.assert(
      fc.property(requests, ({ body, inputs }) => {
        const quick = fast(body, inputs);
        if (quick === undefined) return;
        answered++;
        expect(plain(quick)).toEqual(plain(careful(body, inputs)));
      }),
      { numRuns: 4000 },
    );
    expect(answered).toBeGreaterThan(150);
  });

  it('answer every hostile body with tensors or a coded error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list)),
      fc
        .array(
          fc.constantFrom(
            '{',
            '}',
            '[',
            ']',
            ',',
            ':',
            '"',
            '\\',
            '"instances"',
            '"inputs"',
            '"signature_name"',
            '"b64"',
            '"x"',
            '1',
            '-',
            '.',
            'e',
            '1e999',
            '0',
            'NaN',
            'Inf',
            'inity',
            'true',
            'null',
            '\u0000',
            ' ',
            '\\ud800',
            '\\u00zz',
          ),
          { maxLength: 60 },
        )
        .map((tokens) => Buffer.from(tokens.join(''))),
      fc.tuple(requests, fc.nat(), fc.nat(255), fc.boolean()).map(([{ body }, at, byte, cut]) => {
        const buffer = Buffer.from(body);
        if (cut) return buffer.subarray(0, at % (buffer.length + 1));
        buffer[at % buffer.length] = byte;
        return buffer;
      }),
    );
    const dtypes = fc.constantFrom<DType>(
      'float32',
      'float64',
      'int32',
      'int64',
      'string',
      'bool',
      'uint8',
      'complex64',
    );
    fc.assert(
      fc.property(bytes, dtypes, fc.boolean(), (body, dtype, isMany) => {
        const inputs: Inputs = isMany ? { x: dtype, y: 'float32' } : { x: dtype };
        const quick = fast(body, inputs);
        try {
          const slow = careful(body, inputs);
          if (quick !== undefined) expect(plain(quick)).toEqual(plain(slow));
        } catch (error) {
          if (!isTfdeployError(error)) throw error;
          expect(quick).toBeUndefined();
        }
      }),
      { numRuns: 12_000 },
    );
  });
});
