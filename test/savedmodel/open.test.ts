import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { findVersions } from '../../src/savedmodel/locate.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import type { TensorValue } from '../../src/savedmodel/types.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { linearModel } from '../fixtures/linear-model.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { refusalOf } from '../fixtures/refusal.js';
import { attr, buildSavedModel, memoryModel, node, placeholder } from '../fixtures/saved-model-writer.js';
import { printText } from '../fixtures/text-writer.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const pb = buildSavedModel(linearModel()).get('saved_model.pb')!;
const opening = (entries: Record<string, Uint8Array | string>, path = 'm') =>
  refusalOf(() =>
    openSavedModel(
      memoryFiles(
        new Map(
          Object.entries(entries).map(([name, value]) => [
            name,
            typeof value === 'string' ? bytesOf(value) : value,
          ]),
        ),
      ),
      path,
    ),
  );

describe('opening a SavedModel', () => {
  test('the binary and the text form give the same model', () => {
    const text = printText(TF_SCHEMA, 'SavedModel', decodeMessage(TF_SCHEMA, 'SavedModel', pb));
    const fromText = openSavedModel(memoryFiles(new Map([['m/saved_model.pbtxt', bytesOf(text)]])), 'm');
    const fromWire = openSavedModel(memoryFiles(new Map([['m/saved_model.pb', pb]])), 'm');
    expect([fromWire.format, fromText.format]).toEqual(['pb', 'pbtxt']);
    const plain = (model: typeof fromWire) => JSON.stringify(model.metaGraphs, toPlain);
    expect(plain(fromText)).toBe(plain(fromWire));
  });

  test('the path may be that of saved_model.pb, or end with a slash', () => {
    const files = memoryModel(linearModel());
    expect(openSavedModel(files, 'model/').dir).toBe('model');
    expect(openSavedModel(files, 'model/saved_model.pb').dir).toBe('model');
  });

  test('nodes, functions, signatures and assets arrive', () => {
    const files = memoryModel(
      linearModel({
        assets: { 'vocab.txt': { content: 'a\nb\n', tensor: 'unused' } },
        tags: ['serve', 'gpu'],
        initOp: 'y',
      }),
    );
    const metaGraph = selectMetaGraph(openSavedModel(files, 'model'), ['gpu', 'serve']);
    expect(metaGraph.assets).toEqual([{ tensorName: 'unused:0', filename: 'vocab.txt' }]);
    expect(metaGraph.graph.functions.get('add_bias')).toMatchObject({
      inputArgs: [{ name: 'value', type: 1 }, { name: 'bias' }],
      ret: new Map([['sum', 'add:z:0']]),
    });
    expect(metaGraph.strippedDefaultAttrs).toBe(true);
    expect(metaGraph.graph.nodes.find(({ name }) => name === 'y')!.attrs.get('Tin')).toEqual({
      kind: 'list',
      value: [
        { kind: 'type', value: 1 },
        { kind: 'type', value: 1 },
      ],
    });
  });

  test('tags are compared as sets, and a refusal lists those that there are', () => {
    const model = openSavedModel(memoryModel(linearModel({ tags: ['serve', 'tpu'] })), 'model');
    expect(selectMetaGraph(model, ['tpu', 'serve', 'tpu']).tags).toEqual(['serve', 'tpu']);
    expect(refusalOf(() => selectMetaGraph(model))).toMatch(/^TFD_TAGS_NOT_FOUND.*there are \[serve, tpu\]/);
    expect(refusalOf(() => selectMetaGraph(model, []))).toMatch(/^TFD_TAGS_NOT_FOUND/);
  });

  test('sparse, composite and wrongly typed tensors of a signature', () => {
    const info = (rest: object) => ({
      dtype: 101,
      tensor_shape: { dim: [{ size: -1 }, { size: 4 }] },
      ...rest,
    });
    const components = [info({ name: 'v' }), info({ name: 's:1', dtype: 9 })];
    const spec = { type_spec_class: 3, type_spec_class_name: 'RaggedTensorSpec' };
    const inputs = new Map([
      [
        'sparse',
        info({
          coo_sparse: { indices_tensor_name: 'i:0', values_tensor_name: 'v', dense_shape_tensor_name: 'd:0' },
        }),
      ],
      ['ragged', info({ composite_tensor: { type_spec: spec, components } })],
      ['odd', info({ name: 'o', dtype: 29, tensor_shape: undefined })],
    ]);
    const bytes = encodeMessage(TF_SCHEMA, 'SavedModel', {
      meta_graphs: [{ meta_info_def: { tags: ['serve'] }, signature_def: new Map([['f', { inputs }]]) }],
    } as never);
    const model = openSavedModel(memoryFiles(new Map([['m/saved_model.pb', bytes]])), 'm');
    const found = selectMetaGraph(model).signatures.get('f')!.inputs;
    expect(found.get('sparse')).toEqual({
      name: '',
      dtype: 'float32',
      shape: ['?', 4],
      compositeType: 'SparseTensor',
      components: new Map([
        ['indices', { name: 'i:0', dtype: 'int64', shape: ['?', 2] }],
        ['values', { name: 'v:0', dtype: 'float32', shape: ['?'] }],
        ['dense_shape', { name: 'd:0', dtype: 'int64', shape: [2] }],
      ]),
    });
    expect(found.get('ragged')).toMatchObject({ compositeType: 'RaggedTensorSpec' });
    expect(found.get('ragged')!.components!.get('1')).toEqual({
      name: 's:1',
      dtype: 'int64',
      shape: ['?', 4],
    });
    expect(found.get('odd')).toEqual({ name: 'o:0', dtype: 'invalid', shape: null });
  });

  test.each([
    [
      'two nodes of one name',
      { nodes: [placeholder('x', 'float32', [1]), placeholder('x', 'float32', [1])] },
      'TFD_GRAPH_INVALID',
      'node "x" is there twice',
    ],
    [
      'a node without a needed attribute',
      { nodes: [node('x', 'Placeholder')] },
      'TFD_GRAPH_INVALID',
      'lacks the attribute "dtype"',
    ],
    [
      'an attribute without a value',
      { nodes: [node('x', 'Foo', [], { T: {} })] },
      'TFD_MODEL_CORRUPT',
      'attribute "T" has no value',
    ],
    [
      'a shape with a size below −1',
      { nodes: [node('x', 'Foo', [], { s: attr.shape([-7]) })] },
      'TFD_MODEL_CORRUPT',
      'dimension -7',
    ],
  ])('%s is refused', (_what, change, code, message) => {
    const refusal = refusalOf(() =>
      openSavedModel(memoryModel(linearModel({ ...change, variables: {} })), 'model'),
    );
    expect(refusal).toMatch(new RegExp(`^${code}`));
    expect(refusal).toContain(message);
  });

  test('notes that TensorFlow leaves without a value are left out', () => {
    const nodes = [node('x', 'Foo', [], { _input_shapes: {}, T: attr.int(1) })];
    const files = memoryModel(linearModel({ nodes, variables: {} }));
    const [found] = openSavedModel(files, 'model').metaGraphs[0]!.graph.nodes;
    expect([...found!.attrs.keys()]).toEqual(['T']);
  });
});

describe('what is not a SavedModel is told from one', () => {
  test.each([
    ['nothing there', {}, 'TFD_MODEL_NOT_FOUND', 'no such file or directory'],
    ['another directory', { 'm/readme.md': 'x' }, 'TFD_MODEL_NOT_FOUND', 'only readme.md'],
    [
      'numbered versions',
      { 'm/1/saved_model.pb': pb, 'm/00000012/saved_model.pb': pb },
      'TFD_MODEL_NOT_FOUND',
      'holds versions',
    ],
    ['one level too high', { 'm/export/saved_model.pb': pb }, 'TFD_MODEL_NOT_FOUND', 'in a directory below'],
    ['the chunked form', { 'm/saved_model.cpb': 'x' }, 'TFD_MODEL_UNSUPPORTED', 'chunked'],
    ['a Hub module', { 'm/tfhub_module.pb': 'x' }, 'TFD_MODEL_UNSUPPORTED', 'TensorFlow Hub'],
    [
      'an HDF5 file in it',
      { 'm/model.h5': Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10) },
      'TFD_MODEL_UNSUPPORTED',
      'HDF5',
    ],
    ['Keras metadata alone', { 'm/keras_metadata.pb': 'x' }, 'TFD_MODEL_NOT_FOUND', 'metadata'],
    ['an empty saved_model.pb', { 'm/saved_model.pb': '' }, 'TFD_MODEL_CORRUPT', 'an empty file'],
    [
      'a Git LFS pointer',
      { 'm/saved_model.pb': 'version https://git-lfs.github.com/spec/v1\noid' },
      'TFD_MODEL_CORRUPT',
      'Git LFS',
    ],
    ['a gzipped one', { 'm/saved_model.pb': new Uint8Array(gzipSync(pb)) }, 'TFD_MODEL_UNSUPPORTED', 'gzip'],
    ['a bare GraphDef', { 'm/saved_model.pb': graphDef() }, 'TFD_MODEL_UNSUPPORTED', 'frozen graph'],
    [
      'a bare GraphDef as text',
      { 'm/saved_model.pbtxt': 'node {\n name: "x" }' },
      'TFD_MODEL_UNSUPPORTED',
      'GraphDef in text form',
    ],
  ])('%s', (_what, entries, code, message) => {
    const refusal = opening(entries as Record<string, Uint8Array | string>);
    expect(refusal).toMatch(new RegExp(`^${code}`));
    expect(refusal).toContain(message);
  });

  test.each([
    ['model.tflite', Uint8Array.of(28, 0, 0, 0, 84, 70, 76, 51), 'TensorFlow Lite'],
    ['model.onnx', Uint8Array.of(8, 7, 18, 1, 120, 58, 0), 'ONNX'],
    ['model.keras', bytesOf('PK\x03\x04....config.json'), 'Keras 3'],
    ['model.json', bytesOf('{"modelTopology": {}}'), 'TensorFlow.js'],
    ['frozen.pb', graphDef(), 'frozen graph'],
    ['notes.txt', bytesOf('hello'), 'is not a SavedModel'],
  ])('the file %s', (name, bytes, message) => {
    const refusal = opening({ [`m/${name}`]: bytes }, `m/${name}`);
    expect(refusal).toMatch(/^TFD_MODEL_UNSUPPORTED/);
    expect(refusal).toContain(message);
  });

  test('the hint names the versions', () => {
    const files = memoryFiles(
      new Map([
        ['m/2/saved_model.pb', pb],
        ['m/10/saved_model.pb', pb],
        ['m/x/y', pb],
      ]),
    );
    expect(findVersions(files, 'm').map(({ number }) => number)).toEqual([10, 2]);
    try {
      openSavedModel(files, 'm');
    } catch (error) {
      expect(isTfdeployError(error) && error.hint).toContain('m/10, m/2');
    }
  });
});

function graphDef(): Uint8Array {
  return encodeMessage(TF_SCHEMA, 'GraphDef', { node: [{ name: 'x', op: 'Placeholder' }] });
}

function toPlain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return [...value];
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'object' && value !== null && 'read' in value) {
    const { dtype, shape, data } = (value as TensorValue).read();
    return { dtype, shape, data: Array.from<unknown>(data as ArrayLike<unknown>) };
  }
  return value;
}
