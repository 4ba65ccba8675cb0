import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/base/node-files.js';
import { numericTensor } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import { readPlan, writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import {
  attr,
  constant,
  node,
  placeholder,
  type SavedModelSpec,
  writeSavedModel,
} from '../fixtures/saved-model-writer.js';

const SHARD = 'variables.data-00000-of-00001';
const ROWS = 5000;
const WIDTH = 64;

/** Rows of a table of 1.3 MB in the checkpoint; row r holds r·100 … r·100 + 63. `before` shifts the table. */
function lookupModel(before: Uint8Array = new Uint8Array(0)): SavedModelSpec {
  const T = { dtype: attr.type('float32') };
  return {
    nodes: [
      placeholder('id', 'int32', [-1]),
      node('read', 'ReadVariableOp', ['table'], T),
      constant('axis', 'int32', [], [0]),
      node('row', 'GatherV2', ['read', 'id', 'axis'], {
        Tparams: attr.type('float32'),
        Tindices: attr.type('int32'),
        Taxis: attr.type('int32'),
      }),
    ],
    signatures: {
      serving_default: {
        inputs: { id: { tensor: 'id:0', dtype: 'int32', shape: [-1] } },
        outputs: { row: { tensor: 'row:0', dtype: 'float32', shape: [-1, WIDTH] } },
      },
    },
    variables: {
      ...(before.length === 0
        ? {}
        : { before: { dtype: 'uint8', shape: [before.length], values: [...before] } }),
      table: {
        dtype: 'float32',
        shape: [ROWS, WIDTH],
        values: Array.from({ length: ROWS * WIDTH }, (_, i) => Math.floor(i / WIDTH) * 100 + (i % WIDTH)),
      },
    },
  };
}

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-weights-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const shardPath = () => join(dir, 'model', 'variables', SHARD);
const planPath = (name = '') => join(dir, 'plan', name);

function convert(spec: SavedModelSpec, options: { isLinking?: boolean; linkMinBytes?: number } = {}) {
  writeSavedModel(join(dir, 'model'), spec);
  const compiled = compileModel(openSavedModel(nodeFiles, join(dir, 'model')));
  return writePlan(compiled, planPath(), { linkMinBytes: 1 << 20, ...options });
}

async function lookUp(ids: number[]): Promise<number[]> {
  const runner = await createInlineRunner(planPath());
  try {
    const inputs = new Map([['id', numericTensor('int32', [ids.length], ids)]]);
    const row = (await runner.run('serving_default', inputs)).get('row');
    return Array.from(row?.data as Float32Array).filter((_, i) => i % WIDTH === 1);
  } finally {
    await runner.close();
  }
}

describe('weights in hard links', () => {
  it('are the file of the checkpoint itself, and the plan says so', async () => {
    const plan = convert(lookupModel());
    expect(statSync(planPath(SHARD)).ino).toBe(statSync(shardPath()).ino);
    expect(Object.keys(plan.files ?? {}).sort()).toEqual(['serving_default.onnx', SHARD]);
    expect(plan.linked?.[SHARD]).toEqual({
      source: shardPath(),
      modifiedNs: String(statSync(shardPath(), { bigint: true }).mtimeNs),
    });
    expect(readPlan(planPath())).toEqual(plan);
    expect(await lookUp([0, 3, ROWS - 1])).toEqual([1, 301, (ROWS - 1) * 100 + 1]);
  });

  it('stay when the model is removed', async () => {
    convert(lookupModel());
    rmSync(join(dir, 'model'), { recursive: true });
    expect(await lookUp([7])).toEqual([701]);
  });

  it('are refused when the model was written over in place', () => {
    convert(lookupModel());
    const bytes = readFileSync(shardPath());
    bytes[4] = 1;
    writeFileSync(shardPath(), bytes);
    utimesSync(shardPath(), 1, 1);
    expect(() => readPlan(planPath())).toThrow(expect.objectContaining({ code: 'TFD_PLAN_CORRUPT' }));
    expect(() => readPlan(planPath())).toThrow(/changed since/);
  });

  it('are refused when the model grew', () => {
    convert(lookupModel());
    appendFileSync(shardPath(), 'more');
    expect(() => readPlan(planPath())).toThrow(/torn/);
  });

  it('are checked before: a damaged checkpoint makes no plan', () => {
    writeSavedModel(join(dir, 'model'), lookupModel());
    const bytes = readFileSync(shardPath());
    bytes[400_000]! ^= 1;
    writeFileSync(shardPath(), bytes);
    const compiled = compileModel(openSavedModel(nodeFiles, join(dir, 'model')));
    const write = () => writePlan(compiled, planPath(), { linkMinBytes: 1 });
    expect(write).toThrow(expect.objectContaining({ code: 'TFD_MODEL_CORRUPT' }));
    expect(nodeFiles.exists(planPath())).toBe(false);
  });
});

describe('weights that are copied', () => {
  const expectCopy = (plan: ReturnType<typeof convert>) => {
    expect(plan.linked).toEqual({});
    expect(plan.files?.['weights.bin']).toBeGreaterThan(ROWS * WIDTH * 4 - 1);
  };

  it('when it is asked for', () => expectCopy(convert(lookupModel(), { isLinking: false })));

  it('when there are few of them', () =>
    expectCopy(convert(lookupModel(), { linkMinBytes: ROWS * WIDTH * 4 + 1 })));

  it('when they do not lie on the boundary of an element', async () => {
    expectCopy(convert(lookupModel(new Uint8Array(3))));
    expect(await lookUp([11])).toEqual([1101]);
  });
});
