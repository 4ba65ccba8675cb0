import { describe, expect, it } from 'vitest';
import { refusalOf } from '../fixtures/refusal.js';
import { attr, constant, node, placeholder, type SavedModelSpec } from '../fixtures/saved-model-writer.js';
import { call, floats, graphOf, ints, ops, run, small, T, tensor, texts } from './models.js';

const dtype = { dtype: attr.type('float32') };
const handle = (name: string) =>
  node(name, 'VarHandleOp', [], { ...dtype, shape: attr.shape([2]), shared_name: attr.string(name) });
const variables = { v: { dtype: 'float32', shape: [2], values: [1, 2] } } as const;

describe('variables', () => {
  it('become constants that are not read', () => {
    const spec = small([node('read', 'ReadVariableOp', ['v'], dtype), node('y', 'AddV2', ['x', 'read'], T)], {
      variables,
    });
    const graph = graphOf(spec);
    const weight = graph.nodes[0]!.inputs[1]!;
    expect(weight.constant?.file?.path).toBe('model/variables/variables.data-00000-of-00001');
    expect(run(graph, { x: floats([10, 20]) })).toEqual({ y: [11, 22] });
  });

  it('of TensorFlow 1 are read by reference', () => {
    const old = node('v', 'VariableV2', [], { ...dtype, shape: attr.shape([2]) });
    const graph = graphOf(
      small([old, node('read', 'Identity', ['v'], T), node('y', 'Mul', ['x', 'read'], T)], { variables }),
    );
    expect(run(graph, { x: floats([10, 20]) })).toEqual({ y: [10, 40] });
  });

  it('are gathered from, asked for, and measured', () => {
    const rows = node('rows', 'ResourceGather', ['v', 'ids'], { ...dtype, Tindices: attr.type('int32') });
    const is = node('is', 'VarIsInitializedOp', ['v']);
    const shape = node('shape', 'VariableShape', ['v'], { out_type: attr.type('int64') });
    const nd = node('nd', 'ResourceGatherNd', ['v', 'pairs'], { ...dtype, Tindices: attr.type('int32') });
    const graph = graphOf({
      nodes: [
        placeholder('ids', 'int32', [-1]),
        constant('pairs', 'int32', [1, 1], [1]),
        rows,
        is,
        shape,
        nd,
      ],
      variables,
      signatures: {
        serving_default: {
          inputs: { ids: tensor('ids:0', [-1], 'int32') },
          outputs: {
            rows: tensor('rows:0'),
            is: tensor('is:0'),
            shape: tensor('shape:0'),
            nd: tensor('nd:0'),
          },
        },
      },
    });
    expect(ops(graph.nodes)).toEqual(['GatherV2']);
    expect(run(graph, { ids: ints([1, 1, 0]) })).toEqual({ rows: [2, 2, 1], is: [1], shape: [2], nd: [2] });
  });

  it('are constants inside of called functions, branches and loops', () => {
    const read = node('read', 'ReadVariableOp', ['handle'], dtype);
    const body = (name: string, op: string) => ({
      name,
      inputs: { value: 'float32', handle: 'resource' } as const,
      outputs: { result: 'float32' } as const,
      nodes: [read, node('use', op, ['value', 'read:value:0'], T)],
      ret: { result: 'use:z:0' },
    });
    const choose = {
      name: 'choose',
      inputs: { flag: 'bool', value: 'float32', handle: 'resource' } as const,
      outputs: { result: 'float32' } as const,
      nodes: [
        node('if', 'If', ['flag', 'value', 'handle'], {
          Tcond: attr.type('bool'),
          Tin: attr.types(['float32', 'resource']),
          Tout: attr.types(['float32']),
          then_branch: attr.func('plus'),
          else_branch: attr.func('times'),
        }),
      ],
      ret: { result: 'if:output:0' },
    };
    const graph = graphOf({
      nodes: [
        placeholder('x', 'float32', [2]),
        placeholder('flag', 'bool', []),
        handle('v'),
        call('y', 'choose', ['flag', 'x', 'v'], ['bool', 'float32', 'resource']),
      ],
      functions: [body('plus', 'AddV2'), body('times', 'Mul'), choose],
      variables,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0', [2]), flag: tensor('flag:0', [], 'bool') },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    expect(graph.nodes[0]!.inputs.map(({ dtype }) => dtype)).toEqual(['bool', 'float32']);
    const flag = (value: number) => ({ dtype: 'bool', shape: [], data: Uint8Array.of(value) }) as const;
    expect(run(graph, { x: floats([5, 5]), flag: flag(1) })).toEqual({ y: [6, 7] });
    expect(run(graph, { x: floats([5, 5]), flag: flag(0) })).toEqual({ y: [5, 10] });
  });

  it('without a value are named', () => {
    const spec = small(
      [handle('w'), node('read', 'ReadVariableOp', ['w'], dtype), node('y', 'Mul', ['x', 'read'], T)],
      { variables },
    );
    expect(refusalOf(() => graphOf(spec))).toMatch(/^TFD_VARIABLE_UNBOUND: .*"w"/);
  });

  it('of another type than the graph says are refused', () => {
    const spec = small(
      [
        node('read', 'ReadVariableOp', ['v'], { dtype: attr.type('int32') }),
        node('y', 'Neg', ['read'], { T: attr.type('int32') }),
      ],
      { variables },
    );
    expect(refusalOf(() => graphOf(spec))).toMatch(
      /^TFD_GRAPH_INVALID: .*is int32, but its value is float32/,
    );
  });
});

describe('a signature that changes variables', () => {
  const one = constant('one', 'float32', [2], [1, 1]);

  it('is refused by the names of the variables', () => {
    const old = node('v', 'VariableV2', [], { ...dtype, shape: attr.shape([2]) });
    const spec = small([old, one, node('y', 'AssignAdd', ['v', 'one'], T)], { variables });
    expect(refusalOf(() => graphOf(spec))).toMatch(/^TFD_STATEFUL: .*"v"/);
  });

  it('is found where only order or a called function reaches it', () => {
    const assign = node('assign', 'AssignAddVariableOp', ['v', 'one'], dtype);
    const byOrder = small([one, assign, node('y', 'Neg', ['x', '^assign'], T)], { variables });
    expect(refusalOf(() => graphOf(byOrder))).toMatch(/^TFD_STATEFUL: /);
    const counting = {
      name: 'counting',
      inputs: { value: 'float32', state: 'resource' },
      outputs: { result: 'float32' },
      nodes: [
        node('neg', 'Neg', ['value'], T),
        node('count', 'AssignAddVariableOp', ['state', 'value'], dtype),
      ],
      ret: { result: 'neg:y:0' },
      controlRet: { count: 'count' },
    } as const;
    const byCall = small([handle('v'), call('y', 'counting', ['x', 'v'], ['float32', 'resource'])], {
      functions: [counting],
      variables,
    });
    expect(refusalOf(() => graphOf(byCall))).toMatch(/"v" \(AssignAddVariableOp in node "y\/count"\)/);
  });

  it('does not stand in the way of the others', () => {
    const spec = small(
      [one, node('assign', 'AssignAddVariableOp', ['v', 'one'], dtype), node('y', 'Neg', ['x'], T)],
      { variables },
    );
    expect(ops(graphOf(spec).nodes)).toEqual(['Neg']);
  });
});

const tableAttrs = { key_dtype: attr.type('string'), value_dtype: attr.type('int64') };
const find = { Tin: attr.type('string'), Tout: attr.type('int64') };

/** A model whose `y` is what a table holds for the words in `x`. */
function lookupModel(table: SavedModelSpec['nodes'], changes: Partial<SavedModelSpec>): SavedModelSpec {
  return {
    nodes: [
      placeholder('x', 'string', [-1]),
      node('table', 'HashTableV2', [], { ...tableAttrs, shared_name: attr.string('words') }),
      constant('unknown', 'int64', [], [-1]),
      node('y', 'LookupTableFindV2', ['table', 'x', 'unknown'], find),
      ...table,
    ],
    signatures: {
      serving_default: { inputs: { x: tensor('x:0', [-1], 'string') }, outputs: { y: tensor('y:0') } },
    },
    ...changes,
  };
}

describe('tables', () => {
  const fromFile = (path: string) =>
    node('fill', 'InitializeTableFromTextFileV2', ['table', path], {
      key_index: attr.int(-2),
      value_index: attr.int(-1),
    });
  const init = node('init', 'NoOp', ['^fill']);

  it('are filled from an asset', () => {
    const path = constant('path', 'string', [], ['elsewhere.txt']);
    const graph = graphOf(
      lookupModel([path, fromFile('path'), init], {
        initOp: 'init',
        assets: { 'words.txt': { content: 'the\nquick\r\nfox', tensor: 'path:0' } },
      }),
    );
    expect([...graph.tables.keys()]).toEqual([graph.nodes[0]!.outputs[0]!.name]);
    expect(run(graph, { x: texts(['fox', 'dog', 'the', 'quick']) })).toEqual({ y: [2, -1, 0, 1] });
  });

  it('are filled by a function, under the same shared name, with a path in a variable', () => {
    const fill = {
      name: 'fill_it',
      inputs: { table: 'resource', path: 'resource' },
      outputs: { done: 'float32' },
      nodes: [
        node('read', 'ReadVariableOp', ['path'], { dtype: attr.type('string') }),
        node('load', 'InitializeTableFromTextFileV2', ['table', 'read:value:0'], {
          key_index: attr.int(1),
          value_index: attr.int(0),
          delimiter: attr.string(','),
        }),
        constant('one', 'float32', [], [1]),
      ],
      ret: { done: 'one:output:0' },
      controlRet: { load: 'load' },
    } as const;
    const graph = graphOf(
      lookupModel(
        [
          constant('path', 'string', [], ['']),
          node('path_variable', 'VarHandleOp', [], {
            dtype: attr.type('string'),
            shape: attr.shape([]),
            shared_name: attr.string('p'),
          }),
          node('assign', 'AssignVariableOp', ['path_variable', 'path'], { dtype: attr.type('string') }),
          node('again', 'HashTableV2', [], { ...tableAttrs, shared_name: attr.string('words') }),
          {
            ...call('run', 'fill_it', ['again', 'path_variable'], ['resource', 'resource']),
            inputs: ['again', 'path_variable', '^assign'],
          },
          node('init', 'NoOp', ['^run']),
        ],
        {
          functions: [fill],
          initOp: 'init',
          assets: { 'words.csv': { content: '7,seven\n8,eight\n', tensor: 'path:0' } },
        },
      ),
    );
    expect(run(graph, { x: texts(['eight', 'seven']) })).toEqual({ y: [8, 7] });
  });

  it('are filled from constants that are computed', () => {
    const graph = graphOf(
      lookupModel(
        [
          constant('keys', 'string', [2], ['a', 'b']),
          constant('start', 'int64', [], [5]),
          constant('limit', 'int64', [], [7]),
          constant('step', 'int64', [], [1]),
          node('values', 'Range', ['start', 'limit', 'step'], { Tidx: attr.type('int64') }),
          node('fill', 'InitializeTableV2', ['table', 'keys', 'values'], {
            Tkey: attr.type('string'),
            Tval: attr.type('int64'),
          }),
          init,
        ],
        { initOp: 'init' },
      ),
    );
    expect(run(graph, { x: texts(['b', 'a']) })).toEqual({ y: [6, 5] });
  });

  it('may not be filled from a file that is no asset of the model', () => {
    const path = constant('path', 'string', [], ['/etc/passwd']);
    const spec = lookupModel([path, fromFile('path'), init], { initOp: 'init' });
    expect(refusalOf(() => graphOf(spec))).toMatch(/^TFD_GRAPH_INVALID: .*\/etc\/passwd/);
  });

  it('that nothing fills are named', () => {
    expect(refusalOf(() => graphOf(lookupModel([], {})))).toContain(
      '"table" (HashTableV2) is not initialised',
    );
  });
});
