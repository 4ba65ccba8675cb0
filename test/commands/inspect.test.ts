import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import { createStyle } from '../../src/cli/style.js';
import type { CommandContext } from '../../src/commands/define.js';
import { inspect } from '../../src/commands/inspect.js';
import { coverModel } from '../../src/commands/inspect-coverage.js';
import { inspectModel } from '../../src/commands/inspect-handler.js';
import { inspectionToJson } from '../../src/commands/inspect-json.js';
import { formatBytes, formatInspection } from '../../src/commands/inspect-text.js';
import { makeSampleRequest } from '../../src/commands/sample-request.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { exampleModel } from '../fixtures/example-model.js';
import { linearModel } from '../fixtures/linear-model.js';
import { refusalOf } from '../fixtures/refusal.js';
import { memoryModel, placeholder, writeSavedModel } from '../fixtures/saved-model-writer.js';
import { describeShared, SHARED, sharedModels } from '../fixtures/shared.js';
import { restoreFunction } from '../fixtures/tf2-model.js';

const root = mkdtempSync(join(tmpdir(), 'tfdeploy-inspect-'));
afterAll(() => rmSync(root, { recursive: true }));

const plain = createStyle(false, {});

/** Runs the command as the shell does, and gives what it wrote. */
async function run(path: string, isJson: boolean) {
  const lines: string[] = [];
  const documents: unknown[] = [];
  const context = {
    isJson,
    style: plain,
    print: (text = '') => void lines.push(text),
    json: (value: unknown) => void documents.push(value),
  } as unknown as CommandContext;
  const status = await (await inspect.load())([path], {}, context);
  return { status, text: lines.join('\n'), documents };
}

describe('tfdeploy inspect', () => {
  const dir = join(root, 'linear');
  writeSavedModel(dir, linearModel());

  test('describes a model for people', async () => {
    const { status, text } = await run(dir, false);
    expect(status).toBe(0);
    const lines = text.split('\n');
    expect(lines[0]).toBe(dir);
    for (const line of [
      '  tags       serve',
      '  TensorFlow 2.21.0',
      '  variables  2, 6 parameters, 24 B of float32',
      'signature serving_default  tensorflow/serving/predict',
      '  inputs     x  float32  [?, 2]',
      '  outputs    y  float32  [?, 2]',
      `  request    curl -d '{"instances": [[0.5, 0.5]]}' http://127.0.0.1:8501/v1/models/linear:predict`,
    ]) {
      expect(lines).toContain(line);
    }
    expect(text).toContain('✓ onnxruntime: all of it');
  });

  test('describes a model for machines', async () => {
    const { documents } = await run(dir, true);
    expect(JSON.parse(JSON.stringify(documents))).toMatchObject([
      {
        model: dir,
        name: 'linear',
        format: 'pb',
        metaGraphs: [
          {
            tags: ['serve'],
            variables: { count: 2, elements: 6, bytes: 24, dtypes: { float32: 2 } },
            signatures: [
              {
                name: 'serving_default',
                inputs: [{ name: 'x', tensor: 'x:0', dtype: 'float32', shape: [-1, 2] }],
                outputs: [{ name: 'y', shape: [-1, 2] }],
                ops: { ReadVariableOp: 2, MatMul: 1 },
                engines: { onnxruntime: { runs: true, stages: ['onnx'], blockers: [] } },
                sampleRequest: { path: '/v1/models/linear:predict', body: { instances: [[0.5, 0.5]] } },
              },
            ],
          },
        ],
      },
    ]);
  });

  test('reads no weights: the data files may be missing', () => {
    const bare = join(root, 'bare');
    writeSavedModel(bare, linearModel());
    rmSync(join(bare, 'variables/variables.data-00000-of-00001'));
    const [metaGraph] = inspectionToJson(inspectModel(bare)).metaGraphs;
    expect(metaGraph!.signatures[0]!.engines!.onnxruntime.runs).toBe(true);
    expect(metaGraph!.variables.bytes).toBe(24);
  });

  test('of numbered versions takes the highest and says so', async () => {
    for (const version of ['00000007', '12']) writeSavedModel(join(root, 'many', version), linearModel());
    const { text } = await run(join(root, 'many'), false);
    expect(text).toContain('version    12 (highest of 12, 7)');
    expect(text).toContain('/v1/models/many:predict');
    expect(inspectionToJson(inspectModel(join(root, 'many')))).toMatchObject({
      version: 12n,
      versions: [12n, 7n],
    });
  });

  test('says why a signature can not run', async () => {
    const odd = join(root, 'odd');
    const nodes = linearModel().nodes.map((each) =>
      each.op === 'MatMul' ? { ...each, op: 'NoSuchOp' } : each,
    );
    writeSavedModel(odd, linearModel({ nodes }));
    const { text } = await run(odd, false);
    expect(text).toMatch(/✗ onnxruntime: .*\n.*NoSuchOp/);
    expect(text).toContain('way out');
  });

  test('shows callable functions, tables and tf.Examples', async () => {
    writeSavedModel(join(root, 'tf2'), restoreFunction());
    const { text } = await run(join(root, 'tf2'), false);
    expect(text).toContain('signature __call__  made from a callable function');
    expect(text).toContain('tables     table (contents in the checkpoint)');
    writeSavedModel(join(root, 'example'), exampleModel('ParseExampleV2'));
    const example = await run(join(root, 'example'), false);
    expect(example.text).toContain(
      '"examples" is a serialized one with x float32 [2], n int64 [] (optional)',
    );
    expect(example.text).toContain('{"b64":');
  });

  test('what is no model is refused', () => {
    expect(refusalOf(() => inspectModel(join(root, 'nowhere')))).toMatch(/^TFD_MODEL_NOT_FOUND/);
  });
});

describe('the sample request', () => {
  const tensor = (dtype: 'float32' | 'string' | 'int64' | 'bool', shape: readonly number[] | null) => ({
    tensor: 'x:0',
    dtype,
    shape,
  });
  const sample = (
    inputs: Record<string, ReturnType<typeof tensor>>,
    name = 'serving_default',
    defaults = {},
  ) => {
    const spec = linearModel({ signatures: { [name]: { inputs, outputs: {}, defaults } } });
    const [metaGraph] = openSavedModel(memoryModel(spec), 'model').metaGraphs;
    return makeSampleRequest('m', metaGraph!.signatures.get(name)!, new Map())!;
  };

  test.each([
    ['rows of one input', { x: tensor('float32', [-1, 2]) }, { instances: [[0.5, 0.5]] }],
    ['a scalar per row', { x: tensor('string', [-1]) }, { instances: ['text'] }],
    ['an unknown rank', { x: tensor('int64', null) }, { instances: [1] }],
    [
      'rows of two inputs',
      { a: tensor('bool', [-1]), b: tensor('int64', [-1, 1]) },
      { instances: [{ a: true, b: [1] }] },
    ],
    ['a fixed first dimension', { x: tensor('float32', [2]) }, { inputs: [0.5, 0.5] }],
    [
      'rows beside a scalar',
      { a: tensor('float32', [-1]), b: tensor('float32', []) },
      { inputs: { a: [0.5], b: 0.5 } },
    ],
    ['no input', {}, { inputs: {} }],
  ])('%s', (_what, inputs, body) => {
    expect(sample(inputs as Record<string, ReturnType<typeof tensor>>).body).toEqual(body);
  });

  test('inputs with a default may be left out, unless all have one', () => {
    const inputs = { a: tensor('float32', [-1]), b: tensor('float32', [-1]) };
    const one = { dtype: 'float32', shape: [1], values: [1] };
    expect(sample(inputs, 's', { b: one }).body).toEqual({ signature_name: 's', instances: [0.5] });
    expect(sample(inputs, 's', { a: one, b: one }).body).toMatchObject({ instances: [{ a: 0.5, b: 0.5 }] });
  });

  test('a large one is made by a line of JavaScript', () => {
    const { body, expression, curl } = sample({ x: tensor('float32', [-1, 28, 28, 1]) });
    expect(body).toBeUndefined();
    const made = JSON.parse(JSON.stringify(new Function(`return ${expression}`)()));
    expect(made.instances.flat(9)).toHaveLength(784);
    expect(made.instances[0][27][27]).toEqual([0.5]);
    expect(curl).toMatch(/^node -p 'JSON.stringify\(.*\)' \| curl -d @- http/);
  });

  test('sparse inputs have none', () => {
    const sparse = { ...tensor('float32', [-1, 4]), sparse: { indices: 'i', values: 'v', denseShape: 'd' } };
    expect(sample({ x: sparse })).toBeUndefined();
  });
});

test('sizes are in decimal units', () => {
  expect([0, 999, 1000, 9950, 123_456, 12_000_000, 3e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '123 kB',
    '12 MB',
    '3.0 TB',
  ]);
});

test('a graph with a hole is described all the same', () => {
  const nodes = [placeholder('x', 'float32', [-1, 2]), ...linearModel().nodes.slice(1, 3)];
  const model = openSavedModel(memoryModel(linearModel({ nodes })), 'model');
  const [coverage] = coverModel(model);
  expect(coverage!.get('serving_default')!.blockers[0]!.why).toContain('y');
});

describeShared('inspect on the models made by others', () => {
  test.each(sharedModels().map((dir) => [relative(SHARED, dir), dir]))('%s', (_name, dir) => {
    const opened: string[] = [];
    try {
      const inspection = inspectModel(dir);
      const [first] = inspection.summary.metaGraphs;
      expect(first!.signatures.length).toBeGreaterThan(0);
      expect(formatInspection(inspection, plain).length).toBeGreaterThan(5);
      for (const { definition } of first!.signatures) {
        expect(inspection.coverage[0]!.has(definition.name)).toBe(true);
      }
    } catch (error) {
      if (!isTfdeployError(error)) throw error;
      opened.push(error.code);
    }
    const isRefused = /chunked_cpb|fuzz_bad_node_attr/.test(dir);
    expect(opened).toHaveLength(isRefused ? 1 : 0);
    if (!isRefused) expect(() => openSavedModel(nodeFiles, dir)).not.toThrow();
  });
});
