import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { caseToJson } from '../../src/base/case-format.js';
import { type DType, tfEnumName } from '../../src/base/dtype.js';
import { isTfdeployError } from '../../src/base/error.js';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { readPayloads } from '../../src/bench/payload/input-file.js';
import { makePayloads } from '../../src/bench/payload/make.js';
import { readSignature, type SignatureSpec } from '../../src/bench/payload/signature.js';
import { VALUE_WRITERS } from '../../src/bench/payload/values.js';

const OPTIONS = { seed: 1, rows: 1, distinct: 3, shapes: new Map<string, number[]>() };

function metadata(signatures: Record<string, unknown>): unknown {
  return { model_spec: {}, metadata: { signature_def: { signature_def: signatures } } };
}

function input(dtype: DType, dims: readonly number[] | null): unknown {
  const shape = {
    dim: (dims ?? []).map((size) => ({ size: String(size), name: '' })),
    unknown_rank: dims === null,
  };
  return { dtype: tfEnumName(dtype), tensor_shape: shape, name: 'x:0' };
}

/** The nested sizes of JSON lists; a ragged one throws. */
function shapeOf(value: unknown): number[] {
  if (!Array.isArray(value)) return [];
  const inner = value.map(shapeOf);
  for (const one of inner) expect(one).toEqual(inner[0]);
  return [value.length, ...(inner[0] ?? [])];
}

const writable = fc.constantFrom(...(Object.keys(VALUE_WRITERS) as DType[]));
const dims = fc.oneof(fc.constant(null), fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 4 }));

describe('signature', () => {
  const both = metadata({
    serving_default: { inputs: { x: input('float32', [-1, 4]) }, method_name: 'tensorflow/serving/predict' },
    other: { inputs: { s: input('string', null) }, method_name: '' },
    __saved_model_init_op: { inputs: {} },
  });

  it('reads what the server tells', () => {
    expect(readSignature(both, undefined, 'here')).toEqual({
      name: 'serving_default',
      methodName: 'tensorflow/serving/predict',
      inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 4] }],
    });
    expect(readSignature(both, 'other', 'here').inputs).toEqual([
      { name: 's', dtype: 'string', shape: null },
    ]);
    const only = metadata({
      mine: { inputs: { x: input('int64', []) } },
      __saved_model_init_op: { inputs: {} },
    });
    expect(readSignature(only, undefined, 'here')).toMatchObject({ name: 'mine', inputs: [{ shape: [] }] });
  });

  it('refuses what it can not use', () => {
    const code = (value: unknown, name?: string): string | undefined => {
      try {
        readSignature(value, name, 'here');
        return undefined;
      } catch (error) {
        return isTfdeployError(error) ? error.code : String(error);
      }
    };
    expect(code(both, 'nope')).toBe('TFD_SIGNATURE_NOT_FOUND');
    expect(code(both, '__saved_model_init_op')).toBe('TFD_SIGNATURE_NOT_FOUND');
    expect(code({})).toBe('TFD_UNAVAILABLE');
    expect(code(metadata({ serving_default: { inputs: { x: { dtype: 'DT_WHAT' } } } }))).toBe(
      'TFD_DTYPE_UNSUPPORTED',
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const codes = [
          value,
          metadata({ serving_default: { inputs: value } }),
          metadata({ serving_default: { inputs: { x: value } } }),
        ];
        for (const one of codes) expect(code(one) ?? 'TFD_OK').toMatch(/^TFD_/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('makePayloads', () => {
  it('makes distinct requests that fit any signature', () => {
    const signature = fc.record({
      name: fc.constantFrom('serving_default', 'a "quoted" name'),
      methodName: fc.constant(''),
      inputs: fc
        .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 6 }), writable, dims), {
          minLength: 1,
          maxLength: 3,
          selector: ([name]) => name,
        })
        .map((list) => list.map(([name, dtype, shape]) => ({ name, dtype, shape }))),
    });
    fc.assert(
      fc.property(signature, fc.integer({ min: 1, max: 3 }), fc.nat(), (spec: SignatureSpec, rows, seed) => {
        const isRowWise = spec.inputs.every(({ shape }) => shape === null || shape[0] === -1);
        const options = { ...OPTIONS, rows: isRowWise ? rows : 1, seed };
        const { bodies } = makePayloads(spec, options);
        expect(makePayloads(spec, options).bodies).toEqual(bodies);
        expect(bodies).toHaveLength(3);
        for (const body of bodies) {
          const json = JSON.parse(body.toString()) as Record<string, unknown>;
          expect(json.signature_name ?? 'serving_default').toBe(spec.name);
          for (const { name, shape } of spec.inputs) {
            const filled = (shape ?? [-1]).map((size, axis, all) =>
              size >= 0
                ? size
                : axis === 0
                  ? options.rows
                  : all.length === 4 && [1, 3, 4].includes(all[3]!)
                    ? 224
                    : 16,
            );
            const value = isRowWise
              ? (json.instances as unknown[]).map((row) =>
                  spec.inputs.length === 1 ? row : (row as Record<string, unknown>)[name],
                )
              : (json.inputs as Record<string, unknown>)[name];
            const emptyAt = filled.indexOf(0);
            expect(shapeOf(value)).toEqual(emptyAt === -1 ? filled : filled.slice(0, emptyAt + 1));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stays in the range of each data type', () => {
    const ranges: Partial<Record<DType, [number, number]>> = {
      float32: [0, 1],
      uint8: [0, 255],
      int8: [-128, 127],
      int64: [0, 9],
    };
    for (const [dtype, [low, high]] of Object.entries(ranges)) {
      const spec = {
        name: 's',
        methodName: '',
        inputs: [{ name: 'x', dtype: dtype as DType, shape: [-1, 500] }],
      };
      const [body] = makePayloads(spec, OPTIONS).bodies;
      const [row] = (JSON.parse(body!.toString()) as { instances: number[][] }).instances;
      expect(Math.min(...row!)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...row!)).toBeLessThanOrEqual(high);
      expect(new Set(row).size).toBeGreaterThan(5);
    }
  });

  it('says what it had to guess, and takes a shape from the user', () => {
    const spec = {
      name: 's',
      methodName: '',
      inputs: [{ name: 'x', dtype: 'float32' as const, shape: [-1, -1, -1, 3] }],
    };
    const guessed = makePayloads(spec, { ...OPTIONS, distinct: 1 });
    expect(guessed.about).toBe('x:float32[1,224,224,3]');
    expect(guessed.notes[0]).toContain('--shape x=1x224x224x3');
    const given = makePayloads(spec, { ...OPTIONS, shapes: new Map([['x', [2, 8, 8, 3]]]) });
    expect(given).toMatchObject({ about: 'x:float32[2,8,8,3]', notes: [] });
    const refused = (shapes: [string, number[]][], rows = 1): unknown => {
      try {
        return makePayloads(spec, { ...OPTIONS, rows, shapes: new Map(shapes) });
      } catch (error) {
        return isTfdeployError(error) ? error.code : error;
      }
    };
    expect(refused([['y', [1]]])).toBe('TFD_INPUT_INVALID');
    expect(refused([['x', [1, 8, 8, 4]]])).toBe('TFD_INPUT_INVALID');
    expect(refused([['x', [1, 99999, 99999, 3]]])).toBe('TFD_INPUT_INVALID');
    const fixed = { ...spec, inputs: [{ name: 'x', dtype: 'float32' as const, shape: [2] }] };
    expect(() => makePayloads(fixed, { ...OPTIONS, rows: 2 })).toThrow(/no batch dimension/);
    const complex = { ...spec, inputs: [{ name: 'x', dtype: 'complex64' as const, shape: [2] }] };
    expect(() => makePayloads(complex, OPTIONS)).toThrow(/complex64/);
  });

  it('keeps large requests few', () => {
    const spec = {
      name: 's',
      methodName: '',
      inputs: [{ name: 'x', dtype: 'float32' as const, shape: [-1, 700_000] }],
    };
    expect(makePayloads(spec, { ...OPTIONS, distinct: 64 }).bodies.length).toBeLessThan(12);
  });
});

describe('readPayloads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-payload-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, bytes: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('sends a request as it stands, and one per line', () => {
    expect(readPayloads(write('a.json', ' {"instances": [1.50]}\n'), undefined).bodies.map(String)).toEqual([
      '{"instances": [1.50]}',
    ]);
    const lines = write('a.jsonl.gz', gzipSync('{"inputs":[1]}\n\n{"inputs":[2]}\n'));
    expect(readPayloads(lines, undefined).bodies.map(String)).toEqual(['{"inputs":[1]}', '{"inputs":[2]}']);
    expect(readPayloads(write('nan.json', '{"instances":[NaN]}'), undefined).bodies.map(String)).toEqual([
      '{"instances":[NaN]}',
    ]);
  });

  it('turns a case into columns', () => {
    const inputs: TensorMap = new Map<string, Tensor>([
      ['f', numericTensor('float32', [1, 3], [0.5, -0, Number.NaN])],
      ['i', numericTensor('int64', [], [2n ** 60n])],
      ['b', numericTensor('bool', [2], [1, 0])],
      ['s', { dtype: 'string' as const, shape: [1], data: [Buffer.from('hi')] }],
    ]);
    const path = write('case.json', JSON.stringify(caseToJson('mine', inputs, new Map())));
    expect(readPayloads(path, undefined).bodies.map(String)).toEqual([
      '{"signature_name":"mine","inputs":{"f":[[0.5,-0.0,NaN]],"i":1152921504606846976,"b":[true,false],"s":[{"b64":"aGk="}]}}',
    ]);
  });

  it('adds the signature asked for, or refuses another', () => {
    const path = write('b.json', '{"instances":[1]}');
    expect(readPayloads(path, 'mine').bodies.map(String)).toEqual([
      '{"signature_name":"mine","instances":[1]}',
    ]);
    const named = write('c.json', '{"signature_name":"mine","instances":[1]}');
    expect(readPayloads(named, 'mine').bodies.map(String)).toEqual([
      '{"signature_name":"mine","instances":[1]}',
    ]);
    expect(() => readPayloads(named, 'other')).toThrow(/for signature 'mine'/);
  });

  it.each([
    ['none.json', undefined],
    ['text.json', 'hello'],
    ['empty.jsonl', '\n'],
    ['other.json', '{"x":1}'],
    ['list.json', '[1]'],
    ['torn.json.gz', gzipSync('{"instances":[1]}').subarray(0, 20)],
  ])('refuses %s', (name, bytes) => {
    const path = bytes === undefined ? join(folder, name) : write(name, bytes);
    expect(() => readPayloads(path, undefined)).toThrow(
      expect.objectContaining({ code: 'TFD_INPUT_INVALID' }),
    );
  });
});
