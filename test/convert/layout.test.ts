import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementCount, numericTensor } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import { denseValue, transposeTensor } from '../../src/convert/derive.js';
import { composePerms, dropAxes, invertPerm, isLayoutPerm } from '../../src/convert/layout/perm.js';
import { turnConstant } from '../../src/convert/layout/sink-rules.js';
import type { OnnxBody } from '../../src/convert/types.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { readModelCases } from './vision-cases.js';

const CASES = readModelCases(fileURLToPath(new URL('./cases/vision.json.gz', import.meta.url)));

/** The ONNX graph of a recorded case. */
function compileCase(name: string): OnnxBody {
  const given = CASES.find((each) => each.name === name)!;
  const files = memoryFiles(new Map([['model/saved_model.pb', given.model]]));
  const stage = compileModel(openSavedModel(files, 'model')).signatures[0]!.stages[0]!;
  if (stage.kind !== 'onnx') throw new Error('a host stage');
  return stage.body;
}

function opsOf(body: OnnxBody): string[] {
  return body.nodes.map((node) => node.op);
}

function count(body: OnnxBody, op: string): number {
  return opsOf(body).filter((each) => each === op).length;
}

describe('transposes', () => {
  it.each([
    ['layout residual', 2],
    ['layout residual dynamic', 2],
    ['layout split', 2],
    ['layout doubled', 2],
    ['layout sequence', 3],
  ])('of "%s" are left at its borders only', (name, expected) => {
    expect(count(compileCase(name), 'Transpose')).toBe(expected);
  });

  it('leave a reduction over channels behind them', () => {
    const body = compileCase('layout normalized');
    const reduced = body.nodes.filter((node) => node.op === 'ReduceMean');
    const axes = reduced.map((node) => Number(body.initializers.get(node.inputs[1]!)!.read().data[0]));
    expect(axes.every((axis) => axis === -1 || axis === 3)).toBe(true);
  });

  it('make a mean over height and width a GlobalAveragePool', () => {
    expect(count(compileCase('layout joined'), 'GlobalAveragePool')).toBe(1);
    const squeezed = compileCase('squeeze and excitation');
    expect(opsOf(squeezed)).toContain('GlobalAveragePool');
    expect(opsOf(squeezed)).not.toContain('Reshape');
    expect(count(squeezed, 'Transpose')).toBe(2);
  });

  it('are made once for all that need them', () => {
    const body = compileCase('layout shared');
    const sources = body.nodes.filter((node) => node.op === 'Transpose').map((node) => node.inputs[0]);
    expect(body.nodes.filter((node) => node.op === 'Conv')).toHaveLength(1);
    expect(sources.length).toBeLessThanOrEqual(4);
  });
});

describe('a convolution between SpaceToBatchND and BatchToSpaceND', () => {
  it.each([
    'dilated Conv2D same',
    'dilated Conv2D valid',
    'dilated DepthwiseConv2dNative',
    'dilated causal Conv1D',
  ])('is a dilated one in "%s"', (name) => {
    const body = compileCase(name);
    expect(opsOf(body)).toContain('Conv');
    expect(opsOf(body)).not.toContain('Slice');
    const conv = body.nodes.find((node) => node.op === 'Conv')!;
    expect(Math.max(...(conv.attrs.get('dilations') as number[]))).toBeGreaterThan(1);
  });

  it('stays one of blocks where crops exceed the paddings', () => {
    expect(opsOf(compileCase('dilated Conv2D crops more than pads'))).toContain('Slice');
  });
});

const permutations = fc
  .integer({ min: 1, max: 5 })
  .chain((rank) => fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank }));

describe('permutations', () => {
  it('followed by their inverse change nothing', () => {
    fc.assert(
      fc.property(permutations, (perm) => {
        expect(composePerms(perm, invertPerm(perm))).toEqual([...perm.keys()]);
      }),
    );
  });

  it('lose axes as tensors do', () => {
    expect(dropAxes([0, 2, 3, 1], [1, 2])).toEqual([0, 1]);
    expect(dropAxes([0, 2, 3, 1], [3])).toEqual([0, 1, 2]);
    expect(dropAxes([0, 2, 3, 1], [1])).toEqual([0, 2, 1]);
    expect(dropAxes([0, 3, 1, 2], [0])).toEqual([2, 0, 1]);
  });

  it('are of the layout only between channels-last and channels-first', () => {
    expect(
      [0, 1, 2, 3].map((_, i) =>
        isLayoutPerm(
          [
            [0, 2, 3, 1],
            [0, 3, 1, 2],
            [0, 2, 1, 3],
            [0, 1, 3, 2],
          ][i]!,
        ),
      ),
    ).toEqual([true, true, false, false]);
    expect(isLayoutPerm([0, 2, 3, 4, 1])).toBe(true);
    expect(isLayoutPerm([0, 2, 1])).toBe(false);
  });
});

describe('turnConstant', () => {
  const shapes = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 });

  it('broadcasts over the source as the constant does over the turned tensor', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
        (shape, perm) => {
          const data = Array.from({ length: elementCount(shape) }, (_, index) => index);
          const made = turnConstant(denseValue(numericTensor('float32', shape, data)), perm)!.read();
          if (made.dtype === 'string') throw new Error('not numeric');
          const lift = (dims: readonly number[]) => [...Array(4 - dims.length).fill(1), ...dims] as number[];
          const turned = transposeTensor({ ...made, shape: lift(made.shape) }, perm);
          expect(turned.shape).toEqual(lift(shape));
          expect([...turned.data]).toEqual(data);
        },
      ),
    );
  });

  it('refuses a constant of a higher rank', () => {
    expect(turnConstant(denseValue(numericTensor('float32', [1, 1, 1, 1, 2], [1, 2])), [0, 2, 3, 1])).toBe(
      undefined,
    );
  });
});
