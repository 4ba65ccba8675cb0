import { TfdeployError } from '../base/error.js';
import { bigMax, bigMin } from './lanes.js';
import { addText } from './text/add.js';
import type { KernelFamily } from './types.js';
import { binary, comparison } from './zip.js';

function divisionByZero(): never {
  throw new TfdeployError('TFD_KERNEL_INPUT', 'an integer is divided by zero');
}

const add = binary({
  float: (a, b) => a + b,
  int: (a, b) => a + b,
  big: (a, b) => a + b,
  complex: (aRe, aIm, bRe, bIm, out, at) => {
    out[at] = aRe + bRe;
    out[at + 1] = aIm + bIm;
  },
});

const multiply = binary({
  float: (a, b) => a * b,
  int: Math.imul,
  big: (a, b) => a * b,
  complex: (aRe, aIm, bRe, bIm, out, at) => {
    out[at] = aRe * bRe - aIm * bIm;
    out[at + 1] = aRe * bIm + aIm * bRe;
  },
});

const intDivide = (a: number, b: number) => (b === 0 ? divisionByZero() : Math.trunc(a / b));
const bigDivide = (a: bigint, b: bigint) => (b === 0n ? divisionByZero() : a / b);
const complexDivide = (
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
  out: { [i: number]: number },
  at: number,
) => {
  const norm = bRe * bRe + bIm * bIm;
  out[at] = (aRe * bRe + aIm * bIm) / norm;
  out[at + 1] = (aIm * bRe - aRe * bIm) / norm;
};

const divide = binary({ float: (a, b) => a / b, int: intDivide, big: bigDivide, complex: complexDivide });

/** Rounds towards minus infinity. */
const floorDivide = binary({
  float: (a, b) => Math.floor(a / b),
  int: (a, b) => (b === 0 ? divisionByZero() : Math.floor(a / b)),
  big: (a, b) => {
    if (b === 0n) divisionByZero();
    const quotient = a / b;
    return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
  },
});

/** The rest with the sign of the divisor. */
const floorMod = binary({
  float: (a, b) => {
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  },
  int: (a, b) => {
    if (b === 0) divisionByZero();
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  },
  big: (a, b) => {
    if (b === 0n) divisionByZero();
    const rest = a % b;
    return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
  },
});

const truncateMod = binary({
  float: (a, b) => a % b,
  int: (a, b) => (b === 0 ? divisionByZero() : a % b),
  big: (a, b) => (b === 0n ? divisionByZero() : a % b),
});

/** C's pow, which differs from JavaScript's where the base is 1 or −1. */
function power(a: number, b: number): number {
  if (a === 1 || b === 0) return 1;
  if (a === -1 && (b === Number.POSITIVE_INFINITY || b === Number.NEGATIVE_INFINITY)) return 1;
  return a ** b;
}

function negativePower(): never {
  throw new TfdeployError('TFD_KERNEL_INPUT', 'an integer is raised to a negative power');
}

const pow = binary({
  float: power,
  int: (a, b) => {
    if (b < 0) negativePower();
    let [result, base, left] = [1, a, b];
    for (; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) result = Math.imul(result, base);
      base = Math.imul(base, base);
    }
    return result;
  },
  big: (a, b) => {
    if (b < 0n) negativePower();
    let [result, base, left] = [1n, a, b];
    for (; left > 0n; left >>= 1n) {
      if (left & 1n) result = BigInt.asIntN(64, result * base);
      base = BigInt.asIntN(64, base * base);
    }
    return result;
  },
  complex: (aRe, aIm, bRe, bIm, out, at) => {
    const [logR, angle] = [Math.log(Math.hypot(aRe, aIm)), Math.atan2(aIm, aRe)];
    const radius = Math.exp(bRe * logR - bIm * angle);
    const turn = bRe * angle + bIm * logR;
    out[at] = radius * Math.cos(turn);
    out[at + 1] = radius * Math.sin(turn);
  },
});

const squaredDifference = binary({
  float: (a, b) => (a - b) * (a - b),
  int: (a, b) => Math.imul(a - b, a - b),
  big: (a, b) => (a - b) * (a - b),
});

/** The next representable number towards `b`. */
function nextAfter(bytes: 4 | 8) {
  const view = new DataView(new ArrayBuffer(8));
  return (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
    if (a === b) return b;
    if (a === 0) return (b > 0 ? 1 : -1) * (bytes === 4 ? 2 ** -149 : Number.MIN_VALUE);
    const isUp = a < b === a > 0;
    if (bytes === 4) {
      view.setFloat32(0, a);
      view.setUint32(0, view.getUint32(0) + (isUp ? 1 : -1));
      return view.getFloat32(0);
    }
    view.setFloat64(0, a);
    view.setBigUint64(0, view.getBigUint64(0) + (isUp ? 1n : -1n));
    return view.getFloat64(0);
  };
}

const [nextSingle, nextDouble] = [binary({ float: nextAfter(4) }), binary({ float: nextAfter(8) })];

function shiftLeft(a: number, b: number): number {
  return b >= 32 ? 0 : b < 0 ? a : a << b;
}

const sameBytes = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export const binaryKernels: KernelFamily = {
  Add: (context) => (context.tensor(0).dtype === 'string' ? addText(context) : add(context)),
  AddV2: add,
  Sub: binary({
    float: (a, b) => a - b,
    int: (a, b) => a - b,
    big: (a, b) => a - b,
    complex: (aRe, aIm, bRe, bIm, out, at) => {
      out[at] = aRe - bRe;
      out[at + 1] = aIm - bIm;
    },
  }),
  Mul: multiply,
  Div: divide,
  RealDiv: divide,
  DivNoNan: binary({
    float: (a, b) => (b === 0 ? 0 : a / b),
    complex: (aRe, aIm, bRe, bIm, out, at) => {
      if (bRe === 0 && bIm === 0) {
        out[at] = 0;
        out[at + 1] = 0;
      } else complexDivide(aRe, aIm, bRe, bIm, out, at);
    },
  }),
  MulNoNan: binary({ float: (a, b) => (b === 0 ? 0 : a * b) }),
  FloorDiv: floorDivide,
  FloorMod: floorMod,
  TruncateDiv: binary({ float: (a, b) => Math.trunc(a / b), int: intDivide, big: bigDivide }),
  TruncateMod: truncateMod,
  Mod: truncateMod,
  Pow: pow,
  Maximum: binary({ float: Math.max, int: Math.max, big: bigMax }),
  Minimum: binary({ float: Math.min, int: Math.min, big: bigMin }),
  SquaredDifference: squaredDifference,
  Atan2: binary({ float: Math.atan2 }),
  Xdivy: binary({ float: (a, b) => (a === 0 ? 0 : a / b) }),
  Xlogy: binary({ float: (a, b) => (a === 0 ? 0 : a * Math.log(b)) }),
  Xlog1py: binary({ float: (a, b) => (a === 0 ? 0 : a * Math.log1p(b)) }),
  NextAfter: (context) => (context.numeric(0).dtype === 'float64' ? nextDouble : nextSingle)(context),
  BitwiseAnd: binary({ int: (a, b) => a & b, big: (a, b) => a & b }),
  BitwiseOr: binary({ int: (a, b) => a | b, big: (a, b) => a | b }),
  BitwiseXor: binary({ int: (a, b) => a ^ b, big: (a, b) => a ^ b }),
  LeftShift: binary({ int: shiftLeft, big: (a, b) => (b >= 64n ? 0n : a << b) }),
  RightShift: binary({
    int: (a, b) => (b >= 32 ? (a < 0 ? -1 : 0) : a > 0x7fffffff ? a >>> b : a >> b),
    big: (a, b) => a >> b,
  }),
  Greater: comparison({ real: (a, b) => a > b, big: (a, b) => a > b }),
  GreaterEqual: comparison({ real: (a, b) => a >= b, big: (a, b) => a >= b }),
  Less: comparison({ real: (a, b) => a < b, big: (a, b) => a < b }),
  LessEqual: comparison({ real: (a, b) => a <= b, big: (a, b) => a <= b }),
  Equal: comparison(
    {
      real: (a, b) => a === b,
      big: (a, b) => a === b,
      bytes: sameBytes,
      complex: (aRe, aIm, bRe, bIm) => aRe === bRe && aIm === bIm,
    },
    false,
  ),
  NotEqual: comparison(
    {
      real: (a, b) => a !== b,
      big: (a, b) => a !== b,
      bytes: (a, b) => !sameBytes(a, b),
      complex: (aRe, aIm, bRe, bIm) => aRe !== bRe || aIm !== bIm,
    },
    true,
  ),
  LogicalAnd: binary({ int: (a, b) => a & b }),
  LogicalOr: binary({ int: (a, b) => a | b }),
};
