import { type DType, isFloatDType } from '../../base/dtype.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { divideIntegers, guardDivisor } from './guards.js';
import { allRefs, castTo, direct, formula, like } from './parts.js';
import { log1p } from './unary.js';

const UNSIGNED: readonly DType[] = ['uint8', 'uint16', 'uint32', 'uint64'];

function isFloat(context: ConvertContext, ref: Ref): boolean {
  return isFloatDType(context.onnx.dtypeOf(ref));
}

/** Rounds toward minus infinity: by floor for floats, by the remainder of the divisor's sign for integers. */
function floorDiv(context: ConvertContext, a: Ref, b: Ref): Ref {
  const { onnx } = context;
  if (isFloat(context, a)) return onnx.op('Floor', [onnx.op('Div', [a, b])]);
  const divisor = guardDivisor(context, 1);
  if (UNSIGNED.includes(onnx.dtypeOf(a))) return divideIntegers(context, a, divisor);
  const quotient = divideIntegers(context, a, divisor);
  const rest = onnx.op('Mod', [a, divisor.ref], { fmod: 1 });
  const zero = like(context, a, 0);
  const differs = onnx.op('Xor', [onnx.op('Less', [divisor.ref, zero]), onnx.op('Less', [rest, zero])]);
  const isBelow = onnx.op('And', [differs, onnx.op('Not', [onnx.op('Equal', [rest, zero])])]);
  return onnx.op('Sub', [quotient, castTo(context, isBelow, onnx.dtypeOf(a))]);
}

/** The remainder with the divisor's sign. */
function floorMod(context: ConvertContext, a: Ref, b: Ref): Ref {
  const { onnx } = context;
  if (!isFloat(context, a)) return onnx.op('Mod', [a, guardDivisor(context, 1).ref]);
  const rest = onnx.op('Mod', [a, b], { fmod: 1 });
  const zero = like(context, a, 0);
  const differs = onnx.op('Xor', [onnx.op('Less', [b, zero]), onnx.op('Less', [rest, zero])]);
  const isInexact = onnx.op('Not', [onnx.op('Equal', [rest, zero])]);
  return onnx.op('Where', [onnx.op('And', [differs, isInexact]), onnx.op('Add', [rest, b]), rest]);
}

/** Rounds toward zero. */
function truncateDiv(context: ConvertContext, a: Ref, b: Ref): Ref {
  const { onnx } = context;
  if (!isFloat(context, a)) return divideIntegers(context, a, guardDivisor(context, 1));
  const quotient = onnx.op('Div', [a, b]);
  const size = onnx.op('Floor', [onnx.op('Abs', [quotient])]);
  return onnx.op('Mul', [onnx.op('Sign', [quotient]), size]);
}

/** Integers are divided toward zero. */
function divide(context: ConvertContext, a: Ref, b: Ref): Ref {
  if (isFloat(context, a)) return context.onnx.op('Div', [a, b]);
  return divideIntegers(context, a, guardDivisor(context, 1));
}

/** The remainder with the sign of the dividend. */
function truncateMod(context: ConvertContext, a: Ref, b: Ref): Ref {
  const divisor = isFloat(context, a) ? b : guardDivisor(context, 1).ref;
  return context.onnx.op('Mod', [a, divisor], { fmod: 1 });
}

/** `value` where `x` is not zero, else zero; Where keeps NaN and infinity of the other branch out. */
function unlessZero(context: ConvertContext, x: Ref, value: Ref): Ref {
  const { onnx } = context;
  const zero = like(context, x, 0);
  return onnx.op('Where', [onnx.op('Equal', [x, zero]), zero, value]);
}

/**
 * Powers. ONNX Runtime computes integer powers through floating point, which is wrong above 2^53 and where
 * TensorFlow wraps around: they are multiplied out instead, which needs a constant exponent.
 */
function pow(context: ConvertContext, a: Ref, b: Ref): Ref {
  const { onnx } = context;
  if (isFloat(context, a)) return onnx.op('Pow', [a, b]);
  const exponents = context.isConst(1) ? context.constInts(1) : [];
  const [exponent] = exponents;
  if (exponents.length !== 1 || exponent === undefined || exponent < 0 || exponent > 64) {
    throw context.refuse(
      'TFD_DTYPE_UNSUPPORTED',
      'an integer power needs one constant exponent from 0 to 64',
    );
  }
  return multiplyOut(context, a, b, exponent);
}

function multiplyOut(context: ConvertContext, a: Ref, b: Ref, exponent: number): Ref {
  const { onnx } = context;
  // b's ones keep its part in broadcasting.
  let product = onnx.op('Add', [onnx.op('Sub', [b, b]), like(context, a, 1)]);
  let square = a;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product = onnx.op('Mul', [product, square]);
    if (rest > 1) square = onnx.op('Mul', [square, square]);
  }
  return exponent > 0 ? product : onnx.op('Add', [onnx.op('Mul', [a, like(context, a, 0)]), product]);
}

/** The angle of (x, y) from atan(y/x), by quadrant; signed zeros count as in C. */
function atan2(context: ConvertContext, y: Ref, x: Ref): Ref {
  const { onnx } = context;
  const zero = like(context, x, 0);
  const isNegative = (ref: Ref) => onnx.op('Less', [ref, zero]);
  const signBit = (ref: Ref) => onnx.op('Or', [isNegative(ref), isNegative(onnx.op('Reciprocal', [ref]))]);
  const pick = (condition: Ref, then: Ref, other: Ref) => onnx.op('Where', [condition, then, other]);
  const isBelow = signBit(y);
  const signed = (value: number) => pick(isBelow, like(context, x, -value), like(context, x, value));
  const bothInfinite = onnx.op('And', [onnx.op('IsInf', [x]), onnx.op('IsInf', [y])]);
  const ratio = pick(
    bothInfinite,
    onnx.op('Mul', [onnx.op('Sign', [y]), onnx.op('Sign', [x])]),
    onnx.op('Div', [y, x]),
  );
  const angle = onnx.op('Atan', [ratio]);
  const turned = pick(signBit(x), onnx.op('Add', [angle, signed(Math.PI)]), angle);
  const isOrigin = onnx.op('And', [onnx.op('Equal', [x, zero]), onnx.op('Equal', [y, zero])]);
  return pick(
    isOrigin,
    pick(signBit(x), signed(Math.PI), pick(isBelow, negativeZero(context, x), zero)),
    turned,
  );
}

function negativeZero(context: ConvertContext, x: Ref): Ref {
  return context.onnx.op('Neg', [like(context, x, 0)]);
}

/** Sum of any number of tensors of one shape. ONNX's Sum has no integer kernel. */
function addAll(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const refs = allRefs(context);
  if (refs.length > 2 && isFloat(context, refs[0] ?? '')) return [onnx.op('Sum', refs)];
  return [refs.slice(1).reduce((sum, ref) => onnx.op('Add', [sum, ref]), refs[0] ?? '')];
}

/** Clip takes scalars; bounds of another shape broadcast. */
function clip(context: ConvertContext, x: Ref, low: Ref, high: Ref): Ref {
  const { onnx } = context;
  const isScalar = [1, 2].every((index) => context.value(index).shape?.length === 0);
  return isScalar ? onnx.op('Clip', [x, low, high]) : onnx.op('Min', [onnx.op('Max', [x, low]), high]);
}

function squaredDifference(context: ConvertContext, a: Ref, b: Ref): Ref {
  const difference = context.onnx.op('Sub', [a, b]);
  return context.onnx.op('Mul', [difference, difference]);
}

function approximatelyEqual(context: ConvertContext, a: Ref, b: Ref): Ref {
  const { onnx } = context;
  const tolerance = like(context, a, context.attrs.float('tolerance', 1e-5));
  return onnx.op('Less', [onnx.op('Abs', [onnx.op('Sub', [a, b])]), tolerance]);
}

const add = { convert: addAll, neutral: ['shape'], becomes: 'Sum, or Adds for integers' };
const truncatedMod = formula('Mod(fmod)', truncateMod);

/** Element-wise functions of two or more tensors. */
export const binary: OpFamily = {
  ...Object.fromEntries(['Add', 'Sub', 'Mul'].map((op) => [op, direct(op)])),
  AddV2: direct('Add'),
  Div: formula('Div', divide),
  RealDiv: formula('Div', divide),
  Maximum: direct('Max'),
  Minimum: direct('Min'),
  AddN: add,
  AccumulateNV2: add,
  Pow: formula('Pow; integers multiplied out', pow),
  SquaredDifference: formula('Sub, Mul', squaredDifference),
  FloorDiv: formula('Floor(Div); integers Div, less 1 where the rest has the other sign', floorDiv),
  FloorMod: formula('Mod; floats fmod moved to the sign of the divisor', floorMod),
  TruncateDiv: formula('Div; floats cut toward zero', truncateDiv),
  TruncateMod: truncatedMod,
  Mod: truncatedMod,
  DivNoNan: formula('Where(b = 0, 0, a / b)', (context, a = '', b = '') =>
    unlessZero(context, b, context.onnx.op('Div', [a, b])),
  ),
  MulNoNan: formula('Where(b = 0, 0, a · b)', (context, a = '', b = '') =>
    unlessZero(context, b, context.onnx.op('Mul', [a, b])),
  ),
  Xlogy: formula('Where(x = 0, 0, x · Log(y))', (context, x = '', y = '') =>
    unlessZero(context, x, context.onnx.op('Mul', [x, context.onnx.op('Log', [y])])),
  ),
  Xlog1py: formula('Where(x = 0, 0, x · log(1+y))', (context, x = '', y = '') =>
    unlessZero(context, x, context.onnx.op('Mul', [x, log1p(context, y)])),
  ),
  Xdivy: formula('Where(x = 0, 0, x / y)', (context, x = '', y = '') =>
    unlessZero(context, x, context.onnx.op('Div', [x, y])),
  ),
  Atan2: formula('Atan(y / x) and the quadrant', atan2),
  ClipByValue: formula('Clip, or Min(Max)', clip),
  ApproximateEqual: formula('Less(Abs(Sub), tolerance)', approximatelyEqual),
  BitwiseAnd: direct('BitwiseAnd'),
  BitwiseOr: direct('BitwiseOr'),
  BitwiseXor: direct('BitwiseXor'),
};
