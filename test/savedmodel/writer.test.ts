import { describe, expect, test } from 'vitest';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { linearModel } from '../fixtures/linear-model.js';
import { memoryModel } from '../fixtures/saved-model-writer.js';

describe('the SavedModel writer', () => {
  test('writes what the reader reads', () => {
    const files = memoryModel(linearModel());
    const model = openSavedModel(files, 'model');
    const metaGraph = selectMetaGraph(model);
    expect(metaGraph.graph.nodes.map((node) => node.op)).toContain('MatMul');
    const signature = metaGraph.signatures.get('serving_default')!;
    expect(signature.inputs.get('x')).toEqual({ name: 'x:0', dtype: 'float32', shape: ['?', 2] });
    const bundle = openBundle(files, 'model')!;
    expect(bundle.tensor('w').read()).toEqual({
      dtype: 'float32',
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    });
  });
});
