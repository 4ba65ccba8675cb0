import { describe, expect, it } from 'vitest';
import { attr, constant, node, placeholder } from '../fixtures/saved-model-writer.js';
import { call, floats, graphOf, ops, run, small, T, tensor } from './models.js';

const double = node('double', 'AddV2', ['x', 'x'], T);

describe('cutting and pruning', () => {
  it('keeps what the outputs need, in order', () => {
    const graph = graphOf(small([node('y', 'Relu', ['double'], T), double, node('other', 'Neg', ['x'], T)]));
    expect(ops(graph.nodes)).toEqual(['AddV2', 'Relu']);
    expect(run(graph, { x: floats([-1, 2]) })).toEqual({ y: [0, 4] });
  });

  it('feeds any tensor, and takes its type from the node', () => {
    const spec = small([
      double,
      node('cast', 'Cast', ['double'], { SrcT: attr.type('float32'), DstT: attr.type('int32') }),
      node('y', 'Neg', ['cast'], { T: attr.type('int32') }),
    ]);
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: { inputs: { z: tensor('cast:0', [2]) }, outputs: { y: tensor('y:0') } },
      },
    });
    expect(graph.inputs[0]!.value.dtype).toBe('int32');
    expect(ops(graph.nodes)).toEqual(['Neg']);
  });

  it('gives an output that is an input, a constant or fed', () => {
    const spec = small([node('same', 'Identity', ['x'], T), constant('one', 'float32', [], [1])]);
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0') },
          outputs: { a: tensor('same:0'), b: tensor('one:0', []), c: tensor('x:0') },
        },
      },
    });
    expect(graph.nodes).toEqual([]);
    expect(run(graph, { x: floats([3]) })).toEqual({ a: [3], b: [1], c: [3] });
  });

  it('takes two inputs that name one tensor as one value', () => {
    const graph = graphOf({
      ...small([node('y', 'Neg', ['x'], T)]),
      signatures: {
        serving_default: { inputs: { a: tensor('x:0'), b: tensor('x:0') }, outputs: { y: tensor('y:0') } },
      },
    });
    expect(graph.inputs.map(({ value }) => value)).toEqual([graph.inputs[0]!.value, graph.inputs[0]!.value]);
  });

  it('splits a sparse input into its three parts', () => {
    const part = (name: string, dtype: 'int64' | 'float32', shape: readonly number[]) =>
      placeholder(name, dtype, shape);
    const graph = graphOf({
      nodes: [
        part('i', 'int64', [-1, 2]),
        part('v', 'float32', [-1]),
        part('s', 'int64', [2]),
        constant('zero', 'float32', [], [0]),
        node('y', 'SparseToDense', ['i', 's', 'v', 'zero'], {
          T: attr.type('float32'),
          Tindices: attr.type('int64'),
        }),
      ],
      signatures: {
        serving_default: {
          inputs: {
            x: {
              tensor: '',
              dtype: 'float32',
              shape: [-1, -1],
              sparse: { indices: 'i:0', values: 'v:0', denseShape: 's:0' },
            },
          },
          outputs: { y: tensor('y:0', [-1, -1]) },
        },
      },
    });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x:indices', 'x:values', 'x:dense_shape']);
    const inputs = {
      'x:indices': { dtype: 'int64', shape: [1, 2], data: BigInt64Array.of(1n, 0n) } as const,
      'x:values': floats([5]),
      'x:dense_shape': { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n, 1n) } as const,
    };
    expect(run(graph, inputs)).toEqual({ y: [0, 5] });
  });

  it('names what is dropped because nothing but order reaches it', () => {
    const check = node('check', 'Assert', ['flag', 'x'], { T: attr.types(['float32']) });
    const graph = graphOf(
      small([constant('flag', 'bool', [], [true]), check, node('y', 'Neg', ['x', '^check'], T)]),
    );
    expect(graph.dropped).toEqual([{ name: 'check', op: 'Assert' }]);
    expect(ops(graph.nodes)).toEqual(['Neg']);
  });
});

describe('defaults of inputs', () => {
  it('come from PlaceholderWithDefault, also a computed one, and from the signature', () => {
    const withDefault = { dtype: attr.type('float32'), shape: attr.shape([]) };
    const spec = {
      nodes: [
        constant('two', 'float32', [], [2]),
        node('four', 'Mul', ['two', 'two'], T),
        node('a', 'PlaceholderWithDefault', ['four'], withDefault),
        placeholder('b', 'float32', []),
        node('y', 'AddV2', ['a', 'b'], T),
      ],
      signatures: {
        serving_default: {
          inputs: { a: tensor('a:0', []), b: tensor('b:0', []) },
          outputs: { y: tensor('y:0', []) },
          defaults: { b: { dtype: 'float32' as const, shape: [], values: [10] } },
        },
      },
    };
    const graph = graphOf(spec);
    expect(run(graph)).toEqual({ y: [14] });
    expect(run(graph, { a: floats([1], []) })).toEqual({ y: [11] });
  });

  it('are what an unfed PlaceholderWithDefault gives', () => {
    const phase = node('phase', 'PlaceholderWithDefault', ['three'], {
      dtype: attr.type('float32'),
      shape: attr.shape([]),
    });
    const graph = graphOf(
      small([constant('three', 'float32', [], [3]), phase, node('y', 'Mul', ['x', 'phase'], T)]),
    );
    expect(run(graph, { x: floats([2]) })).toEqual({ y: [6] });
  });
});

describe('function calls', () => {
  const twice = {
    name: 'twice',
    inputs: { value: 'float32', unused: 'float32' },
    outputs: { sum: 'float32' },
    nodes: [
      node('add', 'AddV2', ['value', 'value'], { T: attr.placeholder('T') }),
      node('out', 'Identity', ['add:z:0'], T),
    ],
    ret: { sum: 'out:output:0' },
  } as const;
  const outer = {
    name: 'outer',
    inputs: { a: 'float32' },
    outputs: { b: 'float32' },
    nodes: [
      node('inner', 'PartitionedCall', ['a', 'a'], {
        Tin: attr.types(['float32', 'float32']),
        Tout: attr.types(['float32']),
        f: attr.func('twice', { T: attr.type('float32') }),
      }),
      node('neg', 'Neg', ['inner:output:0'], T),
    ],
    ret: { b: 'neg:y:0' },
    attrs: { api_implements: attr.string('lstm_1234') },
  } as const;

  it('are all inlined, with their attributes, and leave their way in the origin', () => {
    const graph = graphOf(
      small([call('first', 'outer', ['x']), call('y', 'outer', ['first'])], { functions: [twice, outer] }),
    );
    expect(ops(graph.nodes)).toEqual(['AddV2', 'Neg', 'AddV2', 'Neg']);
    expect(run(graph, { x: floats([1]) })).toEqual({ y: [4] });
    const origin = {
      node: 'add',
      calls: ['first', 'inner'],
      functionName: 'twice',
      implementations: ['lstm_1234'],
    };
    expect(graph.nodes[0]!.origin).toEqual(origin);
    expect(graph.nodes.map(({ name }) => name)).toEqual([
      'first/inner/add',
      'first/neg',
      'y/inner/add',
      'y/neg',
    ]);
    expect(new Set(graph.nodes.flatMap((each) => each.outputs.map(({ name }) => name))).size).toBe(4);
  });

  it('do not ask for arguments that the function does not use', () => {
    const unusable = placeholder('never', 'float32', []);
    const inner = node('y', 'PartitionedCall', ['x', 'never'], {
      Tin: attr.types(['float32', 'float32']),
      Tout: attr.types(['float32']),
      f: attr.func('twice', { T: attr.type('float32') }),
    });
    expect(run(graphOf(small([unusable, inner], { functions: [twice] })), { x: floats([4]) })).toEqual({
      y: [8],
    });
  });

  it('may be named as an op', () => {
    const graph = graphOf(small([node('y', 'twice', ['x', 'x'], T)], { functions: [twice] }));
    expect(run(graph, { x: floats([4]) })).toEqual({ y: [8] });
  });

  it('stay nodes where the options keep them', () => {
    const graph = graphOf(small([call('y', 'outer', ['x'])], { functions: [twice, outer] }), {
      keepCall: (functionDef) => functionDef.attrs.has('api_implements'),
    });
    expect(ops(graph.nodes)).toEqual(['StatefulPartitionedCall']);
    expect(ops(graph.nodes[0]!.bodies.get('f')!.nodes)).toEqual(['AddV2', 'Neg']);
    expect(run(graph, { x: floats([1]) })).toEqual({ y: [-2] });
  });

  it('resolve named and counted outputs of their nodes', () => {
    const parts = {
      name: 'parts',
      inputs: { value: 'float32' },
      outputs: { last: 'float32', top: 'float32' },
      nodes: [
        constant('axis', 'int32', [], [0]),
        constant('k', 'int32', [], [1]),
        node('split', 'Split', ['axis:output:0', 'value'], { ...T, num_split: attr.int(2) }),
        node('best', 'TopKV2', ['split:output:1', 'k:output:0'], T),
      ],
      ret: { last: 'split:output:1', top: 'best:values:0' },
    } as const;
    const two = node('both', 'StatefulPartitionedCall', ['x'], {
      Tin: attr.types(['float32']),
      Tout: attr.types(['float32', 'float32']),
      f: attr.func('parts'),
    });
    const graph = graphOf(small([two, node('y', 'Sub', ['both:1', 'both'], T)], { functions: [parts] }));
    expect(run(graph, { x: floats([1, 2, 7, 4]) })).toEqual({ y: [0, 3] });
  });
});

describe('attributes', () => {
  it('that the exporter left out get the registry default', () => {
    const pool = node('y', 'MaxPool', ['x'], {
      ...T,
      ksize: attr.ints([1, 2, 2, 1]),
      strides: attr.ints([1, 2, 2, 1]),
      padding: attr.string('VALID'),
    });
    const graph = graphOf(small([pool], {}, [-1, 4, 4, 1]));
    expect(graph.nodes[0]!.attrs.get('data_format')).toEqual({
      kind: 's',
      value: new TextEncoder().encode('NHWC'),
    });
    expect(graph.outputs[0]!.value.shape).toEqual(['x_0', 2, 2, 1]);
  });
});
