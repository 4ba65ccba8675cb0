import type { Dim } from '../../base/shape.js';
import { reshapeConstant, transposeConstant } from '../derive.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { type EinsumProduct, parseEinsum, planProduct } from './einsum-plan.js';
import { zeroWithoutTerms } from './guards.js';
import { allRefs, shapeOf, transpose } from './parts.js';

type Letters = readonly string[];

/** An operand on its way into a matrix product. */
interface Operand {
  readonly ref: Ref;
  readonly letters: Letters;
  /** Its own sizes: along a broadcast axis they differ from those of the result. */
  readonly sizes: ReadonlyMap<string, Dim>;
  /** Index of the node's input while it is still that constant. */
  readonly input: number;
}

class EinsumLowering {
  constructor(private readonly context: ConvertContext) {}

  /** Input `index` of the node. */
  operand(index: number, letters: Letters): Operand {
    const dims = this.context.value(index).shape ?? [];
    const sizes = new Map(
      letters.flatMap((letter, axis) => (dims[axis] === undefined ? [] : [[letter, dims[axis]]])),
    );
    return { ref: this.context.ref(index), letters, sizes, input: index };
  }

  /** Axes of the operand that nothing else uses are summed. */
  reduce(operand: Operand, used: (letter: string) => boolean): Operand {
    const axes = operand.letters.flatMap((letter, axis) => (used(letter) ? [] : [axis]));
    if (axes.length === 0) return operand;
    const { onnx } = this.context;
    const ref = onnx.op('ReduceSum', [operand.ref, onnx.i64(axes)], { keepdims: 0 });
    return { ...operand, ref, letters: operand.letters.filter(used), input: -1 };
  }

  /** The operand with its axes in the order of the groups, each group of `merged` being one axis. */
  arrange(operand: Operand, groups: readonly Letters[], merged: readonly boolean[]): Ref {
    const { context } = this;
    const order = groups.flat();
    const perm = order.map((letter) => operand.letters.indexOf(letter));
    const { constant } = operand.input < 0 ? { constant: undefined } : context.value(operand.input);
    const target = groups.flatMap((group, index): Letters[] =>
      merged[index] ? [group] : group.map((letter) => [letter]),
    );
    const isMerging = target.length !== order.length || target.some((group) => group.length !== 1);
    if (constant !== undefined) {
      const turned = transposeConstant(constant, perm);
      const at = (letter: string) => turned.shape[order.indexOf(letter)] ?? 1;
      const shape = target.map((group) => group.reduce((product, letter) => product * at(letter), 1));
      return context.onnx.constant(isMerging ? reshapeConstant(turned, shape) : turned);
    }
    const turned = transpose(context, operand.ref, perm);
    return isMerging ? this.#regroup(turned, order, target, operand.sizes) : turned;
  }

  /** Reshapes a tensor of the axes `from` so that each group is one axis. */
  #regroup(ref: Ref, from: Letters, groups: readonly Letters[], known: ReadonlyMap<string, Dim>): Ref {
    const { onnx } = this.context;
    const sizes = groups.map((group) => productOf(group, known));
    const kept = groups.findIndex((group) => group.length !== 1);
    const written = writeSizes(sizes, kept < 0 ? groups.length : kept);
    if (written !== undefined) return onnx.op('Reshape', [ref, onnx.i64(written)]);
    const dims = shapeOf(this.context, ref);
    const parts = groups.map((group, index) => {
      const size = sizes[index];
      if (size !== undefined) return onnx.i64([size]);
      const own = onnx.op('Gather', [dims, onnx.i64(group.map((letter) => from.indexOf(letter)))], {
        axis: 0,
      });
      return group.length === 1 ? own : onnx.op('ReduceProd', [own, onnx.i64([0])], { keepdims: 1 });
    });
    return onnx.op('Reshape', [ref, onnx.op('Concat', parts, { axis: 0 })], { allowzero: 1 });
  }

  /** The product of two operands, whose axes are these groups, with every letter an axis of its own. */
  split(ref: Ref, groups: readonly Letters[], operands: readonly Operand[]): Ref {
    const { onnx } = this.context;
    if (groups.every((group) => group.length === 1)) return ref;
    const known = new Map<string, Dim>();
    for (const [letter, dim] of operands.flatMap(({ sizes }) => [...sizes])) {
      if (!known.has(letter) || known.get(letter) === 1) known.set(letter, dim);
    }
    const letters = groups.flat();
    const sizes = letters.map((letter) => productOf([letter], known));
    const written = writeSizes(
      sizes,
      groups.findIndex((group) => group.length !== 1),
    );
    if (written !== undefined) return onnx.op('Reshape', [ref, onnx.i64(written)]);
    const parts = letters.map((letter, index) => {
      const size = sizes[index];
      if (size !== undefined) return onnx.i64([size]);
      const place = groups.findIndex((group) => group.length === 1 && group[0] === letter);
      const source = operands.find((operand) => operand.letters.includes(letter));
      if (place < 0 && source === undefined)
        throw this.context.refuse('TFD_SHAPE_UNKNOWN', `the size of ${letter}`);
      const [from, axis] =
        place >= 0 ? [ref, place] : [source?.ref ?? '', source?.letters.indexOf(letter) ?? 0];
      return onnx.op('Gather', [shapeOf(this.context, from), onnx.i64([axis])], { axis: 0 });
    });
    return onnx.op('Reshape', [ref, onnx.op('Concat', parts, { axis: 0 })], { allowzero: 1 });
  }
}

/** Sizes as Reshape takes them: the first `kept` ones may be copied (0), one may be computed (−1). */
function writeSizes(sizes: readonly (number | undefined)[], kept: number): number[] | undefined {
  if (sizes.includes(0)) return undefined;
  const written = sizes.map((size, axis) => size ?? (axis < kept ? 0 : -1));
  return written.filter((size) => size === -1).length <= 1 ? written : undefined;
}

function productOf(group: Letters, sizes: ReadonlyMap<string, Dim>): number | undefined {
  let product = 1;
  for (const letter of group) {
    const size = sizes.get(letter);
    if (typeof size !== 'number') return undefined;
    product *= size;
  }
  return product;
}

/** A product of two operands as one matrix product; ONNX Runtime's own Einsum takes twice the time. */
function multiply(context: ConvertContext, a: Letters, b: Letters, output: Letters): Ref {
  const lowering = new EinsumLowering(context);
  const left = lowering.reduce(lowering.operand(0, a), (letter) => [...b, ...output].includes(letter));
  const right = lowering.reduce(lowering.operand(1, b), (letter) => [...a, ...output].includes(letter));
  const plan: EinsumProduct = planProduct(left.letters, right.letters, output);
  // Without a batch the free axes of the left operand may stay apart: MatMul takes them as its own batch.
  const isLeftApart = plan.batch.length === 0 && plan.left.length > 0;
  const x = lowering.arrange(left, [plan.batch, plan.left, plan.inner], [false, !isLeftApart, true]);
  const y = lowering.arrange(right, [plan.batch, plan.inner, plan.right], [false, true, true]);
  const terms = productOf(plan.inner, left.sizes) ?? productOf(plan.inner, right.sizes) ?? 0;
  const product = multiplied(context, x, y, terms > 0);
  const apart = plan.left.map((letter) => [letter]);
  const groups = [
    ...plan.batch.map((letter) => [letter]),
    ...(isLeftApart ? apart : [plan.left]),
    plan.right,
  ];
  const made = lowering.split(product, groups, [left, right]);
  const letters = groups.flat();
  return transpose(
    context,
    made,
    output.map((letter) => letters.indexOf(letter)),
  );
}

function multiplied(context: ConvertContext, x: Ref, y: Ref, hasTerms: boolean): Ref {
  const product = context.onnx.op('MatMul', [x, y]);
  return hasTerms ? product : zeroWithoutTerms(context, product, x);
}

function rearrange(context: ConvertContext, input: Letters, output: Letters): Ref {
  const lowering = new EinsumLowering(context);
  const { ref, letters } = lowering.reduce(lowering.operand(0, input), (letter) => output.includes(letter));
  return transpose(
    context,
    ref,
    output.map((letter) => letters.indexOf(letter)),
  );
}

/** Number of letters of an operand, −1 with an ellipsis. */
function letterCount(equation: string, index: number): number {
  const term = equation.split('->')[0]?.split(',')[index] ?? '';
  return term.includes('.') ? -1 : term.length;
}

function einsum(context: ConvertContext): readonly Ref[] {
  const equation = context.attrs.string('equation').replaceAll(' ', '');
  // Without an ellipsis the equation itself tells the ranks.
  const ranks = context.node.inputs.map(({ shape }, index) => shape?.length ?? letterCount(equation, index));
  if (ranks.includes(-1))
    throw context.refuse('TFD_SHAPE_UNKNOWN', 'what an ellipsis stands for is not known');
  const terms = parseEinsum(equation, ranks);
  const [a, b, ...more] = terms?.inputs ?? [];
  if (terms === undefined || a === undefined || more.length > 0) {
    return [context.onnx.op('Einsum', allRefs(context), { equation })];
  }
  return [b === undefined ? rearrange(context, a, terms.output) : multiply(context, a, b, terms.output)];
}

/** Sums of products by letters. */
export const einsums: OpFamily = {
  Einsum: { convert: einsum, becomes: 'Transpose, Reshape, MatMul; Einsum for other forms' },
};
