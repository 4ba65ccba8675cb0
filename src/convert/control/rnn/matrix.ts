import type { NumericTensor } from '../../../base/tensor.js';
import type { TensorValue } from '../../../savedmodel/types.js';

/** A matrix of float32 that is computed when it is read. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly isIdentity: boolean;
  read(): Float32Array;
}

function lazy(rows: number, cols: number, compute: () => Float32Array, isIdentity = false): Matrix {
  let known: Float32Array | undefined;
  return {
    rows,
    cols,
    isIdentity,
    read: () => {
      known ??= compute();
      return known;
    },
  };
}

export function identity(size: number): Matrix {
  return lazy(
    size,
    size,
    () => {
      const data = new Float32Array(size * size);
      for (let i = 0; i < size; i++) data[i * size + i] = 1;
      return data;
    },
    true,
  );
}

/** A constant matrix, or a vector as a matrix of one row. */
export function constantMatrix(value: TensorValue, isTransposed = false): Matrix {
  const [first = 1, second] = value.shape;
  const [rows, cols] = second === undefined ? [1, first] : [first, second];
  const read = () => (value.read() as NumericTensor).data as Float32Array;
  if (!isTransposed) return lazy(rows, cols, read);
  return lazy(cols, rows, () => {
    const source = read();
    const made = new Float32Array(rows * cols);
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) made[c * rows + r] = source[r * cols + c]!;
    return made;
  });
}

export function sliceCols(matrix: Matrix, from: number, to: number): Matrix {
  if (from === 0 && to === matrix.cols) return matrix;
  const cols = to - from;
  return lazy(matrix.rows, cols, () => {
    const source = matrix.read();
    const made = new Float32Array(matrix.rows * cols);
    for (let r = 0; r < matrix.rows; r++)
      made.set(source.subarray(r * matrix.cols + from, r * matrix.cols + to), r * cols);
    return made;
  });
}

export function sliceRows(matrix: Matrix, from: number, to: number): Matrix {
  if (from === 0 && to === matrix.rows) return matrix;
  return lazy(to - from, matrix.cols, () => matrix.read().slice(from * matrix.cols, to * matrix.cols));
}

export function addMatrices(a: Matrix, b: Matrix, sign: 1 | -1 = 1): Matrix {
  return lazy(a.rows, a.cols, () => {
    const right = b.read();
    return a.read().map((value, i) => value + sign * right[i]!);
  });
}

/** Every column times its own number; one number is for all. */
export function scaleCols(matrix: Matrix, scale: Matrix): Matrix {
  return lazy(matrix.rows, matrix.cols, () => {
    const factors = scale.read();
    return matrix.read().map((value, i) => value * factors[factors.length === 1 ? 0 : i % matrix.cols]!);
  });
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  if (a.isIdentity) return b;
  return lazy(a.rows, b.cols, () => {
    const [left, right] = [a.read(), b.read()];
    const made = new Float32Array(a.rows * b.cols);
    for (let r = 0; r < a.rows; r++) {
      for (let k = 0; k < a.cols; k++) {
        const factor = left[r * a.cols + k]!;
        if (factor === 0) continue;
        for (let c = 0; c < b.cols; c++) made[r * b.cols + c]! += factor * right[k * b.cols + c]!;
      }
    }
    return made;
  });
}

/** A row of zeros. */
export function zeros(cols: number, rows = 1): Matrix {
  return lazy(rows, cols, () => new Float32Array(rows * cols));
}
