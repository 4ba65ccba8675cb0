import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { numericTensor } from '../../src/base/tensor.js';
import { denseValue, reshapeConstant, transposeConstant } from '../../src/convert/derive.js';
import { Emitter } from '../../src/convert/emitter.js';
import { chooseKernel } from '../../src/convert/onnx/kernels.js';
import { encodeModel } from '../../src/convert/onnx/model.js';
import { opKeys, opTypes } from '../../src/convert/onnx/op-types.js';
import type { OnnxBody } from '../../src/convert/types.js';

const ops = (onnx: Emitter) => onnx.nodes.map(({ op }) => op);
const fails = (code: string) => expect.objectContaining({ code });

async function run(body: OnnxBody, feeds: Record<string, ort.Tensor>) {
  const session = await ort.InferenceSession.create(encodeModel(body), { logSeverityLevel: 4 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

describe('the emitter', () => {
  it('makes equal nodes and equal small constants once', () => {
    const onnx = new Emitter();
    const x = onnx.declare('x', 'float32');
    const a = onnx.op('Add', [x, onnx.scalar('float32', 1)]);
    const b = onnx.op('Add', [x, onnx.scalar('float32', 1)]);
    expect(a).toBe(b);
    expect(onnx.initializers.size).toBe(1);
    expect(onnx.op('Add', [x, onnx.scalar('float32', 2)])).not.toBe(a);
  });

  it('computes in a wider type where there is no kernel, and comes back', async () => {
    const onnx = new Emitter();
    const c = onnx.declare('c', 'bool');
    const [a, b] = [onnx.declare('a', 'int8'), onnx.declare('b', 'int8')];
    const y = onnx.op('Where', [c, a, b]);
    expect(ops(onnx)).toEqual(['Cast', 'Cast', 'Where', 'Cast']);
    expect(onnx.dtypeOf(y)).toBe('int8');
    const info = (name: string, dtype: 'bool' | 'int8') => ({ name, dtype, shape: null });
    const body = onnx.body('g', [info('c', 'bool'), info('a', 'int8'), info('b', 'int8')], [info(y, 'int8')]);
    const results = await run(body, {
      c: new ort.Tensor('bool', [true, false], [2]),
      a: new ort.Tensor('int8', Int8Array.of(-128, 1), [2]),
      b: new ort.Tensor('int8', Int8Array.of(5, 127), [2]),
    });
    expect([...(results[y]!.data as Int8Array)]).toEqual([-128, 127]);
  });

  it('says where float64 is computed in float32', () => {
    const onnx = new Emitter();
    onnx.op('Erf', [onnx.declare('x', 'float64')]);
    expect(ops(onnx)).toEqual(['Cast', 'Erf', 'Cast']);
    expect([...onnx.warnings]).toEqual(['Erf of float64 is computed in float32']);
  });

  it('refuses what no kernel can take', () => {
    const onnx = new Emitter();
    const x = onnx.declare('x', 'uint64');
    expect(() => onnx.op('ReduceMax', [x])).toThrow(fails('TFD_DTYPE_UNSUPPORTED'));
  });

  it('refuses operators it does not know, and inputs of two types', () => {
    const onnx = new Emitter();
    const [x, n] = [onnx.declare('x', 'float32'), onnx.declare('n', 'int32')];
    expect(() => onnx.op('Frobnicate', [x])).toThrow(fails('TFD_BUG'));
    expect(() => onnx.op('Add', [x, n])).toThrow(fails('TFD_BUG'));
    expect(() => onnx.op('Reshape', [x, x])).toThrow(fails('TFD_BUG'));
  });

  it('gives an output the name that was kept for it', () => {
    const onnx = new Emitter();
    onnx.names.reserve('answer');
    const x = onnx.declare('x', 'float32');
    expect(onnx.declare('answer', 'float32')).toBe('answer__1');
    const from = onnx.nodes.length;
    const made = onnx.op('Relu', [x]);
    expect(onnx.rename(made, 'answer', from)).toBe('answer');
    onnx.publish('answer', 'answer');
    expect(ops(onnx)).toEqual(['Relu']);
    onnx.names.reserve('same');
    onnx.publish('answer', 'same');
    expect(ops(onnx)).toEqual(['Relu', 'Identity']);
  });
});

describe('the kernel matrix', () => {
  it('has every operator of the type table with a main type', () => {
    const missing = opKeys().filter((key) => {
      const rules = opTypes(key);
      const isTyped = rules.inputs.some((token) => token.kind === 'variable' && token.name === 'T');
      return (
        isTyped && chooseKernel(key, 'float32') === undefined && chooseKernel(key, 'uint8') === undefined
      );
    });
    expect(missing).toEqual([]);
  });
});

describe('derived constants', () => {
  const source = denseValue(numericTensor('int32', [2, 3], [1, 2, 3, 4, 5, 6]));

  it('are computed on reading, and shared', () => {
    const turned = transposeConstant(source, [1, 0]);
    expect(turned.shape).toEqual([3, 2]);
    expect([...(turned.read().data as Int32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(transposeConstant(source, [1, 0])).toBe(turned);
    expect([...(reshapeConstant(turned, [6]).read().data as Int32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('keep their place in a file under another shape', () => {
    const file = { path: 'weights', offset: 8, length: 24 };
    expect(reshapeConstant({ ...source, file }, [3, 2]).file).toEqual(file);
    expect(transposeConstant({ ...source, file }, [1, 0]).file).toBeUndefined();
  });
});
