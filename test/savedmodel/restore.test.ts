import { describe, expect, test } from 'vitest';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { bindCheckpoint, bindVariables } from '../../src/savedmodel/restore.js';
import { linearModel } from '../fixtures/linear-model.js';
import { refusalOf } from '../fixtures/refusal.js';
import {
  attr,
  constant,
  memoryModel,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
} from '../fixtures/saved-model-writer.js';
import { keyed, restoreFunction } from '../fixtures/tf2-model.js';

function bind(spec: SavedModelSpec) {
  const files = memoryModel(spec);
  return bindCheckpoint(selectMetaGraph(openSavedModel(files, 'model')), openBundle(files, 'model'));
}

const read = (values: ReadonlyMap<string, { read(): { data: unknown } }>) =>
  Object.fromEntries(
    [...values].map(([name, value]) => [name, Array.from(value.read().data as Float32Array)]),
  );

const f32 = attr.type('float32');

describe('binding variables', () => {
  test('TF1: through Assign and Identity to the key, whatever the names', () => {
    const spec = linearModel({ keys: { w: 'some/key', b: 'w' } });
    const { variables, keys } = bind(spec);
    expect(read(variables)).toEqual({ w: [1, 2, 3, 4], b: [10, 20] });
    expect(keys).toEqual(
      new Map([
        ['w', 'some/key'],
        ['b', 'w'],
      ]),
    );
  });

  test('TF1: reference variables', () => {
    const nodes = ['w', 'b'].map((name) =>
      node(name, 'VariableV2', [], { dtype: f32, shape: attr.shape(name === 'w' ? [2, 2] : [2]) }),
    );
    const rest = linearModel().nodes.filter(({ op }) => op === 'Placeholder');
    const { variables } = bind(linearModel({ nodes: [...nodes, ...rest], functions: [] }));
    expect(read(variables)).toEqual({ w: [1, 2, 3, 4], b: [10, 20] });
  });

  test('TF1: slices of a partitioned variable, and a Reshape on the way', () => {
    const slice = (name: string, spec: string, shape: readonly number[]): NodeSpec[] => [
      node(name, 'VarHandleOp', [], { dtype: f32, shape: attr.shape(shape) }),
      constant(`${name}/names`, 'string', [1], ['big']),
      constant(`${name}/slices`, 'string', [1], [spec]),
      node(`${name}/restore`, 'RestoreV2', ['save/Const', `${name}/names`, `${name}/slices`], {
        dtypes: attr.types(['float32']),
      }),
      constant(`${name}/shape`, 'int32', [1], [4]),
      node(`${name}/flat`, 'Reshape', [`${name}/restore`, `${name}/shape`], { T: f32 }),
      node(`${name}/assign`, 'AssignVariableOp', [name, `${name}/flat`], { dtype: f32 }),
    ];
    const files = memoryModel({
      nodes: [
        ...slice('part_0', '4 2 0,2:-', [4]),
        ...slice('part_1', '4 2 2,2:-', [2, 2]),
        node('restore', 'NoOp', ['^part_0/assign', '^part_1/assign']),
      ],
      signatures: {},
      variables: {
        big: {
          dtype: 'float32',
          shape: [4, 2],
          values: [0, 1, 2, 3, 4, 5, 6, 7],
          slices: [
            { start: [0, 0], length: [2, 2] },
            { start: [2, 0], length: [2, 2] },
          ],
        },
      },
    });
    const metaGraph = selectMetaGraph(openSavedModel(files, 'model'));
    const saver = { ...metaGraph.saver!, restoreOpName: 'restore' };
    const variables = bindVariables({ ...metaGraph, saver }, openBundle(files, 'model'));
    expect(variables.get('part_0')).toMatchObject({ shape: [4], byteLength: 16 });
    expect(read(variables)).toMatchObject({ part_0: [0, 1, 2, 3], part_1: [4, 5, 6, 7] });
  });

  test('TF2: through the restore function and functions that it calls', () => {
    const { variables, tables } = bind(restoreFunction());
    // Both variables have the name "v": only the restore function tells them apart.
    expect(read(variables)).toEqual({ v: [3, 4], v_1: [1, 2] });
    expect(tables.get('table')!.keys.read().data).toEqual([Uint8Array.of(97), Uint8Array.of(98)]);
    expect([...(tables.get('table')!.values.read().data as BigInt64Array)]).toEqual([7n, 8n]);
  });

  test('without a restore op: by the object graph, else by shared name, else by node name', () => {
    const spec = linearModel({
      restore: 'none',
      keys: { w: 'layer.Skernel/.ATTRIBUTES/VARIABLE_VALUE' },
      objectGraph: {
        nodes: [
          { user_object: {}, children: [{ node_id: 1, local_name: 'layer/kernel' }] },
          { variable: { name: 'w', dtype: 1, shape: { dim: [{ size: 2 }, { size: 2 }] } } },
        ],
      },
    });
    expect(read(bind(spec).variables)).toEqual({ w: [1, 2, 3, 4], b: [10, 20] });
    const handle = node('handle', 'VarHandleOp', [], {
      dtype: f32,
      shape: attr.shape([2]),
      shared_name: attr.string('b'),
    });
    const named = bind(linearModel({ restore: 'none', nodes: [...linearModel().nodes, handle] }));
    expect(read(named.variables)).toEqual({ w: [1, 2, 3, 4], b: [10, 20], handle: [10, 20] });
  });

  test('a guess by name that does not fit is no value; a restore that does not fit is an error', () => {
    const wrong = [
      placeholder('x', 'float32', [-1, 2]),
      node('b', 'VarHandleOp', [], { dtype: attr.type('int32'), shape: attr.shape([2]) }),
      node('w', 'VarHandleOp', [], { dtype: f32, shape: attr.shape([3]) }),
    ];
    expect(read(bind(linearModel({ restore: 'none', nodes: wrong })).variables)).toEqual({});
    expect(refusalOf(() => bind(linearModel({ nodes: wrong })))).toMatch(
      /^TFD_MODEL_CORRUPT: variable "[bw]"/,
    );
  });

  test('a checkpoint without a key, or no checkpoint at all, leaves variables unbound', () => {
    const spec = linearModel({
      nodes: [...linearModel().nodes, node('u', 'VarHandleOp', [], { dtype: f32, shape: attr.shape([]) })],
    });
    expect([...bind(spec).variables.keys()].sort()).toEqual(['b', 'w']);
    const metaGraph = selectMetaGraph(openSavedModel(memoryModel(spec), 'model'));
    expect(bindVariables(metaGraph, undefined).size).toBe(0);
  });

  test('V1 savers are refused', () => {
    const files = memoryModel(linearModel());
    const metaGraph = selectMetaGraph(openSavedModel(files, 'model'));
    const old = { ...metaGraph, saver: { ...metaGraph.saver!, version: 1 } };
    expect(refusalOf(() => bindVariables(old, openBundle(files, 'model')))).toMatch(/^TFD_MODEL_UNSUPPORTED/);
  });

  test('functions that call each other without end are a limit, not a hang', () => {
    const call = (name: string, f: string) =>
      node(name, 'PartitionedCall', [], { Tin: attr.types([]), Tout: attr.types([]), f: attr.func(f) });
    const functions = Array.from({ length: 40 }, (_, i) => ({
      name: `f${i}`,
      inputs: {},
      outputs: {},
      nodes: i === 39 ? [] : [call('a', `f${i + 1}`), call('b', `f${i + 1}`)],
      ret: {},
    }));
    const files = memoryModel(
      linearModel({ functions, nodes: [...linearModel().nodes.slice(0, 1), call('start', 'f0')] }),
    );
    const metaGraph = selectMetaGraph(openSavedModel(files, 'model'));
    const saver = { ...metaGraph.saver!, restoreOpName: 'start' };
    expect(refusalOf(() => bindVariables({ ...metaGraph, saver }, openBundle(files, 'model')))).toMatch(
      /^TFD_MODEL_LIMIT/,
    );
  });

  test('keys hold names as paths', () => {
    expect(keyed('a/b.c')).toBe('a.Sb..c/.ATTRIBUTES/VARIABLE_VALUE');
  });
});
