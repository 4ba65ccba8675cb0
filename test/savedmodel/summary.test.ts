import { describe, expect, test } from 'vitest';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { findExampleFeatures, sampleExample } from '../../src/savedmodel/example-features.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { EXAMPLE_SCHEMA } from '../../src/savedmodel/proto/example.js';
import { bindVariables } from '../../src/savedmodel/restore.js';
import { findInitNode, requireSignature, servableSignatures } from '../../src/savedmodel/signatures.js';
import { summarizeModel } from '../../src/savedmodel/summary.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { exampleModel } from '../fixtures/example-model.js';
import { linearModel } from '../fixtures/linear-model.js';
import { refusalOf } from '../fixtures/refusal.js';
import { memoryModel, type SavedModelSpec } from '../fixtures/saved-model-writer.js';
import { restoreFunction } from '../fixtures/tf2-model.js';

const load = (spec: SavedModelSpec) => selectMetaGraph(openSavedModel(memoryModel(spec), 'model'));

describe('signatures', () => {
  test("TensorFlow's own are not servable", () => {
    const metaGraph = load(linearModel({ initOp: 'unused' }));
    expect(servableSignatures(metaGraph).map(({ name }) => name)).toEqual(['serving_default']);
    expect(requireSignature(metaGraph, 'serving_default').methodName).toBe('tensorflow/serving/predict');
    for (const name of ['nope', '__saved_model_init_op']) {
      expect(refusalOf(() => requireSignature(metaGraph, name))).toMatch(/^TFD_SIGNATURE_NOT_FOUND/);
    }
  });

  test('the init node: signature first, then the two collections', () => {
    expect(findInitNode(load(linearModel({ initOp: 'unused' })))).toBe('unused');
    const metaGraph = load(linearModel());
    expect(findInitNode(metaGraph)).toBeUndefined();
    const collections = new Map([
      ['legacy_init_op', ['old']],
      ['saved_model_main_op', ['new']],
    ]);
    expect(findInitNode({ ...metaGraph, nodeCollections: collections })).toBe('new');
    collections.delete('saved_model_main_op');
    expect(findInitNode({ ...metaGraph, nodeCollections: collections })).toBe('old');
  });

  test('a model without signatures gets them from its callable functions', () => {
    const files = memoryModel(restoreFunction());
    const metaGraph = selectMetaGraph(openSavedModel(files, 'model'));
    const [signature] = servableSignatures(metaGraph);
    expect(signature).toMatchObject({ name: '__call__', isSynthetic: true });
    expect([...signature!.inputs.keys()]).toEqual(['x']);
    expect([...signature!.outputs]).toEqual([
      ['alt', { name: 'signature___call__:0', dtype: 'float32', shape: [2] }],
      ['sum', { name: 'signature___call__:1', dtype: 'float32', shape: ['?', 2] }],
    ]);
    const call = metaGraph.graph.nodes.find(({ name }) => name === 'signature___call__')!;
    // Variable "a" is the handle v_1, "b" is v, although both are called "v".
    expect(call.inputs).toEqual(['signature___call___x', 'v_1', 'v', 'Const']);
    const values = bindVariables(metaGraph, openBundle(files, 'model'));
    expect([...(values.get('v_1')!.read().data as Float32Array)]).toEqual([1, 2]);
  });

  test('a captured table is found by its creator; what can not be found is told', () => {
    const spec = restoreFunction();
    const objects = spec.objectGraph!;
    const capturing = (id: number): SavedModelSpec => ({
      ...spec,
      objectGraph: {
        ...objects,
        concrete_functions: new Map([['__inference___call___1', { bound_inputs: [1, 2, id] }]]),
      },
    });
    const table = load(capturing(3)).graph.nodes.at(-1)!;
    expect(table.inputs.at(-1)).toBe('table');
    const unknown = load(capturing(99));
    expect(servableSignatures(unknown)).toEqual([]);
    expect(unknown.uncallable!.get('__call__')).toContain('object 99');
  });
});

describe('a summary', () => {
  test('counts what a signature needs, in functions too', () => {
    const summary = summarizeModel(openSavedModel(memoryModel(linearModel()), 'model'));
    const [metaGraph] = summary.metaGraphs;
    const [signature] = metaGraph!.signatures;
    expect(Object.fromEntries(signature!.ops)).toEqual({
      AddV2: 1,
      MatMul: 1,
      PartitionedCall: 1,
      Placeholder: 1,
      ReadVariableOp: 2,
      VarHandleOp: 2,
    });
    expect([...signature!.variables].sort()).toEqual(['b', 'w']);
    expect(metaGraph!.variables).toMatchObject({ count: 2, elements: 6, bytes: 24, unbound: [] });
    expect(metaGraph!.ops.get('SaveV2')).toBe(1);
    expect(summary.size.totalBytes).toBe(summary.size.graphBytes + summary.size.variablesBytes);
  });

  test('is cut at the fed tensor', () => {
    const cut = linearModel({
      signatures: {
        s: {
          inputs: { p: { tensor: 'product:0', dtype: 'float32', shape: [-1, 2] } },
          outputs: linearModel().signatures.serving_default!.outputs,
        },
      },
    });
    const [signature] = summarizeModel(openSavedModel(memoryModel(cut), 'model')).metaGraphs[0]!.signatures;
    expect(signature!.ops.has('Placeholder')).toBe(false);
    expect(signature!.variables).toEqual(['b']);
  });

  test('assets, missing ones, tables of the checkpoint', () => {
    const files = memoryModel(restoreFunction({ assets: { 'v.txt': { content: 'abc', tensor: 'Const' } } }));
    const model = openSavedModel(files, 'model');
    const assets = [...model.metaGraphs[0]!.assets, { tensorName: 'Const:0', filename: 'gone.txt' }];
    const summary = summarizeModel({ ...model, metaGraphs: [{ ...model.metaGraphs[0]!, assets }] });
    expect(summary.metaGraphs[0]!.assets).toEqual([
      { filename: 'v.txt', bytes: 3 },
      { filename: 'gone.txt', bytes: undefined },
    ]);
    expect(summary.metaGraphs[0]!.variables.tables).toEqual(['table']);
  });
});

describe('features of tf.Example inputs', () => {
  test.each(['ParseExample', 'ParseExampleV2'] as const)('%s', (op) => {
    const metaGraph = load(exampleModel(op));
    const features = findExampleFeatures(metaGraph, metaGraph.signatures.get('s')!).get('examples')!;
    expect(features).toEqual([
      { name: 'x', dtype: 'float32', shape: [2], isRequired: true },
      { name: 'n', dtype: 'int64', shape: [], isRequired: false },
      { name: 'tags', dtype: 'string', shape: null, isRequired: false },
      ...(op === 'ParseExample' ? [] : [{ name: 'r', dtype: 'float32', shape: null, isRequired: false }]),
    ]);
    const example = decodeMessage(EXAMPLE_SCHEMA, 'Example', sampleExample(features)).features!.feature;
    expect([...example.get('x')!.float_list!.value]).toEqual([0.5, 0.5]);
    expect([...example.get('n')!.int64_list!.value]).toEqual([1n]);
    expect(example.get('tags')!.bytes_list!.value).toHaveLength(1);
  });

  test('a string that is no example has none', () => {
    const metaGraph = load(linearModel());
    expect(findExampleFeatures(metaGraph, metaGraph.signatures.get('serving_default')!).size).toBe(0);
  });
});
