import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NumericDType } from '../../src/base/dtype.js';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { readPlan } from '../../src/convert/plan-files.js';
import { findSignature } from '../../src/engine/bind.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import type { PlanExecutor } from '../../src/engine/types.js';
import {
  constant,
  hostStage,
  identitySignature,
  matmulSignature,
  onnxNode,
  onnxStage,
  planOf,
  port,
  signature,
} from './plan-fixture.js';

const NUMERIC: readonly NumericDType[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
];

function floats(shape: readonly number[], values: readonly number[]): Tensor {
  return numericTensor('float32', shape, values);
}

function strings(...texts: (string | Uint8Array)[]): Tensor {
  return {
    dtype: 'string',
    shape: [texts.length],
    data: texts.map((text) => new Uint8Array(Buffer.from(text))),
  };
}

function inputs(tensors: Readonly<Record<string, Tensor>>): TensorMap {
  return new Map(Object.entries(tensors));
}

/** Two ONNX stages with a host stage between: twice = relu(x)·2, shape of it, and a constant. */
function stagedSignature() {
  const [x, relu, twice] = [port('x'), port('relu'), port('twice')];
  const size = port('size', 'int32', [2]);
  const stages = [
    onnxStage([x], [relu], [onnxNode('Relu', ['x'], ['relu'])]),
    hostStage(
      ['relu'],
      ['size', 'fixed'],
      [
        {
          op: 'Shape',
          name: 'the_shape',
          inputs: ['relu'],
          outputs: ['size'],
          outputDTypes: ['int32'],
          attrs: new Map([
            ['T', { kind: 'type', value: 1 }],
            ['out_type', { kind: 'type', value: 3 }],
          ]),
        },
      ],
      { fixed: floats([1], [42]) },
    ),
    onnxStage([relu], [twice], [onnxNode('Add', ['relu', 'relu'], ['twice'])]),
  ];
  return signature('staged', [x], [twice, size, port('fixed', 'float32', [1]), x], stages);
}

describe('createInlineRunner', () => {
  let runner: PlanExecutor;
  beforeAll(async () => {
    const withDefault = { ...identitySignature('float32'), name: 'defaulted' };
    runner = await createInlineRunner(
      planOf(
        matmulSignature(),
        stagedSignature(),
        ...NUMERIC.map((dtype) => identitySignature(dtype, ['n', 'm'])),
        identitySignature('string'),
        {
          ...withDefault,
          inputs: withDefault.inputs.map((each) => ({ ...each, default: floats([2], [7, 8]) })),
        },
        { ...identitySignature('int8', []), name: 'scalar' },
        {
          ...signature(
            'quantized',
            [port('x', 'qint8', ['n'])],
            [port('y', 'qint8', ['n'])],
            [
              onnxStage(
                [port('x', 'int8', ['n'])],
                [port('y', 'int8', ['n'])],
                [onnxNode('Identity', ['x'], ['y'])],
              ),
            ],
          ),
        },
      ),
    );
  });
  afterAll(() => runner.close());

  const refusal = (code: string, text: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(text) });

  it('computes', async () => {
    const { outputs, timing } = await runner.runTimed('matmul', inputs({ x: floats([1, 4], [1, 1, 1, 1]) }));
    expect(outputs.get('y')).toEqual(floats([1, 2], [16, 20]));
    expect(timing.computeMs).toBeGreaterThan(0);
    expect(runner.pending).toBe(0);
  });

  it.each(NUMERIC)('carries %s, in an empty tensor too', async (dtype) => {
    const tensor = numericTensor(dtype, [2, 2], dtype === 'bool' ? [0, 1, 1, 0] : [0, 1, 100, 127]);
    expect((await runner.run(dtype, inputs({ x: tensor }))).get('y')).toEqual(tensor);
    const empty = numericTensor(dtype, [0, 4], []);
    expect((await runner.run(dtype, inputs({ x: empty }))).get('y')).toEqual(empty);
  });

  it('carries a scalar, a quantized type, and memory that is a part of more or shared', async () => {
    const scalar = numericTensor('int8', [], [-5]);
    expect((await runner.run('scalar', inputs({ x: scalar }))).get('y')).toEqual(scalar);
    const quantized = numericTensor('qint8', [2], [-1, 1]);
    expect((await runner.run('quantized', inputs({ x: quantized }))).get('y')).toEqual(quantized);
    const part = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    for (const data of [part, shared]) {
      const x: Tensor = { dtype: 'float32', shape: [1, 2], data };
      expect((await runner.run('float32', inputs({ x }))).get('y')).toEqual(floats([1, 2], [1, 2]));
    }
  });

  it('carries any UTF-8 text as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), async (texts) => {
        const x = strings(...texts.map((text) => text.replaceAll('\0', '')), '\ufeffbom', '日本', '');
        expect((await runner.run('string', inputs({ x }))).get('y')).toEqual(x);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['a NUL byte', 'a\0b', 'holds a NUL byte'],
    ['bytes that are no text', new Uint8Array([0xff, 0xd8]), 'is not valid UTF-8'],
    ['an encoded surrogate', new Uint8Array([0xed, 0xa0, 0x80]), 'is not valid UTF-8'],
  ])('refuses a string with %s rather than changing it', async (_, text, why) => {
    await expect(runner.run('string', inputs({ x: strings(text) }))).rejects.toEqual(
      refusal('TFD_INPUT_INVALID', why),
    );
  });

  it('runs stages in order, and only those that the outputs need', async () => {
    const x = floats([1, 4], [-1, 1, 2, 3]);
    const all = await runner.run('staged', inputs({ x }));
    expect([...all.keys()]).toEqual(['twice', 'size', 'fixed', 'x']);
    expect(all.get('twice')).toEqual(floats([1, 4], [0, 2, 4, 6]));
    expect(all.get('size')).toEqual(numericTensor('int32', [2], [1, 4]));
    const some = await runner.run('staged', inputs({ x }), ['size']);
    expect([...some.keys()]).toEqual(['size']);
    const none = await runner.run('staged', inputs({ x: floats([2], [1, 2]) }), ['x']);
    expect(none.get('x')).toEqual(floats([2], [1, 2]));
  });

  it('gives outputs that share no memory with constants or inputs', async () => {
    const x = floats([1, 4], [1, 2, 3, 4]);
    const first = await runner.run('staged', inputs({ x }));
    (first.get('fixed')!.data as Float32Array).fill(0);
    (first.get('x')!.data as Float32Array).fill(0);
    expect(x.data[0]).toBe(1);
    expect((await runner.run('staged', inputs({ x }))).get('fixed')).toEqual(floats([1], [42]));
  });

  it('fills in the default of an input', async () => {
    expect((await runner.run('defaulted', new Map())).get('y')).toEqual(floats([2], [7, 8]));
    expect((await runner.run('defaulted', inputs({ x: floats([1], [1]) }))).get('y')).toEqual(
      floats([1], [1]),
    );
  });

  it.each<[string, string, string, Record<string, Tensor>, string[]?]>([
    ['TFD_SIGNATURE_NOT_FOUND', 'no signature "nope"', 'nope', {}],
    ['TFD_INPUT_INVALID', 'input x is missing', 'matmul', {}],
    [
      'TFD_INPUT_INVALID',
      'has no input z',
      'matmul',
      { x: floats([1, 4], [1, 2, 3, 4]), z: floats([0], []) },
    ],
    [
      'TFD_INPUT_INVALID',
      'is int32, the signature wants float32',
      'matmul',
      { x: numericTensor('int32', [0], []) },
    ],
    [
      'TFD_INPUT_INVALID',
      'of shape [3, 4] has 4 elements',
      'matmul',
      { x: { ...floats([3, 4], []), data: new Float32Array(4) } as Tensor },
    ],
    ['TFD_INPUT_INVALID', 'has the shape [-1]', 'matmul', { x: { ...floats([0], []), shape: [-1] } }],
    ['TFD_INPUT_INVALID', 'has no output q', 'matmul', { x: floats([1, 4], [1, 2, 3, 4]) }, ['q']],
    ['TFD_INPUT_INVALID', 'Invalid rank for input: x', 'matmul', { x: floats([4], [1, 2, 3, 4]) }],
    [
      'TFD_INPUT_INVALID',
      'invalid dimensions for input: x',
      'matmul',
      { x: floats([2, 3], [1, 2, 3, 4, 5, 6]) },
    ],
  ])('refuses with %s: %s', async (code, text, name, given, outputs) => {
    await expect(runner.run(name, inputs(given), outputs)).rejects.toEqual(refusal(code, text));
  });

  it('says why a signature was refused at compile time', async () => {
    const blocker = { op: 'AssignAdd', node: 'n', layer: '', dtype: '', shape: '', wayOut: 'another way' };
    const planDir = planOf(matmulSignature());
    const plan = readPlan(planDir);
    const refused = {
      name: 'count',
      methodName: '',
      blockers: [{ ...blocker, code: 'TFD_STATEFUL', why: 'it changes a variable' }],
    };
    expect(() => findSignature({ ...plan, refused: [refused] }, 'count')).toThrow(
      expect.objectContaining({
        code: 'TFD_STATEFUL',
        message: 'signature "count" can not be run: it changes a variable (AssignAdd n)',
        hint: 'another way',
      }),
    );
  });

  it('names the node of a file that the engine does not take', async () => {
    const [x, y] = [port('x'), port('y')];
    const broken = await createInlineRunner(
      planOf(signature('s', [x], [y], [onnxStage([x], [y], [onnxNode('Frob', ['x'], ['y'])])])),
    );
    const run = () => broken.run('s', inputs({ x: floats([1, 4], [1, 2, 3, 4]) }));
    await expect(run()).rejects.toEqual(refusal('TFD_ENGINE_FAILED', 'the_Frob'));
    await expect(run()).rejects.toEqual(refusal('TFD_ENGINE_FAILED', 'the_Frob'));
    await broken.close();
  });

  it('refuses a type that the engine can not carry', async () => {
    const [x, y] = [port('x', 'complex64'), port('y', 'complex64')];
    const plan = planOf(
      signature('s', [x], [y], [onnxStage([port('x')], [port('y')], [onnxNode('Relu', ['x'], ['y'])])]),
    );
    const complex = await createInlineRunner(plan);
    const tensor: Tensor = { dtype: 'complex64', shape: [1], data: new Float32Array(2) };
    await expect(complex.run('s', inputs({ x: tensor }))).rejects.toEqual(
      refusal('TFD_DTYPE_UNSUPPORTED', 'complex64'),
    );
    await complex.close();
  });

  it('maps external weights and runs', async () => {
    const [x, y] = [port('x', 'float32', ['batch', 1024]), port('y', 'float32', ['batch', 1024])];
    const w = numericTensor('float32', [1024, 1024], new Float32Array(1 << 20).fill(0.5));
    expect(constant(w).byteLength).toBeGreaterThan(1 << 20);
    const stage = onnxStage([x], [y], [onnxNode('MatMul', ['x', 'w'], ['y'])], { w });
    const planDir = planOf(signature('s', [x], [y], [stage]));
    for (const isWeightSharing of [false, true]) {
      const big = await createInlineRunner(planDir, { isWeightSharing });
      const ones = floats([1, 1024], new Array(1024).fill(1));
      const out = await big.run('s', inputs({ x: ones }));
      expect(out.get('y')?.data.every((value) => value === 512)).toBe(true);
      await big.close();
    }
  });
});
