import { DTYPES, type NumericDType } from '../base/dtype.js';
import { elementCount, type NumericTensor } from '../base/tensor.js';
import { roundHalfToEven } from './half.js';
import {
  type BigArray,
  bigMax,
  bigMin,
  laneOf,
  type RealArray,
  realsOf,
  refuseDType,
  seal,
  workArray,
} from './lanes.js';
import { digamma, erf, erfc, erfInverse, logGamma, normalQuantile } from './special.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

type ComplexUnary = (re: number, im: number, out: RealArray, at: number) => void;

/** What a unary op does in each lane; a lane that is left out is refused. */
interface UnaryRow {
  readonly float?: (x: number) => number;
  /** Integers of up to 32 bits; the result is wrapped to the type. */
  readonly int?: (x: number) => number;
  readonly big?: (x: bigint) => bigint;
  readonly complex?: ComplexUnary;
}

function unary(row: UnaryRow): Kernel {
  return (context) => [mapTensor(context, row, context.numeric(0))];
}

function mapTensor(context: KernelContext, row: UnaryRow, tensor: NumericTensor): NumericTensor {
  const { dtype, shape } = tensor;
  const count = elementCount(shape);
  const lane = laneOf(dtype);
  const real = isFloat(dtype) ? row.float : row.int;
  if (lane === 'big' && row.big !== undefined) {
    const [source, out] = [tensor.data as BigArray, new (DTYPES[dtype].array as typeof BigInt64Array)(count)];
    for (let i = 0; i < count; i++) out[i] = row.big(source[i]!);
    return { dtype, shape, data: out };
  }
  if (lane === 'real' && real !== undefined) {
    const [source, out] = [realsOf(tensor), workArray(dtype, count)];
    for (let i = 0; i < count; i++) out[i] = real(source[i]!);
    return seal(dtype, shape, out);
  }
  if (lane === 'complex' && row.complex !== undefined) {
    const [source, out] = [tensor.data as RealArray, workArray(dtype, count)];
    for (let i = 0; i < 2 * count; i += 2) row.complex(source[i]!, source[i + 1]!, out, i);
    return { dtype, shape, data: out };
  }
  throw refuseDType(context, dtype);
}

const pair = (act: (re: number, im: number) => readonly [number, number]): ComplexUnary =>
  function write(re, im, out, at) {
    [out[at], out[at + 1]] = act(re, im) as [number, number];
  };

function complexSqrt(re: number, im: number): [number, number] {
  const radius = Math.hypot(re, im);
  const root = Math.sqrt((radius + Math.abs(re)) / 2);
  if (root === 0) return [0, im];
  const other = im / (2 * root);
  if (re >= 0) return [root, other];
  return [Math.abs(other), im < 0 || Object.is(im, -0) ? -root : root];
}

function complexReciprocal(re: number, im: number): [number, number] {
  const norm = re * re + im * im;
  return [re / norm, -im / norm];
}

const reciprocal = unary({
  float: (x) => 1 / x,
  int: (x) => Math.trunc(1 / x),
  complex: pair(complexReciprocal),
});

const round = unary({ float: roundKeepingSign, int: (x) => x, big: (x) => x });

/** −0 and everything that has no fraction stay what they are. */
function roundKeepingSign(x: number): number {
  if (!Number.isFinite(x) || Number.isInteger(x)) return x;
  return roundHalfToEven(x) || (x < 0 ? -0 : 0);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

const bigAbs = (x: bigint) => (x < 0n ? -x : x);

/** LeakyRelu's slope is a float32 attribute. */
const leakyRelu: Kernel = (context) => {
  const alpha = context.attrs.float('alpha', 0.2);
  return unary({ float: (x) => (x > 0 ? x : x * alpha) })(context);
};

/** A test on floats: IsNan and its like. */
function test(act: (x: number) => boolean): Kernel {
  return (context) => {
    const tensor = context.numeric(0);
    if (!isFloat(tensor.dtype)) throw refuseDType(context, tensor.dtype);
    const source = realsOf(tensor);
    const data = new Uint8Array(source.length);
    for (let i = 0; i < data.length; i++) data[i] = act(source[i]!) ? 1 : 0;
    return [{ dtype: 'bool', shape: tensor.shape, data }];
  };
}

/** Complex → real ops: the output has half the width. */
function fromComplex(act: (re: number, im: number) => number): Kernel {
  return (context): HostValue[] => {
    const tensor = context.numeric(0);
    if (laneOf(tensor.dtype) !== 'complex') throw refuseDType(context, tensor.dtype);
    const dtype: NumericDType = tensor.dtype === 'complex64' ? 'float32' : 'float64';
    const source = tensor.data as RealArray;
    const out = workArray(dtype, source.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = act(source[2 * i]!, source[2 * i + 1]!);
    return [{ dtype, shape: tensor.shape, data: out }];
  };
}

export const unaryKernels: KernelFamily = {
  Abs: unary({ float: Math.abs, int: Math.abs, big: bigAbs }),
  Neg: unary({ float: (x) => -x, int: (x) => -x, big: (x) => -x, complex: pair((re, im) => [-re, -im]) }),
  Sign: unary({
    float: Math.sign,
    int: Math.sign,
    big: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
    complex: pair((re, im) => {
      const size = Math.hypot(re, im);
      return size === 0 ? [0, 0] : [re / size, im / size];
    }),
  }),
  Square: unary({
    float: (x) => x * x,
    int: (x) => Math.imul(x, x),
    big: (x) => x * x,
    complex: pair((re, im) => [re * re - im * im, 2 * re * im]),
  }),
  Sqrt: unary({ float: Math.sqrt, complex: pair(complexSqrt) }),
  Rsqrt: unary({
    float: (x) => 1 / Math.sqrt(x),
    complex: pair((re, im) => complexReciprocal(...complexSqrt(re, im))),
  }),
  Inv: reciprocal,
  Reciprocal: reciprocal,
  Exp: unary({
    float: Math.exp,
    complex: pair((re, im) => [Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im)]),
  }),
  Expm1: unary({ float: Math.expm1 }),
  Log: unary({
    float: Math.log,
    complex: pair((re, im) => [Math.log(Math.hypot(re, im)), Math.atan2(im, re)]),
  }),
  Log1p: unary({ float: Math.log1p }),
  Sin: unary({
    float: Math.sin,
    complex: pair((re, im) => [Math.sin(re) * Math.cosh(im), Math.cos(re) * Math.sinh(im)]),
  }),
  Cos: unary({
    float: Math.cos,
    complex: pair((re, im) => [Math.cos(re) * Math.cosh(im), -Math.sin(re) * Math.sinh(im)]),
  }),
  Tan: unary({ float: Math.tan }),
  Asin: unary({ float: Math.asin }),
  Acos: unary({ float: Math.acos }),
  Atan: unary({ float: Math.atan }),
  Sinh: unary({ float: Math.sinh }),
  Cosh: unary({ float: Math.cosh }),
  Tanh: unary({ float: Math.tanh }),
  Asinh: unary({ float: Math.asinh }),
  Acosh: unary({ float: Math.acosh }),
  Atanh: unary({ float: Math.atanh }),
  Erf: unary({ float: erf }),
  Erfc: unary({ float: erfc }),
  Erfinv: unary({ float: erfInverse }),
  Ndtri: unary({ float: normalQuantile }),
  Lgamma: unary({ float: logGamma }),
  Digamma: unary({ float: digamma }),
  Floor: unary({ float: Math.floor, int: (x) => x, big: (x) => x }),
  Ceil: unary({ float: Math.ceil, int: (x) => x, big: (x) => x }),
  Round: round,
  Rint: round,
  Sigmoid: unary({ float: sigmoid }),
  Relu: unary({
    float: (x) => Math.max(x, 0),
    int: (x) => Math.max(x, 0),
    big: (x) => bigMax(x, 0n),
  }),
  Relu6: unary({
    float: (x) => Math.min(Math.max(x, 0), 6),
    int: (x) => Math.min(Math.max(x, 0), 6),
    big: (x) => bigMin(bigMax(x, 0n), 6n),
  }),
  LeakyRelu: leakyRelu,
  Elu: unary({ float: (x) => (x < 0 ? Math.expm1(x) : x) }),
  Selu: unary({ float: (x) => (x < 0 ? SELU_SCALE * SELU_ALPHA * Math.expm1(x) : SELU_SCALE * x) }),
  Softplus: unary({ float: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))) }),
  Softsign: unary({ float: (x) => x / (1 + Math.abs(x)) }),
  LogicalNot: unary({ int: (x) => 1 - x }),
  Invert: unary({ int: (x) => ~x, big: (x) => ~x }),
  Conj: unary({ float: (x) => x, complex: pair((re, im) => [re, -im]) }),
  IsNan: test(Number.isNaN),
  IsInf: test((x) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY),
  IsFinite: test(Number.isFinite),
  Real: fromComplex((re) => re),
  Imag: fromComplex((_, im) => im),
  Angle: fromComplex((re, im) => Math.atan2(im, re)),
  ComplexAbs: fromComplex(Math.hypot),
};
