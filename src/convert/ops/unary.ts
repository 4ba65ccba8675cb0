import { isFloatDType } from '../../base/dtype.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { castTo, direct, formula, like } from './parts.js';

/** log(1+x) that is right for small x too: log(y)·x/(y−1) with y = 1+x rounded. */
export function log1p(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  const y = onnx.op('Add', [x, like(context, x, 1)]);
  const rest = onnx.op('Sub', [y, like(context, x, 1)]);
  const scaled = onnx.op('Mul', [onnx.op('Log', [y]), onnx.op('Div', [x, rest])]);
  const isSmall = onnx.op('Equal', [rest, like(context, x, 0)]);
  const isInfinite = onnx.op('IsInf', [x], { detect_negative: 0 });
  return onnx.op('Where', [onnx.op('Or', [isSmall, isInfinite]), x, scaled]);
}

/** e^x − 1 that is right for small x too: tanh(x/2)·(e^x + 1). */
function expm1(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  const half = onnx.op('Tanh', [onnx.op('Mul', [x, like(context, x, 0.5)])]);
  return onnx.op('Mul', [half, onnx.op('Add', [onnx.op('Exp', [x]), like(context, x, 1)])]);
}

/**
 * Powers of s = 2t − 1 in erfc(z) = t·e^(−z²)·P(s) with t = 2/(2+z), z ≥ 0: the Chebyshev interpolation of
 * degree 10 in double precision, relative error 3e-8.
 */
const ERFC = [
  0.510791353, 0.343580313, 0.139735946, 0.0182217491, -0.0107533109, -0.00324373307, 0.00153384704,
  0.000431040022, -0.000304719086, -3.67643617e-5, 4.42884145e-5,
];

/** The complement of erf without its cancellation for large x. */
function erfc(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  const z = onnx.op('Abs', [x]);
  const two = like(context, x, 2);
  const t = onnx.op('Div', [two, onnx.op('Add', [two, z])]);
  const s = onnx.op('Sub', [onnx.op('Add', [t, t]), like(context, x, 1)]);
  let sum = like(context, x, ERFC.at(-1) as number);
  for (const coefficient of ERFC.slice(0, -1).reverse()) {
    sum = onnx.op('Add', [onnx.op('Mul', [sum, s]), like(context, x, coefficient)]);
  }
  const decay = onnx.op('Exp', [onnx.op('Neg', [onnx.op('Mul', [z, z])])]);
  const tail = onnx.op('Mul', [onnx.op('Mul', [t, decay]), sum]);
  const isNegative = onnx.op('Less', [x, like(context, x, 0)]);
  return onnx.op('Where', [isNegative, onnx.op('Sub', [two, tail]), tail]);
}

function isFiniteNumber(context: ConvertContext, x: Ref): Ref {
  const { onnx } = context;
  return onnx.op('Not', [onnx.op('Or', [onnx.op('IsNaN', [x]), onnx.op('IsInf', [x])])]);
}

/** TensorFlow's own kernel gives zeros for integers: that is not worth matching. */
function round(context: ConvertContext, x: Ref): Ref {
  if (isFloatDType(context.onnx.dtypeOf(x))) return context.onnx.op('Round', [x]);
  throw context.refuse('TFD_DTYPE_UNSUPPORTED', 'rounding of integers');
}

const same = ['Abs', 'Neg', 'Floor', 'Ceil', 'Sqrt', 'Exp', 'Log', 'Erf', 'Reciprocal'];
const trigonometric = [
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan'],
  ...['Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
];

/** Element-wise functions of one tensor. */
export const unary: OpFamily = {
  ...Object.fromEntries([...same, ...trigonometric].map((op) => [op, direct(op)])),
  Inv: direct('Reciprocal'),
  // Of float16 ONNX Runtime knows no sign of NaN: it is computed in float32.
  Sign: formula('Sign', ({ onnx }, x = '') => onnx.op('Sign', [x])),
  Round: formula('Round (half to even)', round),
  Rint: direct('Round'),
  Square: formula('Mul', ({ onnx }, x = '') => onnx.op('Mul', [x, x])),
  Rsqrt: formula('Reciprocal(Sqrt)', ({ onnx }, x = '') => onnx.op('Reciprocal', [onnx.op('Sqrt', [x])])),
  Log1p: formula('log(y)·x/(y−1), y = 1+x', log1p),
  Expm1: formula('Tanh(x/2)·(Exp(x)+1)', expm1),
  Erfc: formula('a series in 2/(2+|x|) times Exp(−x²)', erfc),
  IsNan: direct('IsNaN'),
  IsInf: direct('IsInf'),
  IsFinite: formula('Not(Or(IsNaN, IsInf))', isFiniteNumber),
  LogicalNot: direct('Not'),
  Invert: direct('BitwiseNot'),
  Cast: {
    convert: (context) => [castTo(context, context.ref(0), context.attrs.dtype('DstT'))],
    becomes: 'Cast',
  },
};
