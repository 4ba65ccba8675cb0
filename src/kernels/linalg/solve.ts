import { elementCount, type NumericTensor } from '../../base/tensor.js';
import { realsOf, refuseDType, seal, workArray } from '../lanes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';

/** A batch of matrices; computed in double precision. */
interface Matrices {
  readonly data: ArrayLike<number>;
  readonly batch: readonly number[];
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

function readMatrices(context: KernelContext, input: number): Matrices {
  const tensor = context.numeric(input);
  if (!['float32', 'float64', 'float16'].includes(tensor.dtype)) throw refuseDType(context, tensor.dtype);
  if (tensor.shape.length < 2) throw context.fail(`input ${input} must have rank 2 or more`);
  const batch = tensor.shape.slice(0, -2);
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return { data: realsOf(tensor), batch, count: elementCount(batch), rows, columns };
}

function readSquare(context: KernelContext): Matrices {
  const matrices = readMatrices(context, 0);
  if (matrices.rows !== matrices.columns) throw context.fail('Input matrix must be square');
  return matrices;
}

const cut = ({ data, rows, columns }: Matrices, index: number): Float64Array =>
  Float64Array.from({ length: rows * columns }, (_, i) => data[index * rows * columns + i]!);

function transpose(a: Float64Array, n: number): Float64Array {
  return a.map((_, i) => a[(i % n) * n + Math.floor(i / n)]!);
}

function pack(
  context: KernelContext,
  shape: readonly number[],
  parts: readonly ArrayLike<number>[],
): NumericTensor {
  const { dtype } = context.numeric(0);
  const out = workArray(dtype, elementCount(shape));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return seal(dtype, shape, out);
}

/** Solves `a·x = b` in place of `b` by elimination with row exchange. Returns sign and log of |det a|. */
function eliminate(
  a: Float64Array,
  n: number,
  b: Float64Array,
  width: number,
): { sign: number; log: number } {
  let [sign, log] = [1, 0];
  for (let column = 0; column < n; column++) {
    let best = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(a[row * n + column]!) > Math.abs(a[best * n + column]!)) best = row;
    }
    const pivot = a[best * n + column]!;
    if (pivot === 0) return { sign: 0, log: Number.NEGATIVE_INFINITY };
    if (best !== column) {
      sign = -sign;
      for (let k = 0; k < n; k++)
        [a[best * n + k], a[column * n + k]] = [a[column * n + k]!, a[best * n + k]!];
      for (let k = 0; k < width; k++) {
        [b[best * width + k], b[column * width + k]] = [b[column * width + k]!, b[best * width + k]!];
      }
    }
    sign *= Math.sign(pivot);
    log += Math.log(Math.abs(pivot));
    for (let row = column + 1; row < n; row++) {
      const factor = a[row * n + column]! / pivot;
      if (factor === 0) continue;
      for (let k = column; k < n; k++) a[row * n + k]! -= factor * a[column * n + k]!;
      for (let k = 0; k < width; k++) b[row * width + k]! -= factor * b[column * width + k]!;
    }
  }
  substitute(a, n, b, width, false);
  return { sign, log };
}

/** Solves a triangular system in place of `b`; only the named half of `a` is read. */
function substitute(a: Float64Array, n: number, b: Float64Array, width: number, isLower: boolean): void {
  for (let step = 0; step < n; step++) {
    const row = isLower ? step : n - 1 - step;
    const [from, to] = isLower ? [0, row] : [row + 1, n];
    for (let k = 0; k < width; k++) {
      let value = b[row * width + k]!;
      for (let j = from; j < to; j++) value -= a[row * n + j]! * b[j * width + k]!;
      b[row * width + k] = value / a[row * n + row]!;
    }
  }
}

function inverse(context: KernelContext): HostValue[] {
  const m = readSquare(context);
  const n = m.rows;
  const isAdjoint = context.attrs.bool('adjoint', false);
  const parts = Array.from({ length: m.count }, (_, i) => {
    const a = isAdjoint ? transpose(cut(m, i), n) : cut(m, i);
    const b = new Float64Array(n * n);
    for (let k = 0; k < n; k++) b[k * n + k] = 1;
    if (eliminate(a, n, b, n).sign === 0) throw context.fail('Input is not invertible.');
    return b;
  });
  return [pack(context, [...m.batch, n, n], parts)];
}

function solve(context: KernelContext): HostValue[] {
  const [m, rhs] = [readSquare(context), readMatrices(context, 1)];
  if (rhs.rows !== m.rows || rhs.batch.join() !== m.batch.join())
    throw context.fail('Input matrix and rhs are incompatible.');
  const isAdjoint = context.attrs.bool('adjoint', false);
  const parts = Array.from({ length: m.count }, (_, i) => {
    const [a, b] = [isAdjoint ? transpose(cut(m, i), m.rows) : cut(m, i), cut(rhs, i)];
    if (eliminate(a, m.rows, b, rhs.columns).sign === 0)
      throw context.fail('Input matrix is not invertible.');
    return b;
  });
  return [pack(context, [...m.batch, m.rows, rhs.columns], parts)];
}

function triangularSolve(context: KernelContext): HostValue[] {
  const [m, rhs] = [readSquare(context), readMatrices(context, 1)];
  if (rhs.rows !== m.rows) throw context.fail('Input matrix and rhs are incompatible.');
  // Batches that differ would have to be broadcast.
  if (m.count !== 1 && rhs.batch.join() !== m.batch.join())
    throw context.fail('batches that differ are not broadcast here');
  const isLower = context.attrs.bool('lower', true);
  const isAdjoint = context.attrs.bool('adjoint', false);
  const parts = Array.from({ length: rhs.count }, (_, i) => {
    const own = cut(m, m.count === 1 ? 0 : i);
    for (let k = 0; k < m.rows; k++) {
      if (own[k * m.rows + k] === 0) throw context.fail('Input matrix is not invertible.');
    }
    const b = cut(rhs, i);
    substitute(isAdjoint ? transpose(own, m.rows) : own, m.rows, b, rhs.columns, isLower !== isAdjoint);
    return b;
  });
  const batch = rhs.batch.length >= m.batch.length ? rhs.batch : m.batch;
  return [pack(context, [...batch, m.rows, rhs.columns], parts)];
}

/** The lower factor; only the lower half of the input is read. */
function cholesky(context: KernelContext): HostValue[] {
  const m = readSquare(context);
  const n = m.rows;
  const parts = Array.from({ length: m.count }, (_, index) => {
    const a = cut(m, index);
    const l = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let value = a[i * n + j]!;
        for (let k = 0; k < j; k++) value -= l[i * n + k]! * l[j * n + k]!;
        if (i === j && !(value > 0))
          throw context.fail('Cholesky decomposition was not successful. The input might not be valid.');
        l[i * n + j] = i === j ? Math.sqrt(value) : value / l[j * n + j]!;
      }
    }
    return l;
  });
  return [pack(context, [...m.batch, n, n], parts)];
}

function determinants(context: KernelContext): { sign: number; log: number }[] {
  const m = readSquare(context);
  return Array.from({ length: m.count }, (_, i) => eliminate(cut(m, i), m.rows, new Float64Array(0), 0));
}

function logDeterminant(context: KernelContext): HostValue[] {
  const { batch } = readSquare(context);
  const found = determinants(context);
  return [
    pack(context, batch, [found.map(({ sign }) => sign)]),
    pack(context, batch, [found.map(({ log }) => log)]),
  ];
}

function determinant(context: KernelContext): HostValue[] {
  const { batch } = readSquare(context);
  return [pack(context, batch, [determinants(context).map(({ sign, log }) => sign * Math.exp(log))])];
}

/** Systems of linear equations, in double precision whatever the type. */
export const linalgKernels: KernelFamily = {
  MatrixInverse: inverse,
  MatrixSolve: solve,
  MatrixTriangularSolve: triangularSolve,
  Cholesky: cholesky,
  LogMatrixDeterminant: logDeterminant,
  MatrixDeterminant: determinant,
};
