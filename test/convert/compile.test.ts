import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/base/dtype.js';
import { compileModel } from '../../src/convert/compile.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { linearModel } from '../fixtures/linear-model.js';
import {
  attr,
  constant,
  memoryModel,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
} from '../fixtures/saved-model-writer.js';

const T = { T: attr.type('float32') };
const I = { Tidx: attr.type('int32') };

interface Border {
  readonly dtype?: DType;
  readonly shape: readonly number[] | null;
}

/** A model of some nodes whose last one, `y`, is the output. */
function specOf(inputs: Readonly<Record<string, Border>>, nodes: readonly NodeSpec[]): SavedModelSpec {
  const entries = Object.entries(inputs);
  return {
    nodes: [
      ...entries.map(([name, { dtype = 'float32', shape }]) => placeholder(name, dtype, shape)),
      ...nodes,
    ],
    signatures: {
      serving_default: {
        inputs: Object.fromEntries(
          entries.map(([name, { dtype = 'float32', shape }]) => [
            name,
            { tensor: `${name}:0`, dtype, shape },
          ]),
        ),
        outputs: { y: { tensor: 'y:0', dtype: 'float32', shape: null } },
      },
    },
  };
}

function compile(spec: SavedModelSpec, options: Parameters<typeof compileModel>[1] = {}) {
  return compileModel(openSavedModel(memoryModel(spec), 'model'), options);
}

const x = { x: { shape: [-1, 3] } };
const image = { x: { shape: [-1, 4, 4, 3] } };
const two = { a: { shape: [-1, 3] }, b: { shape: [-1, 3] } };
const axis0 = constant('axis', 'int32', [1], [0]);
const axis1 = constant('axis', 'int32', [1], [1]);
const weights = constant('w', 'float32', [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
const slice = (input: string, masks: Record<string, number>) =>
  node('y', 'StridedSlice', [input, 'begin', 'end', 'strides'], {
    ...T,
    Index: attr.type('int32'),
    ...Object.fromEntries(Object.entries(masks).map(([name, mask]) => [`${name}_mask`, attr.int(mask)])),
  });
const bounds = (begin: number[], end: number[]) => [
  constant('begin', 'int32', [begin.length], begin),
  constant('end', 'int32', [end.length], end),
  constant(
    'strides',
    'int32',
    [begin.length],
    begin.map(() => 1),
  ),
];
const reshapeTo = (dims: number[], input = 'x') => [
  constant('shape', 'int32', [dims.length], dims),
  node('y', 'Reshape', [input, 'shape'], { ...T, Tshape: attr.type('int32') }),
];

const BATCHABLE: Readonly<Record<string, SavedModelSpec>> = {
  'element by element': specOf(x, [node('y', 'Relu', ['x'], T)]),
  'two inputs': specOf(two, [node('y', 'AddV2', ['a', 'b'], T)]),
  'a row added': specOf(x, [constant('c', 'float32', [3], [1, 2, 3]), node('y', 'AddV2', ['x', 'c'], T)]),
  'matrix product': specOf(x, [weights, node('y', 'MatMul', ['x', 'w'], T)]),
  'softmax of rows': specOf(x, [node('y', 'Softmax', ['x'], T)]),
  'sum along a row': specOf(x, [axis1, node('y', 'Sum', ['x', 'axis'], { ...T, ...I })]),
  flatten: specOf(image, reshapeTo([-1, 48])),
  'to rows of pixels and back': specOf(image, [
    constant('flat', 'int32', [2], [-1, 3]),
    node('rows', 'Reshape', ['x', 'flat'], { ...T, Tshape: attr.type('int32') }),
    weights,
    node('product', 'MatMul', ['rows', 'w'], T),
    ...reshapeTo([-1, 4, 4, 3], 'product'),
  ]),
  'columns taken': specOf(x, [...bounds([0, 1], [0, 3]), slice('x', { begin: 1, end: 1 })]),
  'one column picked': specOf(x, [
    ...bounds([0, 1], [0, 2]),
    slice('x', { begin: 1, end: 1, shrink_axis: 2 }),
  ]),
  'ones for each row': specOf(x, [
    node('size', 'Shape', ['x'], { ...T, out_type: attr.type('int32') }),
    node('one', 'OnesLike', ['x'], T),
    node('y', 'AddV2', ['x', 'one'], T),
  ]),
  'embedding of the position beside the batch': specOf({ x: { shape: [-1, -1] } }, [
    node('size', 'Shape', ['x'], { ...T, out_type: attr.type('int32') }),
    ...bounds([1], [2]),
    node('length', 'StridedSlice', ['size', 'begin', 'end', 'strides'], {
      T: attr.type('int32'),
      Index: attr.type('int32'),
      shrink_axis_mask: attr.int(1),
    }),
    constant('zero', 'int32', [], [0]),
    constant('one', 'int32', [], [1]),
    node('places', 'Range', ['zero', 'length', 'one'], I),
    node('counted', 'Cast', ['places'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
    node('y', 'AddV2', ['x', 'counted'], T),
  ]),
};

const MIXING: Readonly<Record<string, SavedModelSpec>> = {
  'a fixed batch': specOf({ x: { shape: [2, 3] } }, [node('y', 'Relu', ['x'], T)]),
  'an unknown rank': specOf({ x: { shape: null } }, [node('y', 'Relu', ['x'], T)]),
  'sum over the batch': specOf(x, [
    axis0,
    node('y', 'Sum', ['x', 'axis'], { ...T, ...I, keep_dims: attr.bool(true) }),
  ]),
  'the mean of all taken away': specOf(x, [
    axis0,
    node('mean', 'Mean', ['x', 'axis'], { ...T, ...I, keep_dims: attr.bool(true) }),
    node('y', 'Sub', ['x', 'mean'], T),
  ]),
  'softmax over the batch': specOf({ x: { shape: [-1] } }, [node('y', 'Softmax', ['x'], T)]),
  'rows multiplied with rows': specOf(x, [
    node('y', 'MatMul', ['x', 'x'], { ...T, transpose_b: attr.bool(true) }),
  ]),
  'rows added to columns': specOf({ x: { shape: [-1, 1] } }, [
    constant('perm', 'int32', [2], [1, 0]),
    node('turned', 'Transpose', ['x', 'perm'], { ...T, Tperm: attr.type('int32') }),
    node('y', 'AddV2', ['x', 'turned'], T),
  ]),
  'the batch folded into another axis': specOf(image, reshapeTo([4, -1])),
  'the batch halved': specOf(x, reshapeTo([-1, 6])),
  'the first row only': specOf(x, [...bounds([0], [1]), slice('x', { shrink_axis: 1 })]),
  'all rows but the first': specOf(x, [...bounds([1], [0]), slice('x', { end: 1 })]),
  'rows backwards': specOf(x, [axis0, node('y', 'ReverseV2', ['x', 'axis'], { ...T, ...I })]),
  'running sum over the batch': specOf(x, [
    constant('axis', 'int32', [], [0]),
    node('y', 'Cumsum', ['x', 'axis'], { ...T, ...I }),
  ]),
  'rows joined': specOf(two, [
    constant('axis', 'int32', [], [0]),
    node('y', 'ConcatV2', ['a', 'b', 'axis'], { ...T, ...I, N: attr.int(2) }),
  ]),
  'squeezed of whatever is 1': specOf({ x: { shape: [-1, 1, 3] } }, [node('y', 'Squeeze', ['x'], T)]),
  'divided by the number of rows': specOf(x, [
    node('size', 'Shape', ['x'], { ...T, out_type: attr.type('int32') }),
    ...bounds([0], [1]),
    node('rows', 'StridedSlice', ['size', 'begin', 'end', 'strides'], {
      T: attr.type('int32'),
      Index: attr.type('int32'),
      shrink_axis_mask: attr.int(1),
    }),
    node('count', 'Cast', ['rows'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
    node('y', 'RealDiv', ['x', 'count'], T),
  ]),
  'numbered rows': specOf({ x: { shape: [-1] } }, [
    node('size', 'Size', ['x'], { ...T, out_type: attr.type('int32') }),
    constant('zero', 'int32', [], [0]),
    constant('one', 'int32', [], [1]),
    node('places', 'Range', ['zero', 'size', 'one'], I),
    node('counted', 'Cast', ['places'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
    node('y', 'AddV2', ['x', 'counted'], T),
  ]),
  'batch normalisation in training form': specOf(image, [
    constant('ones', 'float32', [3], [1]),
    constant('none', 'float32', [0], []),
    node('y', 'FusedBatchNormV3', ['x', 'ones', 'ones', 'none', 'none'], {
      ...T,
      U: attr.type('float32'),
      is_training: attr.bool(true),
    }),
  ]),
  'a constant output': specOf(x, [constant('y', 'float32', [2], [1, 2])]),
  'three rows added': specOf(x, [constant('c', 'float32', [3, 3], [1]), node('y', 'AddV2', ['x', 'c'], T)]),
};

describe('batchable signatures', () => {
  it.each(Object.entries(BATCHABLE))('%s', (_, spec) => {
    const { signatures, refused } = compile(spec);
    expect(refused).toEqual([]);
    expect(signatures[0]?.isBatchable).toBe(true);
  });

  it.each(Object.entries(MIXING))('not: %s', (_, spec) => {
    expect(compile(spec).signatures[0]?.isBatchable).toBe(false);
  });
});

describe('assumed shapes', () => {
  it('are none where operations go element by element', () => {
    expect(compile(specOf(x, [node('y', 'Relu', ['x'], T)])).signatures[0]?.assumedShapes).toEqual({});
  });

  it('are ranks and known dimensions elsewhere', () => {
    expect(compile(linearModel()).signatures[0]?.assumedShapes).toEqual({ x: [null, 2] });
  });

  it('follow the shapes that are compiled for', () => {
    const inputShapes = new Map([['x', ['?', '?', 3]]]);
    const { signatures } = compile(specOf({ x: { shape: [-1, 3] } }, [node('y', 'Softmax', ['x'], T)]), {
      inputShapes,
    });
    expect(signatures[0]?.assumedShapes).toEqual({ x: [null, null, 3] });
  });

  it('count what a folded shape was', () => {
    const spec = specOf({ x: { shape: [2, 3] } }, [
      node('size', 'Size', ['x'], { ...T, out_type: attr.type('int32') }),
      node('count', 'Cast', ['size'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
      node('y', 'AddV2', ['x', 'count'], T),
    ]);
    expect(compile(spec).signatures[0]?.assumedShapes).toEqual({ x: [2, 3] });
  });
});

describe('refusals', () => {
  it('name every node in the way, with its layer', () => {
    const spec = specOf(x, [
      node('model/odd_layer/Betainc', 'Betainc', ['x', 'x', 'x'], T),
      node('model/other/Igamma', 'Igamma', ['x', 'x'], T),
      node('y', 'AddV2', ['model/odd_layer/Betainc', 'model/other/Igamma'], T),
    ]);
    const [refused] = compile(spec).refused;
    expect(
      refused?.blockers.map(({ code, op, layer, dtype, shape }) => [code, op, layer, dtype, shape]),
    ).toEqual([
      ['TFD_OP_UNSUPPORTED', 'Betainc', 'model/odd_layer', 'float32', expect.any(String)],
      ['TFD_OP_UNSUPPORTED', 'Igamma', 'model/other', 'float32', expect.any(String)],
    ]);
    for (const { why, wayOut } of refused?.blockers ?? []) {
      expect(why).not.toBe('');
      expect(wayOut).not.toBe('');
    }
  });

  it('an attribute that nobody reads and that is not its default', () => {
    const spec = specOf(x, [weights, node('y', 'MatMul', ['x', 'w'], { ...T, surprise: attr.int(1) })]);
    const [refused] = compile(spec).refused;
    expect(refused?.blockers).toMatchObject([{ code: 'TFD_ATTR_UNREAD', op: 'MatMul' }]);
  });

  it('one signature does not stand in the way of another', () => {
    const base = specOf(x, [node('bad', 'Betainc', ['x', 'x', 'x'], T), node('y', 'Relu', ['x'], T)]);
    const good = base.signatures.serving_default!;
    const bad = { ...good, outputs: { y: { tensor: 'bad:0', dtype: 'float32' as const, shape: null } } };
    const { signatures, refused } = compile({ ...base, signatures: { good, bad } });
    expect(signatures.map(({ name }) => name)).toEqual(['good']);
    expect(refused.map(({ name }) => name)).toEqual(['bad']);
  });

  it('a signature that is not there is a fault of the caller', () => {
    expect(() => compile(linearModel(), { signatures: ['none'] })).toThrow(
      expect.objectContaining({ code: 'TFD_SIGNATURE_NOT_FOUND' }),
    );
  });
});

describe('the source of a plan', () => {
  it('is the same for the same model, and another for other weights', () => {
    const a = compile(linearModel()).source;
    expect(compile(linearModel()).source).toBe(a);
    const changed = linearModel({
      variables: {
        w: { dtype: 'float32', shape: [2, 2], values: [1, 2, 3, 5] },
        b: { dtype: 'float32', shape: [2], values: [10, 20] },
      },
    });
    expect(compile(changed).source).not.toBe(a);
    expect(compile(linearModel(), { inputShapes: new Map([['x', [3, 2]]]) }).source).not.toBe(a);
  });
});
