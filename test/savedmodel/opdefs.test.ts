import { describe, expect, test } from 'vitest';
import { opDef, opDefsVersion, opNames } from '../../src/savedmodel/opdefs.js';

const defaultOf = (op: string, attr: string) => opDef(op)!.attrs.get(attr)!.default;

describe('the operator registry', () => {
  test('has every operation of TensorFlow, each of which can be read', () => {
    expect(opNames().length).toBeGreaterThan(1700);
    expect(opDefsVersion()).toMatch(/^2\.\d+/);
    for (const name of opNames()) {
      const def = opDef(name)!;
      for (const { typeAttr, numberAttr, typeListAttr, type } of [...def.inputArgs, ...def.outputArgs]) {
        for (const attr of [typeAttr, numberAttr, typeListAttr])
          if (attr !== '') expect(def.attrs.has(attr)).toBe(true);
        expect(typeAttr !== '' || typeListAttr !== '' || type > 0, name).toBe(true);
      }
    }
  });

  test('arguments: of a type, a list, a number, a reference', () => {
    expect(opDef('Conv2D')!.inputArgs.map((arg) => [arg.name, arg.typeAttr])).toEqual([
      ['input', 'T'],
      ['filter', 'T'],
    ]);
    expect(opDef('Split')!.outputArgs[0]).toMatchObject({
      name: 'output',
      typeAttr: 'T',
      numberAttr: 'num_split',
    });
    expect(opDef('Split')!.inputArgs[0]).toMatchObject({ name: 'split_dim', type: 3 });
    expect(opDef('RestoreV2')!.outputArgs[0]).toMatchObject({ name: 'tensors', typeListAttr: 'dtypes' });
    expect(opDef('Assign')!.inputArgs[0]!.isRef).toBe(true);
    expect(opDef('VarHandleOp')!.isStateful).toBe(true);
    expect(opDef('AddV2')!.isStateful).toBe(false);
  });

  test('defaults of every kind', () => {
    expect(defaultOf('Conv2D', 'dilations')).toEqual({
      kind: 'list',
      value: [1n, 1n, 1n, 1n].map((value) => ({ kind: 'i', value })),
    });
    expect(defaultOf('Conv2D', 'data_format')).toEqual({
      kind: 's',
      value: new TextEncoder().encode('NHWC'),
    });
    expect(defaultOf('Conv2D', 'padding')).toBeUndefined();
    expect(defaultOf('FusedBatchNormV3', 'epsilon')).toEqual({ kind: 'f', value: Math.fround(0.0001) });
    expect(defaultOf('MatMul', 'transpose_a')).toEqual({ kind: 'b', value: false });
    expect(defaultOf('ArgMax', 'output_type')).toEqual({ kind: 'type', value: 9 });
    expect(defaultOf('Placeholder', 'shape')).toEqual({ kind: 'shape', value: null });
    expect(defaultOf('DefaultAttrs', 'shape_val')).toEqual({ kind: 'shape', value: [2, 1] });
    const tensor = defaultOf('DefaultAttrs', 'tensor_val');
    expect(tensor?.kind === 'tensor' && tensor.value.read()).toEqual({
      dtype: 'int32',
      shape: [],
      data: Int32Array.of(1),
    });
  });

  test.each(['NoSuchOp', 'toString', '__proto__', 'constructor', ''])('"%s" is none', (name) => {
    expect(opDef(name)).toBeUndefined();
  });
});
