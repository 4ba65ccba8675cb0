import type { Dim, Shape } from '../../base/shape.js';
import { broadcastDim, broadcastShapes } from './broadcast.js';
import { type ShapeContext, type ShapeFamily, sameRow } from './types.js';

function matMul(c: ShapeContext): Shape {
  const [a, b] = [c.dims(0), c.dims(1)];
  const rows = a?.[c.attrs.bool('transpose_a', false) ? 1 : 0];
  const columns = b?.[c.attrs.bool('transpose_b', false) ? 0 : 1];
  return [rows ?? c.fresh(), columns ?? c.fresh()];
}

function batchMatMul(c: ShapeContext): Shape {
  const [a, b] = [c.dims(0), c.dims(1)];
  if (a === undefined || b === undefined || a.length < 2 || b.length < 2) return null;
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  const rows = a[a.length - (c.attrs.bool('adj_x', false) ? 1 : 2)]!;
  const columns = b[b.length - (c.attrs.bool('adj_y', false) ? 2 : 1)]!;
  return [...batch!, rows, columns];
}

/** Labels of each operand, `...` spread into the numbers that name the broadcast dimensions. */
export function einsumLabels(
  equation: string,
  ranks: readonly number[],
): { inputs: string[][]; output: string[] } | undefined {
  const [left, right] = equation.replace(/\s/g, '').split('->');
  const operands = left?.split(',');
  if (left === undefined || right === undefined || operands?.length !== ranks.length) return undefined;
  let widest = 0;
  const spread = (text: string, rank: number | undefined): string[] | undefined => {
    const [head, tail] = text.split('...');
    if (tail === undefined) return [...text];
    const dots = rank === undefined ? widest : rank - head!.length - tail.length;
    if (dots < 0) return undefined;
    widest = Math.max(widest, dots);
    const names = Array.from({ length: dots }, (_, i) => String(dots - 1 - i));
    return [...head!, ...names, ...tail];
  };
  const inputs = operands.map((text, i) => spread(text, ranks[i]));
  if (inputs.some((labels, i) => labels === undefined || labels.length !== ranks[i])) return undefined;
  return { inputs: inputs as string[][], output: spread(right, undefined)! };
}

function einsum(c: ShapeContext): Shape {
  const all = Array.from({ length: c.inputCount }, (_, i) => c.dims(i));
  if (all.some((dims) => dims === undefined)) return null;
  const labels = einsumLabels(
    c.attrs.string('equation'),
    all.map((dims) => dims!.length),
  );
  if (labels === undefined) return null;
  const sizes = new Map<string, Dim>();
  labels.inputs.forEach((names, i) => {
    names.forEach((name, d) => {
      const dim = all[i]![d]!;
      const known = sizes.get(name);
      sizes.set(
        name,
        known === undefined
          ? dim
          : /\d/.test(name)
            ? broadcastDim(known, dim)
            : known === dim || typeof known === 'number'
              ? known
              : dim,
      );
    });
  });
  return labels.output.map((name) => sizes.get(name) ?? c.fresh());
}

function square(c: ShapeContext, drop: number): Shape {
  const dims = c.dims(0);
  return dims === undefined ? null : dims.slice(0, dims.length - drop);
}

export const linearShapes: ShapeFamily = {
  ...sameRow('MatMul _FusedMatMul SparseMatMul QuantizedMatMul', (c) => [matMul(c)]),
  ...sameRow('BatchMatMul BatchMatMulV2 BatchMatMulV3', (c) => [batchMatMul(c)]),
  Einsum: (c) => [einsum(c)],
  SparseTensorDenseMatMul: (c) => {
    const shape = c.ints(2);
    const rows = shape?.[c.attrs.bool('adjoint_a', false) ? 1 : 0];
    const columns = c.dims(3)?.[c.attrs.bool('adjoint_b', false) ? 0 : 1];
    return [[rows ?? c.fresh(), columns ?? c.fresh()]];
  },
  MatrixDeterminant: (c) => [square(c, 2)],
  ...sameRow('MatrixTriangularSolve MatrixSolve', (c) => [c.shape(1)]),
  ...sameRow('MatrixDiag', (c) => {
    const dims = c.dims(0);
    return [dims === undefined ? null : [...dims, dims[dims.length - 1]!]];
  }),
  ...sameRow('MatrixDiagPart', (c) => {
    const dims = c.dims(0);
    if (dims === undefined || dims.length < 2) return [null];
    const [rows, columns] = [dims[dims.length - 2]!, dims[dims.length - 1]!];
    const isKnown = typeof rows === 'number' && typeof columns === 'number';
    const diagonal = isKnown ? Math.min(rows, columns) : rows === columns ? rows : c.fresh();
    return [[...dims.slice(0, -2), diagonal]];
  }),
  Cross: (c) => [c.shape(0)],
  L2Loss: () => [[]],
};
