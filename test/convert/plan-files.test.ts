import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Code } from '../../src/base/codes.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import { readPlan, writePlan } from '../../src/convert/plan-files.js';
import { formatPlan, parsePlan } from '../../src/convert/plan-json.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { linearModel } from '../fixtures/linear-model.js';
import {
  attr,
  constant,
  node,
  placeholder,
  type SavedModelSpec,
  writeSavedModel,
} from '../fixtures/saved-model-writer.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-plan-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function compileTo(spec: SavedModelSpec, name = 'plan') {
  const modelDir = join(dir, 'model');
  rmSync(modelDir, { recursive: true, force: true });
  writeSavedModel(modelDir, spec);
  return writePlan(compileModel(openSavedModel(nodeFiles, modelDir)), join(dir, name), { files: nodeFiles });
}

async function runOnce(plan: string, signature: string, inputs: Record<string, Tensor>) {
  const runner = await createInlineRunner(join(dir, plan));
  try {
    return await runner.run(signature, new Map(Object.entries(inputs)));
  } finally {
    await runner.close();
  }
}

const fails = (code: Code) => expect.objectContaining({ code });

/** y = x·w with 600 × 600 weights (1.4 MB) in the checkpoint, and z = x·wᵀ. */
function wideModel(value = 1): SavedModelSpec {
  const size = 600;
  const border = (tensor: string) => ({ tensor, dtype: 'float32' as const, shape: [-1, size] });
  const T = { T: attr.type('float32') };
  const signature = (output: string) => ({
    inputs: { x: border('x:0') },
    outputs: { out: border(`${output}:0`) },
  });
  return {
    nodes: [
      placeholder('x', 'float32', [-1, size]),
      node('read', 'ReadVariableOp', ['w'], { dtype: attr.type('float32') }),
      node('y', 'MatMul', ['x', 'read'], T),
      node('z', 'MatMul', ['x', 'read'], { ...T, transpose_b: attr.bool(true) }),
      node('relu', 'Relu', ['y'], T),
    ],
    signatures: { plain: signature('y'), again: signature('relu'), turned: signature('z') },
    variables: {
      w: {
        dtype: 'float32',
        shape: [size, size],
        values: Array.from({ length: size * size }, (_, at) => ((at * 7) % 11) * value - 5),
      },
    },
  };
}

describe('a plan on disk', () => {
  it('reads as it was written', () => {
    const plan = compileTo(linearModel());
    expect(readPlan(join(dir, 'plan'))).toEqual(plan);
    expect(plan.files).toEqual({ 'serving_default.onnx': expect.any(Number) });
    expect(plan.source).toMatch(/^[0-9a-f]{64}$/);
  });

  it('runs from the disk', async () => {
    compileTo(linearModel());
    const x = numericTensor('float32', [1, 2], [1, 1]);
    const outputs = await runOnce('plan', 'serving_default', { x });
    expect([...(outputs.get('y') as Tensor).data]).toEqual([14, 26]);
  });

  it('keeps defaults of inputs and names of every kind', () => {
    const spec = linearModel();
    const signature = spec.signatures.serving_default!;
    const defaults = { x: { dtype: 'float32' as const, shape: [1, 2], values: [5, 6] } };
    const plan = compileTo({ ...spec, signatures: { 'a/b c:ü': { ...signature, defaults } } });
    const read = readPlan(join(dir, 'plan'));
    expect(read).toEqual(plan);
    expect(read.signatures[0]?.name).toBe('a/b c:ü');
    const fallback = read.signatures[0]!.inputs[0]!.default as Tensor;
    expect([...fallback.data]).toEqual([5, 6]);
  });

  it('has weights over a megabyte in one file, each once', async () => {
    const plan = compileTo(wideModel());
    expect(plan.files?.['weights.bin']).toBeGreaterThan(600 * 600 * 4 * 2 - 1);
    expect(plan.files?.['weights.bin']).toBeLessThan(600 * 600 * 4 * 2 + 8192);
    const x = numericTensor(
      'float32',
      [1, 600],
      Array.from({ length: 600 }, (_, at) => (at === 1 ? 1 : 0)),
    );
    const plain = (await runOnce('plan', 'plain', { x })).get('out') as Tensor;
    const turned = (await runOnce('plan', 'turned', { x })).get('out') as Tensor;
    expect(plain.data[2]).toBe(((602 * 7) % 11) - 5);
    expect(turned.data[2]).toBe(((1201 * 7) % 11) - 5);
  });

  it('takes the place of an older plan, whole', () => {
    compileTo(wideModel());
    compileTo(linearModel());
    expect(readdirSync(join(dir, 'plan')).sort()).toEqual(['plan.json', 'serving_default.onnx']);
    expect(readdirSync(dir).sort()).toEqual(['model', 'plan']);
  });

  it('gives signatures that differ in names only one file, and each its own inputs and outputs', async () => {
    const T = { T: attr.type('float32') };
    const border = (tensor: string) => ({ tensor, dtype: 'float32' as const, shape: [-1, 2] });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const plan = compileTo({
      nodes: [
        ...names.map((name) => placeholder(name, 'float32', [-1, 2])),
        ...['ab', 'cd', 'fe'].flatMap(([left = '', right = '']) => [
          node(`difference_${left}`, 'Sub', [left, right], T),
          node(`root_${left}`, 'Neg', [`difference_${left}`], T),
        ]),
        node('other', 'Add', ['a', 'b'], T),
        node('root_other', 'Neg', ['other'], T),
      ],
      signatures: {
        one: {
          inputs: { x: border('a:0'), y: border('b:0') },
          outputs: { n: border('root_a:0'), s: border('difference_a:0') },
        },
        same: {
          inputs: { p: border('c:0'), q: border('d:0') },
          outputs: { o: border('root_c:0'), r: border('difference_c:0') },
        },
        swapped: {
          inputs: { x: border('e:0'), y: border('f:0') },
          outputs: { n: border('root_f:0'), s: border('difference_f:0') },
        },
        other: {
          inputs: { x: border('a:0'), y: border('b:0') },
          outputs: { n: border('root_other:0'), s: border('other:0') },
        },
      },
    });
    const files = plan.signatures.map(({ name, stages }) => [name, stages[0]?.file] as const);
    const fileOf = new Map(files);
    expect(fileOf.get('same')).toBe(fileOf.get('one'));
    expect(fileOf.get('other')).not.toBe(fileOf.get('one'));
    expect(readPlan(join(dir, 'plan'))).toEqual(plan);
    const vector = (...values: number[]) => numericTensor('float32', [1, 2], values);
    const [five, two] = [vector(5, 50), vector(2, 20)];
    const cases = [
      ['one', { x: five, y: two }, { n: [-3, -30], s: [3, 30] }],
      ['same', { p: five, q: two }, { o: [-3, -30], r: [3, 30] }],
      ['same', { q: five, p: two }, { o: [3, 30], r: [-3, -30] }],
      ['swapped', { x: five, y: two }, { n: [3, 30], s: [-3, -30] }],
      ['other', { x: five, y: two }, { n: [-7, -70], s: [7, 70] }],
    ] as const;
    for (const [signature, inputs, expected] of cases) {
      const outputs = await runOnce('plan', signature, inputs);
      const got = Object.fromEntries([...outputs].map(([name, { data }]) => [name, [...data]]));
      expect({ signature, ...got }).toEqual({ signature, ...expected });
    }
  });

  it('gives two signatures of one function one file', () => {
    const spec = linearModel();
    const signature = spec.signatures.serving_default!;
    const plan = compileTo({ ...spec, signatures: { one: signature, two: signature } });
    const files = plan.signatures.map(({ stages }) => stages[0]?.file);
    expect(new Set(files).size).toBe(1);
    expect(plan.signatures.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('is not written over a foreign directory', () => {
    mkdirSync(join(dir, 'plan'));
    writeFileSync(join(dir, 'plan', 'thesis.txt'), 'ten years');
    expect(() => compileTo(linearModel())).toThrow(fails('TFD_WRITE_REFUSED'));
    expect(readdirSync(join(dir, 'plan'))).toEqual(['thesis.txt']);
  });

  it('of a damaged checkpoint is not written at all', () => {
    const modelDir = join(dir, 'model');
    writeSavedModel(modelDir, wideModel());
    const shard = join(modelDir, 'variables', 'variables.data-00000-of-00001');
    const bytes = readFileSync(shard);
    bytes[1000] = bytes[1000]! ^ 1;
    writeFileSync(shard, bytes);
    const compiled = compileModel(openSavedModel(nodeFiles, modelDir), { signatures: ['plain'] });
    expect(() => writePlan(compiled, join(dir, 'plan'))).toThrow(fails('TFD_MODEL_CORRUPT'));
    expect(readdirSync(dir)).toEqual(['model']);
  });
});

describe('a plan that is not whole', () => {
  const open = () => readPlan(join(dir, 'plan'));

  it.each(['serving_default.onnx', 'plan.json'])('%s torn', (file) => {
    compileTo(linearModel());
    const path = join(dir, 'plan', file);
    truncateSync(path, statSync(path).size - 7);
    expect(open).toThrow(fails('TFD_PLAN_CORRUPT'));
  });

  it('a file missing', () => {
    compileTo(wideModel());
    rmSync(join(dir, 'plan', 'weights.bin'));
    expect(open).toThrow(fails('TFD_PLAN_CORRUPT'));
  });

  it('no plan at all', () => {
    mkdirSync(join(dir, 'plan'));
    expect(open).toThrow(fails('TFD_PLAN_CORRUPT'));
  });

  it('another format, another file name', () => {
    const text = formatPlan(compileTo(linearModel()));
    expect(() => parsePlan(text.replace('"format": 2', '"format": 1'), 'p')).toThrow(
      fails('TFD_PLAN_CORRUPT'),
    );
    expect(() => parsePlan(text.replaceAll('serving_default.onnx', '../secret'), 'p')).toThrow(
      fails('TFD_PLAN_CORRUPT'),
    );
  });

  it('any change of its text is read or refused', () => {
    const text = formatPlan(compileTo(linearModel()));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), fc.nat(4), (at, put, cut) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        try {
          parsePlan(changed, 'p');
        } catch (error) {
          expect(isTfdeployError(error) && error.code).toBe('TFD_PLAN_CORRUPT');
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('host stages', () => {
  const string = { dtype: 'string' as const, shape: [-1] };
  const spec: SavedModelSpec = {
    nodes: [
      placeholder('text', 'string', [-1]),
      node('lower', 'StringLower', ['text'], { encoding: attr.string('') }),
      node('table', 'HashTableV2', [], {
        key_dtype: attr.type('string'),
        value_dtype: attr.type('int64'),
        shared_name: attr.string('words'),
      }),
      constant('keys', 'string', [2], ['apple', new Uint8Array([0xff, 0x00])]),
      constant('values', 'int64', [2], [7, 9]),
      node('fill', 'LookupTableImportV2', ['table', 'keys', 'values'], {
        Tin: attr.type('string'),
        Tout: attr.type('int64'),
      }),
      constant('missing', 'int64', [], [-1]),
      node('id', 'LookupTableFindV2', ['table', 'lower', 'missing'], {
        Tin: attr.type('string'),
        Tout: attr.type('int64'),
      }),
      node('number', 'Cast', ['id'], { SrcT: attr.type('int64'), DstT: attr.type('float32') }),
      constant('scale', 'float32', [], [0.5]),
      node('y', 'Mul', ['number', 'scale'], { T: attr.type('float32') }),
      node('init', 'NoOp', ['^fill']),
    ],
    initOp: 'init',
    signatures: {
      serving_default: {
        inputs: { text: { tensor: 'text:0', ...string } },
        outputs: {
          y: { tensor: 'y:0', dtype: 'float32', shape: [-1] },
          lower: { tensor: 'lower:0', ...string },
        },
      },
    },
  };

  it('run strings and tables before the engine, bytes as they are', async () => {
    const plan = compileTo(spec);
    expect(plan.signatures[0]?.stages.map(({ kind }) => kind)).toEqual(['host', 'onnx']);
    expect(plan.signatures[0]?.isBatchable).toBe(true);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const text: Tensor = {
      dtype: 'string',
      shape: [3],
      data: [bytes('APPLE'), bytes('pear'), new Uint8Array([0xff, 0x00])],
    };
    const outputs = await runOnce('plan', 'serving_default', { text });
    expect([...(outputs.get('y') as Tensor).data]).toEqual([3.5, -0.5, 4.5]);
    expect((outputs.get('lower') as Tensor).data[0]).toEqual(bytes('apple'));
    expect((outputs.get('lower') as Tensor).data[2]).toEqual(new Uint8Array([0xff, 0x00]));
  });

  it('keep large constants and vocabularies in the binary file, which is checked too', async () => {
    const words = Array.from({ length: 2000 }, (_, i) => `word ${i} \u00e9`);
    const ids = words.map((_, i) => i + 0.25);
    const big: SavedModelSpec = {
      ...spec,
      nodes: spec.nodes.map((each) => {
        if (each.name === 'keys') return constant('keys', 'string', [2000], words);
        return each.name === 'values' ? constant('values', 'int64', [2000], ids.map(Math.floor)) : each;
      }),
    };
    const plan = compileTo(big);
    const file = plan.signatures[0]?.stages[0]?.file ?? '';
    expect(plan.files?.[file]).toBeLessThan(4000);
    expect(plan.files?.['weights.bin']).toBeGreaterThan(40_000);
    const text: Tensor = {
      dtype: 'string',
      shape: [3],
      data: ['word 1999 é', 'nothing', 'word 0 é'].map((each) => new TextEncoder().encode(each)),
    };
    const outputs = await runOnce('plan', 'serving_default', { text });
    expect([...(outputs.get('y') as Tensor).data]).toEqual([999.5, -0.5, 0]);
    const path = join(dir, 'plan', file);
    const json = readFileSync(path, 'utf8');
    const moved = json.replace(/"offset": 0\b/, '"offset": 64');
    expect(moved).not.toBe(json);
    writeFileSync(path, moved);
    truncateSync(path, moved.length);
    await expect(runOnce('plan', 'serving_default', { text })).rejects.toThrow(fails('TFD_PLAN_CORRUPT'));
  });

  it('are refused when their file was changed', async () => {
    const plan = compileTo(spec);
    const file = plan.signatures[0]?.stages[0]?.file ?? '';
    const path = join(dir, 'plan', file);
    const text = readFileSync(path, 'utf8');
    const digest = (value: string) => createHash('sha256').update(value).digest('hex');
    const { decodeHostProgram } = await import('../../src/convert/host-json.js');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), fc.nat(4), (at, put, cut) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        try {
          decodeHostProgram(changed, 'stage');
        } catch (error) {
          expect(isTfdeployError(error) && error.code, digest(changed)).toBe('TFD_PLAN_CORRUPT');
        }
      }),
      { numRuns: 3000 },
    );
  });
});
