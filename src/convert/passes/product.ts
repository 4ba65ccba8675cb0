import { isFloatDType } from '../../base/dtype.js';
import type { Node, Value } from '../../graph/ir.js';

const MAX_DEPTH = 6;

/** A product taken apart: one number and the other factors, whatever the order of multiplication was. */
export interface Product {
  readonly scale: number;
  readonly factors: readonly Value[];
}

/** The node that makes a value, if it is of this op. */
export function madeBy(value: Value | undefined, op: string): Node | undefined {
  return value?.producer?.op === op ? value.producer : undefined;
}

/** The one number of a floating-point constant of one element. */
export function constNumber(value: Value | undefined): number | undefined {
  const constant = value?.constant;
  if (constant === undefined || !isFloatDType(constant.dtype)) return undefined;
  if (constant.dtype === 'float16' || constant.dtype === 'bfloat16') return undefined;
  if (constant.shape.some((dim) => dim !== 1)) return undefined;
  const tensor = constant.read();
  return tensor.dtype === 'string' ? undefined : Number(tensor.data[0]);
}

/** Equal as far as float32 tells. */
export function isNear(a: number | undefined, b: number): boolean {
  return a !== undefined && Math.abs(a - b) <= 2e-6 * Math.max(1, Math.abs(b));
}

const NO_ATOMS: ReadonlySet<Value> = new Set();

/** Mul, Neg, Square and division by a number, taken apart down to `atoms`. */
export function factorsOf(value: Value, atoms: ReadonlySet<Value> = NO_ATOMS, depth = 0): Product {
  const number = constNumber(value);
  if (number !== undefined) return { scale: number, factors: [] };
  const { producer } = value;
  const [a, b] = producer?.inputs ?? [];
  const whole = { scale: 1, factors: [value] };
  if (producer === undefined || a === undefined || atoms.has(value) || depth > MAX_DEPTH) return whole;
  const take = (part: Value) => factorsOf(part, atoms, depth + 1);
  switch (producer.op) {
    case 'Neg':
      return multiply(take(a), { scale: -1, factors: [] });
    case 'Square':
      return multiply(take(a), take(a));
    case 'Mul':
      return b === undefined ? whole : multiply(take(a), take(b));
    case 'RealDiv': {
      const divisor = constNumber(b);
      return divisor === undefined || divisor === 0
        ? whole
        : multiply(take(a), { scale: 1 / divisor, factors: [] });
    }
    case 'Pow': {
      const exponent = constNumber(b);
      if (exponent === 2) return multiply(take(a), take(a));
      return exponent === 3 ? multiply(take(a), multiply(take(a), take(a))) : whole;
    }
    default:
      return whole;
  }
}

/** A value as a number times one other value, which is not taken apart any more. */
export function scaledCore(value: Value): { scale: number; core: Value } {
  let [scale, core] = [1, value];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const { producer } = core;
    const [a, b] = producer?.inputs ?? [];
    const [left, right] = [constNumber(a), constNumber(b)];
    if (producer?.op === 'Neg' && a !== undefined) [scale, core] = [-scale, a];
    else if (producer?.op === 'Mul' && left !== undefined && b !== undefined)
      [scale, core] = [scale * left, b];
    else if (producer?.op === 'Mul' && right !== undefined && a !== undefined)
      [scale, core] = [scale * right, a];
    else if (producer?.op === 'RealDiv' && right !== undefined && right !== 0 && a !== undefined) {
      [scale, core] = [scale / right, a];
    } else break;
  }
  return { scale, core };
}

function multiply(a: Product, b: Product): Product {
  return { scale: a.scale * b.scale, factors: [...a.factors, ...b.factors] };
}

/** The two terms of an addition. */
export function termsOf(value: Value | undefined): readonly [Value, Value] | undefined {
  const sum = madeBy(value, 'AddV2') ?? madeBy(value, 'Add');
  const [a, b] = sum?.inputs ?? [];
  return a !== undefined && b !== undefined ? [a, b] : undefined;
}

/** `x` where the value is x plus this number. */
export function plusNumber(value: Value | undefined, number: number): Value | undefined {
  const terms = termsOf(value);
  if (terms === undefined) return undefined;
  const [a, b] = terms;
  if (isNear(constNumber(a), number)) return b;
  return isNear(constNumber(b), number) ? a : undefined;
}

/** Whether a product is `scale · x` to the power `count`. */
export function isPowerOf({ scale, factors }: Product, x: Value, count: number, wanted: number): boolean {
  return factors.length === count && factors.every((factor) => factor === x) && isNear(scale, wanted);
}
