import { DTYPES, type NumericDType } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import { broadcastShape, type Reach, reachOf } from './broadcast.js';
import { type BigArray, laneOf, type RealArray, realsOf, refuseDType, seal, workArray } from './lanes.js';
import type { HostValue, KernelContext } from './types.js';

type Items<T> = { readonly [index: number]: T };

/** `out[i] = act(a[i], b[i])` under broadcasting. */
function zip<T, R>(
  act: (a: T, b: T) => R,
  a: Items<T>,
  reachA: Reach,
  b: Items<T>,
  reachB: Reach,
  out: { [index: number]: R },
  count: number,
): void {
  const [stepA, stepB] = [reachA.kind === 'one' ? 0 : 1, reachB.kind === 'one' ? 0 : 1];
  const atA = reachA.kind === 'at' ? reachA.positions : undefined;
  const atB = reachB.kind === 'at' ? reachB.positions : undefined;
  if (atA === undefined && atB === undefined) {
    for (let i = 0; i < count; i++) out[i] = act(a[i * stepA]!, b[i * stepB]!);
  } else {
    for (let i = 0; i < count; i++) {
      out[i] = act(a[atA === undefined ? i * stepA : atA[i]!]!, b[atB === undefined ? i * stepB : atB[i]!]!);
    }
  }
}

/** Writes the result for pairs (re, im) at `at` and `at + 1`. */
export type ComplexBinary = (
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
  out: RealArray,
  at: number,
) => void;

/** What a binary op does in each lane; a lane that is left out is refused. */
export interface BinaryRow {
  readonly float?: (a: number, b: number) => number;
  /** Integers of up to 32 bits; the result is wrapped to the type. */
  readonly int?: (a: number, b: number) => number;
  readonly big?: (a: bigint, b: bigint) => bigint;
  readonly complex?: ComplexBinary;
}

/** The shape and reaches of two operands; TFD_KERNEL_INPUT when they do not broadcast. */
export function align(
  context: KernelContext,
  a: { shape: readonly number[] },
  b: { shape: readonly number[] },
) {
  const shape = broadcastShape(a.shape, b.shape);
  if (shape === undefined) {
    throw context.fail(`shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not broadcast`);
  }
  return { shape, count: elementCount(shape), a: reachOf(a.shape, shape), b: reachOf(b.shape, shape) };
}

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

export function isFloat(dtype: NumericDType): boolean {
  return FLOATS.has(dtype);
}

/** A kernel whose output has the type of its two inputs. */
export function binary(row: BinaryRow) {
  return (context: KernelContext): HostValue[] => {
    const [a, b] = [context.numeric(0), context.numeric(1)];
    if (a.dtype !== b.dtype) throw context.fail(`its inputs are ${a.dtype} and ${b.dtype}`);
    return [apply(context, row, a, b)];
  };
}

function apply(context: KernelContext, row: BinaryRow, a: NumericTensor, b: NumericTensor): NumericTensor {
  const { dtype } = a;
  const to = align(context, a, b);
  const lane = laneOf(dtype);
  if (lane === 'big' && row.big !== undefined) {
    const out = new (DTYPES[dtype].array as typeof BigInt64Array)(to.count);
    zip(row.big, a.data as BigArray, to.a, b.data as BigArray, to.b, out, to.count);
    return { dtype, shape: to.shape, data: out };
  }
  const act = isFloat(dtype) ? row.float : row.int;
  if (lane === 'real' && act !== undefined) {
    const out = workArray(dtype, to.count);
    zip(act, realsOf(a), to.a, realsOf(b), to.b, out, to.count);
    return seal(dtype, to.shape, out);
  }
  if (lane === 'complex' && row.complex !== undefined) {
    const out = workArray(dtype, to.count);
    zipComplex(row.complex, a.data as RealArray, to.a, b.data as RealArray, to.b, out, to.count);
    return { dtype, shape: to.shape, data: out };
  }
  throw refuseDType(context, dtype);
}

function reachAt(reach: Reach, i: number): number {
  return reach.kind === 'one' ? 0 : reach.kind === 'each' ? i : reach.positions[i]!;
}

function zipComplex(
  act: ComplexBinary,
  a: RealArray,
  reachA: Reach,
  b: RealArray,
  reachB: Reach,
  out: RealArray,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const [x, y] = [2 * reachAt(reachA, i), 2 * reachAt(reachB, i)];
    act(a[x]!, a[x + 1]!, b[y]!, b[y + 1]!, out, 2 * i);
  }
}

/** What a comparison says in each lane. */
export interface CompareRow {
  readonly real?: (a: number, b: number) => boolean;
  readonly big?: (a: bigint, b: bigint) => boolean;
  readonly bytes?: (a: Uint8Array, b: Uint8Array) => boolean;
  readonly complex?: (aRe: number, aIm: number, bRe: number, bIm: number) => boolean;
}

/** A kernel whose output is bool. With `incompatible_shape_error` false, shapes that differ are unequal. */
export function comparison(row: CompareRow, whenShapesDiffer?: boolean) {
  return (context: KernelContext): HostValue[] => {
    const [a, b] = [context.tensor(0), context.tensor(1)];
    if (a.dtype !== b.dtype) throw context.fail(`its inputs are ${a.dtype} and ${b.dtype}`);
    if (whenShapesDiffer !== undefined && !context.attrs.bool('incompatible_shape_error', true)) {
      if (broadcastShape(a.shape, b.shape) === undefined) {
        return [{ dtype: 'bool', shape: [], data: Uint8Array.of(whenShapesDiffer ? 1 : 0) }];
      }
    }
    const to = align(context, a, b);
    const data = new Uint8Array(to.count);
    if (a.dtype === 'string' || b.dtype === 'string') {
      if (row.bytes === undefined) throw refuseDType(context, 'string');
      const { bytes } = row;
      zip(
        (x: Uint8Array, y) => (bytes(x, y) ? 1 : 0),
        a.data as Uint8Array[],
        to.a,
        b.data as Uint8Array[],
        to.b,
        data,
        to.count,
      );
    } else compareNumbers(context, row, a, b as NumericTensor, to, data);
    return [{ dtype: 'bool', shape: to.shape, data }];
  };
}

function compareNumbers(
  context: KernelContext,
  row: CompareRow,
  a: NumericTensor,
  b: NumericTensor,
  to: ReturnType<typeof align>,
  data: Uint8Array,
): void {
  const lane = laneOf(a.dtype);
  const { real, big, complex } = row;
  if (lane === 'real' && real !== undefined) {
    zip((x: number, y) => (real(x, y) ? 1 : 0), realsOf(a), to.a, realsOf(b), to.b, data, to.count);
  } else if (lane === 'big' && big !== undefined) {
    zip(
      (x: bigint, y) => (big(x, y) ? 1 : 0),
      a.data as BigArray,
      to.a,
      b.data as BigArray,
      to.b,
      data,
      to.count,
    );
  } else if (lane === 'complex' && complex !== undefined) {
    const [x, y] = [a.data as RealArray, b.data as RealArray];
    for (let i = 0; i < to.count; i++) {
      const [p, q] = [2 * reachAt(to.a, i), 2 * reachAt(to.b, i)];
      data[i] = complex(x[p]!, x[p + 1]!, y[q]!, y[q + 1]!) ? 1 : 0;
    }
  } else throw refuseDType(context, a.dtype);
}
