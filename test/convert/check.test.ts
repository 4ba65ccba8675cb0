import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatCase } from '../../src/base/case-format.js';
import { numericTensor } from '../../src/base/tensor.js';
import { type CheckRow, checkModel, formatCheck } from '../../src/commands/convert-check.js';
import type { CommandContext } from '../../src/commands/define.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledModel } from '../../src/convert/compiled.js';
import { buildGraph } from '../../src/graph/build.js';
import { openSavedModel, selectMetaGraph } from '../../src/savedmodel/open.js';
import {
  attr,
  constant,
  memoryModel,
  node,
  placeholder,
  type SavedModelSpec,
} from '../fixtures/saved-model-writer.js';

const plain = (text: string) => text;
const style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const context = {
  note: () => undefined,
  signal: new AbortController().signal,
  style,
} as unknown as CommandContext;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-check-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** y = tanh(relu(conv(x) + b) · 2): a small image network, channels last. */
function imageModel(): SavedModelSpec {
  const T = { T: attr.type('float32') };
  const border = (tensor: string) => ({ tensor, dtype: 'float32' as const, shape: [-1, 4, 4, 2] });
  const filter = Array.from({ length: 3 * 3 * 2 * 2 }, (_, i) => ((i * 7) % 11) / 11 - 0.4);
  return {
    nodes: [
      placeholder('x', 'float32', [-1, 4, 4, 2]),
      constant('filter', 'float32', [3, 3, 2, 2], filter),
      constant('bias', 'float32', [2], [0.25, -0.125]),
      constant('two', 'float32', [], [2]),
      node('net/conv/Conv2D', 'Conv2D', ['x', 'filter'], {
        ...T,
        strides: attr.ints([1, 1, 1, 1]),
        padding: attr.string('SAME'),
      }),
      node('net/conv/BiasAdd', 'BiasAdd', ['net/conv/Conv2D', 'bias'], T),
      node('net/act/Relu', 'Relu', ['net/conv/BiasAdd'], T),
      node('net/scale/mul', 'Mul', ['net/act/Relu', 'two'], T),
      node('y', 'Tanh', ['net/scale/mul'], T),
    ],
    signatures: { serving_default: { inputs: { x: border('x:0') }, outputs: { y: border('y:0') } } },
  };
}

function check(
  change: (compiled: CompiledModel) => CompiledModel,
  cases: string[] = [],
): Promise<CheckRow[]> {
  const files = memoryModel(imageModel());
  const model = openSavedModel(files, 'model');
  return checkModel(
    {
      compiled: change(compileModel(model)),
      buildGraph: (name) => buildGraph(model, selectMetaGraph(model), name),
      cases,
      output: join(dir, 'plan'),
    },
    context,
  );
}

/** The compiled model with one operator replaced by another, as a fault of the converter would have it. */
const sabotage =
  (from: string, to: string) =>
  (compiled: CompiledModel): CompiledModel => ({
    ...compiled,
    signatures: compiled.signatures.map((signature) => ({
      ...signature,
      stages: signature.stages.map((stage) =>
        stage.kind === 'host'
          ? stage
          : {
              ...stage,
              body: {
                ...stage.body,
                nodes: stage.body.nodes.map((each) => (each.op === from ? { ...each, op: to } : each)),
              },
            },
      ),
    })),
  });

function writeCase(value: number): string {
  const x = numericTensor('float32', [1, 4, 4, 2], new Array<number>(32).fill(0));
  const rows = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? Math.tanh(0.5) : value));
  const y = numericTensor('float32', [1, 4, 4, 2], rows);
  const path = join(dir, 'case.json');
  writeFileSync(path, formatCase(path, 'serving_default', new Map([['x', x]]), new Map([['y', y]])));
  return path;
}

describe('convert --check', () => {
  it('says that a right model is as the reference interpreter, and leaves nothing behind', async () => {
    const rows = await check((compiled) => compiled);
    expect(rows).toEqual([
      {
        signature: 'serving_default',
        input: 'made-up input',
        against: 'the reference interpreter',
        matches: true,
        why: [],
      },
    ]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('names the first node that differs, with its op and layer, in the layout of the engine too', async () => {
    const [row] = await check(sabotage('Relu', 'Neg'));
    expect(row).toMatchObject({
      matches: false,
      first: { node: 'net/act/Relu', op: 'Relu', layer: 'net/act' },
    });
    expect(row?.why[0]).toMatch(/^y: element \d+ is .*, expected /);
    expect(formatCheck(row!, context).join('\n')).toContain('first at Relu net/act/Relu in layer net/act');
  });

  it('finds a fault at the end', async () => {
    const [row] = await check(sabotage('Tanh', 'Sigmoid'));
    expect(row?.first).toMatchObject({ node: 'y', op: 'Tanh' });
  });

  it('compares with the answers of a case where it is given', async () => {
    const file = writeCase(0);
    expect(await check((compiled) => compiled, [file])).toMatchObject([
      { input: file, against: 'the case', matches: true },
    ]);
  });

  it('says so when the model is as the interpreter and the case is not', async () => {
    const [row] = await check((compiled) => compiled, [writeCase(0.5)]);
    expect(row).toMatchObject({ against: 'the case', matches: false });
    expect(row?.first).toBeUndefined();
    expect(formatCheck(row!, context).at(-1)).toMatch(/every tensor inside is as the reference/);
  });
});
