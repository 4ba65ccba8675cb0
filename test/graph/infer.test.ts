import { describe, expect, it } from 'vitest';
import type { Shape } from '../../src/base/shape.js';
import { attr, constant, type NodeSpec, node, placeholder } from '../fixtures/saved-model-writer.js';
import { floats, graphOf, ops, run, small, T, tensor } from './models.js';

const I = { T: attr.type('int32') };
const slice = (
  begin: number,
  end: number,
  masks: { shrink?: number; begin?: number; end?: number },
): NodeSpec[] => [
  constant('begin', 'int32', [1], [begin]),
  constant('end', 'int32', [1], [end]),
  constant('stride', 'int32', [1], [1]),
  node('part', 'StridedSlice', ['shape', 'begin', 'end', 'stride'], {
    ...I,
    Index: attr.type('int32'),
    shrink_axis_mask: attr.int(masks.shrink ?? 0),
    begin_mask: attr.int(masks.begin ?? 0),
    end_mask: attr.int(masks.end ?? 0),
  }),
];
const shape = node('shape', 'Shape', ['x'], T);
const reshape = node('y', 'Reshape', ['x', 'target'], T);

describe('elements of small integer tensors', () => {
  it('make Flatten a reshape with one open size', () => {
    const pack = node('target', 'Pack', ['part', 'rest'], { ...I, N: attr.int(2) });
    const graph = graphOf(
      small(
        [shape, ...slice(0, 1, { shrink: 1 }), constant('rest', 'int32', [], [-1]), pack, reshape],
        {},
        [-1, 7, 7, 5],
      ),
    );
    expect(graph.outputs[0]!.value.shape).toEqual(['x_0', 245]);
    expect(graph.nodes.at(-1)!.inputs[1]!.elements).toEqual(['x_0', -1]);
  });

  it('follow sizes through arithmetic', () => {
    const nodes = [
      shape,
      ...slice(0, 2, {}),
      constant('axis', 'int32', [1], [0]),
      node('rows', 'Prod', ['part', 'axis'], { ...I, Tidx: attr.type('int32') }),
      constant('four', 'int32', [], [4]),
      constant('two', 'int32', [], [2]),
      node('wide', 'Mul', ['four', 'two'], I),
      node('target', 'Pack', ['rows', 'wide'], { ...I, N: attr.int(2) }),
      reshape,
    ];
    expect(graphOf(small(nodes, {}, [-1, -1, 2, 4])).outputs[0]!.value.shape).toEqual(['(x_0*x_1)', 8]);
  });

  it('become constants when all are known', () => {
    const graph = graphOf(
      small(
        [
          shape,
          ...slice(1, 3, {}),
          node('y', 'Cast', ['part'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
        ],
        {},
        [-1, 3, 4],
      ),
    );
    expect(graph.nodes).toEqual([]);
    expect(run(graph, { x: floats([], [0, 3, 4]) })).toEqual({ y: [3, 4] });
  });

  it('that may be negative are never taken for sizes', () => {
    const nodes = [
      placeholder('n', 'int32', []),
      constant('two', 'int32', [], [2]),
      node('target', 'Pack', ['two', 'n'], { ...I, N: attr.int(2) }),
      reshape,
      node('again', 'Shape', ['y'], T),
    ];
    const spec = small(nodes);
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0', [6]), n: tensor('n:0', [], 'int32') },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    const out = graph.outputs[0]!.value.shape!;
    expect(out[0]).toBe(2);
    expect(out[1]).toBe(3);
  });
});

describe('shapes', () => {
  const dense = (spec: NodeSpec[], given: readonly number[], options = {}) =>
    graphOf(small(spec, {}, given), options).outputs[0]!.value.shape;
  const conv = (strides: number[], padding: string) => [
    constant('w', 'float32', [3, 3, 2, 8], [0.5]),
    node('y', 'Conv2D', ['x', 'w'], { ...T, strides: attr.ints(strides), padding: attr.string(padding) }),
  ];

  it.each<[string, NodeSpec[], readonly number[], Shape]>([
    ['SAME with stride', conv([1, 2, 2, 1], 'SAME'), [-1, 15, -1, 2], ['x_0', 8, 'div(x_2+1,2)', 8]],
    ['VALID', conv([1, 1, 1, 1], 'VALID'), [-1, 15, -1, 2], ['x_0', 13, 'size(x_2+-2)', 8]],
    [
      'broadcasting two unknown sizes',
      [
        node('t', 'Transpose', ['x', 'perm'], { ...T, Tperm: attr.type('int32') }),
        constant('perm', 'int32', [2], [1, 0]),
        node('y', 'AddV2', ['x', 't'], T),
      ],
      [-1, -1],
      ['broadcast(x_0,x_1)', 'broadcast(x_0,x_1)'],
    ],
  ])('of %s', (_, spec, given, expected) => {
    expect(dense(spec, given)).toEqual(expected);
  });

  it('take what the options say of an input, also an unknown rank', () => {
    const neg = [node('y', 'Neg', ['x'], T)];
    expect(dense(neg, [-1, 3], { inputShapes: new Map([['x', [1, 3]]]) })).toEqual([1, 3]);
    expect(dense(neg, [-1, 3], { inputShapes: new Map([['x', null]]) })).toBeNull();
  });

  it('do not claim that two inputs have the same batch', () => {
    const spec = small(
      [placeholder('z', 'float32', [-1, 2]), node('y', 'AddV2', ['x', 'z'], T)],
      {},
      [-1, 2],
    );
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0', [-1, 2]), z: tensor('z:0', [-1, 2]) },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    expect(graph.inputs.map(({ value }) => value.shape)).toEqual([
      ['x_0', 2],
      ['z_0', 2],
    ]);
    expect(graph.outputs[0]!.value.shape).toEqual(['broadcast(x_0,z_0)', 2]);
  });
});

describe('folding', () => {
  const big = [
    constant('dims', 'int32', [2], [30_000, 30_000]),
    constant('one', 'float32', [], [1]),
    node('full', 'Fill', ['dims', 'one'], { ...T, index_type: attr.type('int32') }),
  ];

  it('does not make what is much larger than what it is made of', () => {
    const graph = graphOf(small([...big, node('y', 'AddV2', ['x', 'full'], T)], {}, [1]));
    expect(ops(graph.nodes)).toEqual(['Fill', 'AddV2']);
    expect(graph.outputs[0]!.value.shape).toEqual([30_000, 30_000]);
  });

  it('leaves random numbers and quantisation in their place', () => {
    const nodes = [
      constant('dims', 'int32', [1], [2]),
      node('random', 'RandomUniform', ['dims'], { dtype: attr.type('float32'), T: attr.type('int32') }),
      constant('low', 'float32', [], [-1]),
      constant('high', 'float32', [], [1]),
      constant('w', 'float32', [2], [0.3, 0.4]),
      node('fake', 'FakeQuantWithMinMaxVars', ['w', 'low', 'high'], {}),
      node('sum', 'AddV2', ['random', 'fake'], T),
      node('y', 'AddV2', ['x', 'sum'], T),
    ];
    expect(ops(graphOf(small(nodes)).nodes).sort()).toEqual([
      'AddV2',
      'AddV2',
      'FakeQuantWithMinMaxVars',
      'RandomUniform',
    ]);
  });

  it('leaves a node whose values its kernel refuses, which may never run', () => {
    const nodes = [
      constant('zero', 'int32', [], [0]),
      node('bad', 'FloorDiv', ['zero', 'zero'], I),
      node('cast', 'Cast', ['bad'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
      node('y', 'Mul', ['x', 'cast'], T),
    ];
    expect(ops(graphOf(small(nodes)).nodes)).toEqual(['FloorDiv', 'Cast', 'Mul']);
  });

  it('computes large weights only when they are read, and moves none for a reshape', () => {
    const variables = {
      w: { dtype: 'float32', shape: [200, 200], values: new Uint8Array(160_000) },
    } as const;
    const nodes = [
      node('read', 'ReadVariableOp', ['w'], { dtype: attr.type('float32') }),
      constant('flat', 'int32', [2], [400, 100]),
      node('moved', 'Reshape', ['read', 'flat'], T),
      constant('perm', 'int32', [2], [1, 0]),
      node('turned', 'Transpose', ['moved', 'perm'], { ...T, Tperm: attr.type('int32') }),
      node('y', 'MatMul', ['x', 'moved'], T),
      node('z', 'MatMul', ['y', 'turned'], T),
    ];
    const spec = small(nodes, { variables }, [-1, 400]);
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: { inputs: { x: tensor('x:0', [-1, 400]) }, outputs: { z: tensor('z:0') } },
      },
    });
    expect(ops(graph.nodes)).toEqual(['MatMul', 'MatMul']);
    const [moved, turned] = graph.nodes.map(({ inputs }) => inputs[1]!.constant!);
    expect(moved).toMatchObject({ shape: [400, 100], file: { length: 160_000 } });
    expect(turned!.file).toBeUndefined();
    expect(turned!.read().shape).toEqual([100, 400]);
  });
});
