import { elementCount, type NumericTensor } from '../base/tensor.js';
import { broadcastShape } from './broadcast.js';
import { laneOf, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { gridPositions, stridesOf } from './layout.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Labels of each axis; the axes under `...` are named by their distance from the last of them. */
function parseEquation(context: KernelContext, equation: string, ranks: readonly number[]): Equation {
  const [left, right] = equation.replace(/\s/g, '').split('->');
  const operands = left?.split(',') ?? [];
  if (right === undefined || operands.length !== ranks.length)
    throw context.fail(`equation "${equation}" does not fit`);
  let widest = 0;
  const labelsOf = (text: string, rank: number | undefined): string[] => {
    const [head, tail] = text.split('...') as [string, string | undefined];
    if (tail === undefined) return [...head];
    const count = rank === undefined ? widest : rank - head.length - tail.length;
    widest = Math.max(widest, count);
    return [...head, ...Array.from({ length: Math.max(0, count) }, (_, i) => String(count - 1 - i)), ...tail];
  };
  const inputs = operands.map((text, i) => labelsOf(text, ranks[i]));
  const bad = inputs.findIndex((labels, i) => labels.length !== ranks[i]);
  if (bad >= 0) throw context.fail(`operand ${bad} of "${equation}" has rank ${ranks[bad]}`);
  return { inputs, output: labelsOf(right, undefined) };
}

function labelSizes(
  context: KernelContext,
  equation: Equation,
  shapes: readonly (readonly number[])[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  equation.inputs.forEach((labels, operand) => {
    labels.forEach((label, axis) => {
      const dim = shapes[operand]![axis]!;
      const known = sizes.get(label) ?? dim;
      const both = known === dim ? [dim] : /\d/.test(label) ? broadcastShape([known], [dim]) : undefined;
      if (both === undefined) throw context.fail(`label "${label}" is ${known} and ${dim}`);
      sizes.set(label, both[0]!);
    });
  });
  return sizes;
}

/** Sums the products of all operands over the labels that the output does not have. */
function einsum(context: KernelContext): HostValue[] {
  const operands = context.inputs.map((_, i) => context.numeric(i));
  const dtype = operands[0]!.dtype;
  if (laneOf(dtype) !== 'real') throw refuseDType(context, dtype);
  const equation = parseEquation(
    context,
    context.attrs.string('equation'),
    operands.map((each) => each.shape.length),
  );
  const sizes = labelSizes(
    context,
    equation,
    operands.map((each) => each.shape),
  );
  const summed = [...sizes.keys()].filter((label) => !equation.output.includes(label));
  const shape = equation.output.map((label) => sizes.get(label) ?? 1);
  const inner = summed.map((label) => sizes.get(label)!);
  const grids = operands.map((operand, i) => {
    const step = stepOf(operand, equation.inputs[i]!);
    return {
      data: realsOf(operand),
      outer: gridPositions(shape, equation.output.map(step), 0),
      inner: gridPositions(inner, summed.map(step), 0),
    };
  });
  const out = workArray(dtype, elementCount(shape));
  const terms = elementCount(inner);
  for (let o = 0; o < out.length; o++) {
    let sum = 0;
    for (let k = 0; k < terms; k++) {
      let product = 1;
      for (const grid of grids) product *= grid.data[grid.outer[o]! + grid.inner[k]!]!;
      sum += product;
    }
    out[o] = sum;
  }
  return [seal(dtype, shape, out)];
}

/** Elements to go on when a label counts up; a label that stands twice walks the diagonal. */
function stepOf(operand: NumericTensor, labels: readonly string[]): (label: string) => number {
  const strides = stridesOf(operand.shape);
  return (label) => {
    let step = 0;
    labels.forEach((each, axis) => {
      if (each === label && operand.shape[axis] !== 1) step += strides[axis]!;
    });
    return step;
  };
}

export const einsumKernels: KernelFamily = { Einsum: einsum };
