import { basename, relative } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFiles } from '../../src/base/node-files.js';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { bindVariables, isVariableNode } from '../../src/savedmodel/restore.js';
import { summarizeModel } from '../../src/savedmodel/summary.js';
import { refusalOf } from '../fixtures/refusal.js';
import { describeShared, SHARED, sharedModels } from '../fixtures/shared.js';

/** Models that can not be read, and what is said about them. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  tensorflow__tensorflow__chunked_cpb: /^TFD_MODEL_UNSUPPORTED.*chunked SavedModel/,
  tensorflow__tensorflow__fuzz_bad_node_attr: /^TFD_GRAPH_INVALID.*lacks the attribute "value"/,
};

/** Variables that no checkpoint holds: the file name of TF1's saver, paths of assets. */
const UNBOUND = /^(filename_tensor|Variable(_1)?)$/;

describeShared('models made by others', () => {
  test.each(sharedModels().map((dir) => [relative(SHARED, dir), dir]))('%s', (_name, dir) => {
    const refusal = REFUSED[basename(dir)];
    if (refusal !== undefined) {
      expect(refusalOf(() => openSavedModel(nodeFiles, dir))).toMatch(refusal);
      return;
    }
    const model = openSavedModel(nodeFiles, dir);
    const bundle = openBundle(nodeFiles, dir);
    // Every value of every checkpoint, with its checksum.
    for (const key of bundle?.entries.keys() ?? []) bundle!.tensor(key).read();
    const summary = summarizeModel(model);
    summary.metaGraphs.forEach((each, i) => {
      const metaGraph = model.metaGraphs[i]!;
      expect(each.signatures.length).toBeGreaterThan(0);
      const bound = bindVariables(metaGraph, bundle);
      const open = metaGraph.graph.nodes.filter((node) => isVariableNode(node) && !bound.has(node.name));
      expect(open.filter(({ name }) => !UNBOUND.test(name))).toEqual([]);
      expect(each.assets.filter(({ bytes }) => bytes === undefined)).toEqual([]);
    });
  });
});
