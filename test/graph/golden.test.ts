import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Case, compareOutput, parseCase } from '../../src/base/case-format.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import type { TensorMap } from '../../src/base/tensor.js';
import { buildGraph } from '../../src/graph/build.js';
import { interpret } from '../../src/graph/interpret.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import { describeShared, SHARED, sharedModels } from '../fixtures/shared.js';
import { isGoldenThere, readIndex } from '../golden/run-golden.js';

/** Cases that can not match, and why. */
const APART: ReadonlyMap<string, RegExp> = new Map([
  ['tensorflow__serving__saved_model_counter/incr_counter/b1', /^TFD_STATEFUL/],
  ['tensorflow__serving__saved_model_counter/incr_counter_by/b1', /^TFD_STATEFUL/],
  ['tensorflow__serving__saved_model_counter/reset_counter/b1', /^TFD_STATEFUL/],
  // A loop of TensorFlow 1 frames around image decoding.
  [
    'tobegit3hub__simple_tensorflow_serving__deep_image_model/serving_default/b1',
    /^(match|TFD_OP_UNSUPPORTED)/,
  ],
  [
    'tobegit3hub__simple_tensorflow_serving__deep_image_model/serving_default/b3',
    /^(match|TFD_OP_UNSUPPORTED)/,
  ],
  // TensorFlow's own default kernels differ from the golden answer by more than this (see test/golden).
  ['spotify__basic-pitch__nmp/serving_default/b3', /^differs/],
]);

function difference(actual: TensorMap, expected: Case): string {
  for (const [name, want] of expected.outputs) {
    const got = actual.get(name);
    if (got === undefined) return `differs: ${name} is missing`;
    if (expected.deterministic.get(name) === false) continue;
    const { matches, why, maxAbs } = compareOutput(got, want);
    if (!matches) return `differs: ${name} ${why} (off by ${maxAbs})`;
  }
  return 'match';
}

describeShared('the interpreter answers the golden cases', () => {
  const rows: [string, string][] = [];
  const models = isGoldenThere() ? [...readIndex()] : [];

  it.each(models)('%s', { timeout: 300_000 }, (name, model) => {
    const dir = sharedModels().find(
      (path) => path === join(SHARED, 'models', name) || path.startsWith(`${join(SHARED, 'models', name)}/`),
    );
    const wrong: string[] = [];
    for (const [signature, { cases }] of Object.entries(model.signatures)) {
      for (const [key, { ok, file }] of Object.entries(cases)) {
        if (!ok) continue;
        const id = `${name}/${signature}/${key}`;
        const expected = parseCase(readFileSync(join(SHARED, 'golden', file)), id);
        let outcome: string;
        try {
          const opened = openSavedModel(nodeFiles, dir!);
          const graph = buildGraph(opened, selectMetaGraph(opened, model.tags ?? ['serve']), signature);
          outcome = difference(interpret(graph, expected.inputs), expected);
        } catch (error) {
          if (!isTfdeployError(error)) throw error;
          outcome = `${error.code}: ${error.message}`;
        }
        rows.push([id, outcome]);
        if (!(APART.get(id) ?? /^match$/).test(outcome)) wrong.push(`${id}: ${outcome}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  afterAll(() => {
    const matching = rows.filter(([, outcome]) => outcome === 'match').length;
    console.log(`interpreter: ${matching} of ${rows.length} golden cases match`);
    for (const [id, outcome] of rows) if (outcome !== 'match') console.log(`  ${id}: ${outcome}`);
  });
});
