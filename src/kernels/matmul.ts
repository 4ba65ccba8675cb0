import { DTYPES } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import { broadcastPositions, broadcastShape } from './broadcast.js';
import { type BigArray, laneOf, type RealArray, realsOf, seal, workArray } from './lanes.js';
import { transposeTensor } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

const COLUMN_BLOCK = 512;

/** out[m, n] += a[m, k] · b[k, n] in double precision, row by row so that memory is walked in order. */
export function multiplyInto(
  a: RealArray,
  aStart: number,
  b: RealArray,
  bStart: number,
  out: RealArray,
  outStart: number,
  m: number,
  k: number,
  n: number,
): void {
  const sums = new Float64Array(Math.min(n, COLUMN_BLOCK));
  for (let column = 0; column < n; column += COLUMN_BLOCK) {
    const width = Math.min(COLUMN_BLOCK, n - column);
    for (let row = 0; row < m; row++) {
      sums.fill(0);
      for (let i = 0; i < k; i++) {
        const left = a[aStart + row * k + i]!;
        const at = bStart + i * n + column;
        for (let j = 0; j < width; j++) sums[j]! += left * b[at + j]!;
      }
      const to = outStart + row * n + column;
      for (let j = 0; j < width; j++) out[to + j] = sums[j]!;
    }
  }
}

function lastSwapped(tensor: NumericTensor, isConjugated: boolean): NumericTensor {
  const axes = tensor.shape.map((_, axis) => axis);
  const swapped = transposeTensor(tensor, [
    ...axes.slice(0, -2),
    axes.length - 1,
    axes.length - 2,
  ]) as NumericTensor;
  if (!isConjugated || laneOf(tensor.dtype) !== 'complex') return swapped;
  const data = (swapped.data as RealArray).map((x, i) => (i % 2 === 1 ? -x : x)) as RealArray;
  return { ...swapped, data };
}

/** Matrix product of the last two axes under broadcasting of the others. */
export function batchMatMul(context: KernelContext, a: NumericTensor, b: NumericTensor): NumericTensor {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const [innerB, columns] = b.shape.slice(-2) as [number, number];
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (inner !== innerB || batch === undefined || a.dtype !== b.dtype) {
    throw context.fail(
      `[${a.shape.join(', ')}] ${a.dtype} and [${b.shape.join(', ')}] ${b.dtype} can not be multiplied`,
    );
  }
  const shape = [...batch, rows, columns];
  const [atA, atB] = [
    broadcastPositions(a.shape.slice(0, -2), batch),
    broadcastPositions(b.shape.slice(0, -2), batch),
  ];
  const { dtype } = a;
  const lane = laneOf(dtype);
  if (lane === 'big') return bigMatMul(a, b, shape, atA, atB);
  const out = workArray(dtype, elementCount(shape));
  if (lane === 'complex') {
    complexMatMul(a.data as RealArray, b.data as RealArray, out, atA, atB, rows, inner, columns);
    return { dtype, shape, data: out };
  }
  const [left, right] = [realsOf(a), realsOf(b)];
  const multiply = isFloat(dtype) ? multiplyInto : multiplyInts;
  for (let i = 0; i < atA.length; i++) {
    const [x, y] = [atA[i]! * rows * inner, atB[i]! * inner * columns];
    multiply(left, x, right, y, out, i * rows * columns, rows, inner, columns);
  }
  return seal(dtype, shape, out);
}

function multiplyInts(
  a: RealArray,
  aStart: number,
  b: RealArray,
  bStart: number,
  out: RealArray,
  outStart: number,
  m: number,
  k: number,
  n: number,
): void {
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let i = 0; i < k; i++)
        sum = (sum + Math.imul(a[aStart + row * k + i]!, b[bStart + i * n + column]!)) | 0;
      out[outStart + row * n + column] = sum;
    }
  }
}

function bigMatMul(
  a: NumericTensor,
  b: NumericTensor,
  shape: number[],
  atA: Int32Array,
  atB: Int32Array,
): NumericTensor {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = a.shape[a.shape.length - 1]!;
  const [x, y] = [a.data as BigArray, b.data as BigArray];
  const out = new (DTYPES[a.dtype].array as typeof BigInt64Array)(elementCount(shape));
  let at = 0;
  for (let batch = 0; batch < atA.length; batch++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0n;
        for (let i = 0; i < inner; i++) {
          sum +=
            x[(atA[batch]! * rows + row) * inner + i]! * y[(atB[batch]! * inner + i) * columns + column]!;
        }
        out[at++] = sum;
      }
    }
  }
  return { dtype: a.dtype, shape, data: out };
}

function complexMatMul(
  a: RealArray,
  b: RealArray,
  out: RealArray,
  atA: Int32Array,
  atB: Int32Array,
  rows: number,
  inner: number,
  columns: number,
): void {
  let at = 0;
  for (let batch = 0; batch < atA.length; batch++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let [re, im] = [0, 0];
        for (let i = 0; i < inner; i++) {
          const x = 2 * ((atA[batch]! * rows + row) * inner + i);
          const y = 2 * ((atB[batch]! * inner + i) * columns + column);
          re += a[x]! * b[y]! - a[x + 1]! * b[y + 1]!;
          im += a[x]! * b[y + 1]! + a[x + 1]! * b[y]!;
        }
        out[at++] = re;
        out[at++] = im;
      }
    }
  }
}

function widened(tensor: NumericTensor): NumericTensor {
  return tensor.dtype === 'float32'
    ? tensor
    : { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(realsOf(tensor)) };
}

function matMul(context: KernelContext, names: readonly [string, string], isAdjoint: boolean): HostValue[] {
  let [a, b] = [context.numeric(0), context.numeric(1)];
  if (a.shape.length < 2 || b.shape.length < 2) throw context.fail('its inputs are no matrices');
  const turn = (tensor: NumericTensor, name: string) =>
    context.attrs.bool(name, false) ? lastSwapped(tensor, isAdjoint) : tensor;
  a = turn(a, names[0]);
  b = turn(b, names[1]);
  return [batchMatMul(context, a, b)];
}

function sparseMatMul(context: KernelContext): HostValue[] {
  const [a, b] = (['transpose_a', 'transpose_b'] as const).map((name, index) => {
    const tensor = widened(context.numeric(index));
    if (tensor.shape.length !== 2) throw context.fail('its inputs are no matrices');
    return context.attrs.bool(name, false) ? lastSwapped(tensor, false) : tensor;
  });
  return [batchMatMul(context, a!, b!)];
}

const batched = (context: KernelContext) => matMul(context, ['adj_x', 'adj_y'], true);

export const matMulKernels: KernelFamily = {
  MatMul: (context) => {
    if (context.numeric(0).shape.length !== 2 || context.numeric(1).shape.length !== 2) {
      throw context.fail('its inputs are no matrices');
    }
    return matMul(context, ['transpose_a', 'transpose_b'], false);
  },
  SparseMatMul: sparseMatMul,
  BatchMatMul: batched,
  BatchMatMulV2: batched,
  BatchMatMulV3: batched,
};
