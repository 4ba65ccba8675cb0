import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHalfBits } from '../../src/base/half.js';
import type { Dim } from '../../src/base/shape.js';
import { elementCount, type NumericTensor, numericTensor } from '../../src/base/tensor.js';
import type { CompiledModel, CompiledSignature } from '../../src/convert/compiled.js';
import { denseValue } from '../../src/convert/derive.js';
import {
  applyDynamic,
  applyHalf,
  applyStatic,
  foldModel,
  listCalibrated,
} from '../../src/convert/quantize/apply.js';
import { quantizeWeights } from '../../src/convert/quantize/int8-weights.js';
import { chooseScale, type Range } from '../../src/convert/quantize/ranges.js';
import type { OnnxAttr, OnnxNode } from '../../src/convert/types.js';
import { loadCompiled } from './run-compiled.js';

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  };
}

function tensor(shape: readonly number[], seed: number): NumericTensor {
  const next = random(seed);
  return numericTensor(
    'float32',
    shape,
    Array.from({ length: elementCount(shape) }, () => next()),
  );
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attrs: Record<string, OnnxAttr> = {},
): OnnxNode => ({
  op,
  domain: '',
  name: output,
  inputs,
  outputs: [output],
  attrs: new Map(Object.entries(attrs)),
});

function model(
  nodes: readonly OnnxNode[],
  weights: Record<string, NumericTensor>,
  shape: readonly Dim[],
): CompiledModel {
  const border = { name: 'x', ref: 'x', dtype: 'float32', shape } as const;
  const initializers = new Map(Object.entries(weights).map(([name, value]) => [name, denseValue(value)]));
  const body = {
    name: 'graph',
    nodes,
    initializers,
    inputs: [border],
    outputs: [{ name: 'y', dtype: 'float32' as const, shape: null }],
  };
  const signature: CompiledSignature = {
    name: 'serving_default',
    methodName: '',
    inputs: [border],
    outputs: [{ name: 'y', ref: 'y', dtype: 'float32', shape: null }],
    stages: [{ kind: 'onnx', body, inputs: ['x'], outputs: ['y'] }],
    isBatchable: true,
    assumedShapes: {},
    warnings: [],
    ops: new Map(),
  };
  return { source: 'test', signatures: [signature], refused: [] };
}

async function run(compiled: CompiledModel, x: NumericTensor): Promise<NumericTensor> {
  const loaded = await loadCompiled(compiled.signatures[0]!);
  try {
    return (await loaded.run(new Map([['x', x]]))).get('y') as NumericTensor;
  } finally {
    await loaded.close();
  }
}

function relativeError(actual: NumericTensor, expected: NumericTensor): number {
  expect(actual.shape).toEqual(expected.shape);
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    difference += (Number(actual.data[i]) - Number(expected.data[i])) ** 2;
    size += Number(expected.data[i]) ** 2;
  }
  return Math.sqrt(difference / size);
}

const ops = (compiled: CompiledModel) =>
  compiled.signatures[0]!.stages.flatMap((stage) =>
    stage.kind === 'onnx' ? stage.body.nodes.map(({ op }) => op) : [],
  );

describe('weights as signed bytes', () => {
  it('are within half a step of the weight, in 7 bits, per channel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.constantFrom('first' as const, 'last' as const),
        (values, axis) => {
          const value = denseValue(numericTensor('float32', [3, 4], values));
          const made = quantizeWeights(value, axis)!;
          const bytes = made.values.read().data as Int8Array;
          bytes.forEach((byte, at) => {
            const scale = made.scaleOf[axis === 'first' ? Math.floor(at / 4) : at % 4]!;
            expect(Math.abs(byte)).toBeLessThanOrEqual(63);
            expect(Math.abs(byte * scale - Math.fround(values[at]!))).toBeLessThanOrEqual(scale * 0.5001);
          });
        },
      ),
    );
  });

  it('are refused where a weight is not finite', () => {
    expect(
      quantizeWeights(denseValue(numericTensor('float32', [1, 2], [1, Number.NaN])), 'last'),
    ).toBeUndefined();
    expect(
      quantizeWeights(denseValue(numericTensor('float32', [1, 2], [1, Number.POSITIVE_INFINITY])), 'last'),
    ).toBeUndefined();
  });
});

describe('the scale of a range', () => {
  it('puts byte 0 at 0 behind a Relu, and always holds 0', () => {
    expect(chooseScale({ min: 0, max: 6 })).toEqual({ scale: Math.fround(6 / 255), zero: 0 });
    expect(chooseScale({ min: -3, max: 1 })?.zero).toBe(191);
    expect(chooseScale({ min: 0, max: 0 })).toEqual({ scale: 1, zero: 0 });
    expect(chooseScale({ min: 0, max: Number.POSITIVE_INFINITY })).toBeUndefined();
  });
});

describe('dynamic int8', () => {
  const weights = { w: tensor([160, 128], 3), v: tensor([160, 128], 4), small: tensor([128, 2], 5) };
  const plain = model(
    [
      node('MatMul', ['x', 'w'], 'a'),
      node('MatMul', ['x', 'v'], 'b'),
      node('Add', ['a', 'b'], 'c'),
      node('MatMul', ['c', 'small'], 'y'),
    ],
    weights,
    ['n', 160],
  );

  it('rounds one input once for all its products, and leaves small ones', () => {
    const { compiled, count } = applyDynamic(plain);
    expect(count).toBe(2);
    expect(compiled.precision).toEqual(['dynamic-int8']);
    expect(ops(compiled).filter((op) => op === 'DynamicQuantizeLinear')).toHaveLength(1);
    expect(ops(compiled).filter((op) => op === 'MatMulInteger')).toHaveLength(2);
    expect(ops(compiled).filter((op) => op === 'MatMul')).toHaveLength(1);
    const [stage] = compiled.signatures[0]!.stages;
    const left = stage?.kind === 'onnx' ? [...stage.body.initializers.keys()] : [];
    expect(left).not.toContain('w');
  });

  it('answers nearly as float does', async () => {
    const x = tensor([7, 160], 9);
    const error = relativeError(await run(applyDynamic(plain).compiled, x), await run(plain, x));
    expect(error).toBeLessThan(0.02);
    expect(error).toBeGreaterThan(0);
  });
});

describe('float16 weights', () => {
  it('are rounded to nearest, ties to even, as one at a time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -65504, max: 65504, noNaN: true }), { minLength: 1, maxLength: 64 }),
        (some) => {
          const values = Array.from({ length: 1024 }, (_, i) => some[i % some.length]!);
          const compiled = applyHalf(
            model([node('Add', ['x', 'w'], 'y')], { w: numericTensor('float32', [4, 256], values) }, [256]),
          );
          const [stage] = compiled.compiled.signatures[0]!.stages;
          const stored = stage?.kind === 'onnx' ? [...stage.body.initializers.values()][0]! : undefined;
          expect(stored?.dtype).toBe('float16');
          expect(Array.from(stored!.read().data as Uint16Array)).toEqual(values.map(toHalfBits));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are computed with in float32, and left when they do not fit', async () => {
    const plain = model([node('MatMul', ['x', 'w'], 'y')], { w: tensor([64, 32], 2) }, ['n', 64]);
    const { compiled, count } = applyHalf(plain);
    expect(count).toBe(1);
    const x = tensor([3, 64], 8);
    expect(relativeError(await run(compiled, x), await run(plain, x))).toBeLessThan(5e-4);
    const large = numericTensor('float32', [32, 32], new Array<number>(1024).fill(70000));
    expect(applyHalf(model([node('MatMul', ['x', 'w'], 'y')], { w: large }, ['n', 32])).count).toBe(0);
  });
});

describe('static int8', () => {
  const channels = (count: number, seed: number) => tensor([count, 1, 1], seed);
  const weights = {
    w1: tensor([8, 3, 3, 3], 11),
    bias: channels(8, 12),
    scale: channels(8, 13),
    shift: channels(8, 14),
    w2: tensor([8, 8, 1, 1], 15),
    b2: tensor([8], 16),
  };
  const shape = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const plain = model(
    [
      node('Conv', ['x', 'w1'], 'c1', shape),
      node('Add', ['c1', 'bias'], 'c2'),
      node('Mul', ['c2', 'scale'], 'c3'),
      node('Add', ['shift', 'c3'], 'c4'),
      node('Relu', ['c4'], 'r1'),
      node('MaxPool', ['r1'], 'p1', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Conv', ['p1', 'w2', 'b2'], 'c5', { kernel_shape: [1, 1] }),
      node('Add', ['c5', 'p1'], 's1'),
      node('Relu', ['s1'], 'r2'),
      node('GlobalAveragePool', ['r2'], 'y'),
    ],
    weights,
    ['n', 3, 8, 8],
  );
  const x = tensor([2, 3, 8, 8], 21);

  it('takes biases and normalizations into the convolution, without changing the answer', async () => {
    const folded = foldModel(plain);
    expect(ops(folded)).toEqual(['Conv', 'Relu', 'MaxPool', 'Conv', 'Add', 'Relu', 'GlobalAveragePool']);
    expect(relativeError(await run(folded, x), await run(plain, x))).toBeLessThan(1e-6);
  });

  it('does not take in what others read too, or what goes along another axis', () => {
    const shared = model(
      [
        node('Conv', ['x', 'w1'], 'c1', shape),
        node('Mul', ['c1', 'row'], 'c2'),
        node('Add', ['c2', 'c1'], 'y'),
      ],
      { w1: tensor([8, 3, 3, 3], 11), row: tensor([8], 12) },
      ['n', 3, 8, 8],
    );
    expect(ops(foldModel(shared))).toEqual(['Conv', 'Mul', 'Add']);
  });

  it('rounds by the ranges of the samples, pools with the scale of their input', async () => {
    const folded = foldModel(plain);
    const refs = listCalibrated(folded.signatures[0]!);
    expect(refs.sort()).toEqual(['r1', 'r2', 'c5', 'x', 'y'].sort());
    const ranges = new Map<string, Range>([
      ['x', { min: -1, max: 1 }],
      ['r1', { min: 0, max: 6 }],
      ['c5', { min: -16, max: 16 }],
      ['r2', { min: 0, max: 18 }],
      ['y', { min: 0, max: 8 }],
    ]);
    const { compiled, count } = applyStatic(folded, new Map([['serving_default', ranges]]));
    expect(compiled.precision).toEqual(['static-int8']);
    expect(count).toBe(5);
    expect(relativeError(await run(compiled, x), await run(plain, x))).toBeLessThan(0.05);
  });

  it('leaves float what has no range', () => {
    const { compiled } = applyStatic(foldModel(plain), new Map());
    expect(ops(compiled)).not.toContain('QuantizeLinear');
  });
});
