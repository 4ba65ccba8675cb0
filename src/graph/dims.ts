import type { Dim, Shape } from '../base/shape.js';

/**
 * Sums of products of named sizes, written canonically so that equal expressions are equal strings:
 * `x_0`, `(x_0*4)`, `(x_0+3)`, `div(x_0+1,2)` (rounded down), `size(x_0+-1)` (the same, but never negative). A name that begins with `~` may be negative or anything;
 * all other names are sizes of dimensions, so at least 0.
 */
type Terms = Map<string, number>;

const ONE = '';
const MAX_TEXT = 240;
const CACHE_LIMIT = 4096;
const cache = new Map<string, Terms>();

/** The position just after the balanced parenthesis that opens at `start`. */
function skipParenthesis(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}

function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') i = skipParenthesis(text, i) - 1;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

function parseTerm(text: string): [string, number] {
  let factor = 1;
  const names: string[] = [];
  for (const part of splitTop(text, '*')) {
    if (/^-?\d+$/.test(part)) factor *= Number(part);
    else names.push(part);
  }
  return [names.sort().join('*'), factor];
}

function termsOf(dim: Dim): Terms {
  if (typeof dim === 'number') return new Map(dim === 0 ? [] : [[ONE, dim]]);
  const known = cache.get(dim);
  if (known !== undefined) return known;
  const inner = dim.startsWith('(') && skipParenthesis(dim, 0) === dim.length ? dim.slice(1, -1) : dim;
  const terms: Terms = new Map();
  for (const part of splitTop(inner, '+')) addTerm(terms, ...parseTerm(part));
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(dim, terms);
  return terms;
}

function addTerm(terms: Terms, key: string, factor: number): void {
  const sum = (terms.get(key) ?? 0) + factor;
  if (sum === 0) terms.delete(key);
  else terms.set(key, sum);
}

/** undefined when the expression is too long or its numbers too large to be exact. */
function format(terms: Terms): Dim | undefined {
  if (terms.size === 0) return 0;
  const parts: string[] = [];
  for (const key of [...terms.keys()].filter((k) => k !== ONE).sort()) {
    const factor = terms.get(key)!;
    if (!Number.isSafeInteger(factor)) return undefined;
    parts.push(factor === 1 ? key : `${key}*${factor}`);
  }
  const constant = terms.get(ONE) ?? 0;
  if (!Number.isSafeInteger(constant)) return undefined;
  if (parts.length === 0) return constant;
  if (constant !== 0) parts.push(String(constant));
  const text = parts.join('+');
  if (text.length > MAX_TEXT) return undefined;
  return parts.length === 1 && !text.includes('*') ? text : `(${text})`;
}

export function addDims(a: Dim, b: Dim): Dim | undefined {
  const terms = new Map(termsOf(a));
  for (const [key, factor] of termsOf(b)) addTerm(terms, key, factor);
  return format(terms);
}

export function negateDim(a: Dim): Dim | undefined {
  return multiplyDims(a, -1);
}

export function subtractDims(a: Dim, b: Dim): Dim | undefined {
  const minus = negateDim(b);
  return minus === undefined ? undefined : addDims(a, minus);
}

export function multiplyDims(a: Dim, b: Dim): Dim | undefined {
  const terms: Terms = new Map();
  const right = termsOf(b);
  for (const [keyA, factorA] of termsOf(a)) {
    for (const [keyB, factorB] of right) {
      const names = [
        ...(keyA === ONE ? [] : splitTop(keyA, '*')),
        ...(keyB === ONE ? [] : splitTop(keyB, '*')),
      ];
      addTerm(terms, names.sort().join('*'), factorA * factorB);
    }
  }
  return format(terms);
}

export function productOfDims(dims: readonly Dim[]): Dim | undefined {
  let product: Dim | undefined = 1;
  for (const dim of dims) {
    if (product === undefined) return undefined;
    product = multiplyDims(product, dim);
  }
  return product;
}

/** a / b where it divides without rest for every size; undefined where that is not certain. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (b === 0) return undefined;
  if (a === b) return 1;
  const divisor = termsOf(b);
  if (divisor.size !== 1) return divideByMultiple(a, b);
  const [divisorKey, divisorFactor] = [...divisor][0]!;
  const terms: Terms = new Map();
  for (const [key, factor] of termsOf(a)) {
    if (factor % divisorFactor !== 0) return undefined;
    const names = key === ONE ? [] : splitTop(key, '*');
    for (const name of divisorKey === ONE ? [] : splitTop(divisorKey, '*')) {
      const at = names.indexOf(name);
      if (at < 0) return undefined;
      names.splice(at, 1);
    }
    addTerm(terms, names.join('*'), factor / divisorFactor);
  }
  return format(terms);
}

/** (n*(x+3)) / (x+3) = n, found by trying the quotient of the first terms. */
function divideByMultiple(a: Dim, b: Dim): Dim | undefined {
  const [keyA, factorA] = [...termsOf(a)][0] ?? [ONE, 0];
  for (const [keyB, factorB] of termsOf(b)) {
    const top = format(new Map([[keyA, factorA]]));
    const bottom = format(new Map([[keyB, factorB]]));
    const quotient = top === undefined || bottom === undefined ? undefined : divideExactly(top, bottom);
    if (quotient !== undefined && multiplyDims(quotient, b) === a) return quotient;
  }
  return undefined;
}

/** floor(a / b) for a positive number b. */
export function floorDivideDim(a: Dim, b: number): Dim | undefined {
  if (b <= 0) return undefined;
  if (typeof a === 'number') return Math.floor(a / b);
  if (b === 1) return a;
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  const inner = a.startsWith('(') ? a.slice(1, -1) : a;
  const text = `${canBeNegative(a) ? '~' : ''}div(${inner},${b})`;
  return text.length > MAX_TEXT ? undefined : text;
}

/** ceil(a / b) for a positive number b. */
export function ceilDivideDim(a: Dim, b: number): Dim | undefined {
  if (typeof a === 'number') return Math.ceil(a / b);
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  const sum = addDims(a, b - 1);
  return sum === undefined ? undefined : floorDivideDim(sum, b);
}

/** Whether some sizes could make the expression negative; `x_0-1` can, `(x_0*4+3)` can not. */
export function canBeNegative(dim: Dim): boolean {
  for (const [key, factor] of termsOf(dim)) {
    if (factor < 0 || splitTop(key, '*').some((name) => name.startsWith('~'))) return true;
  }
  return false;
}

/** The expression as the size of a dimension that exists, so that it is known to be at least 0. */
export function asSize(dim: Dim): Dim {
  if (typeof dim === 'number' || !canBeNegative(dim)) return dim;
  return `size(${dim.startsWith('(') ? dim.slice(1, -1) : dim})`;
}

/** A dimension known to be at least 1 for all sizes. */
export function isPositive(dim: Dim): boolean {
  return !canBeNegative(dim) && (termsOf(dim).get(ONE) ?? 0) > 0;
}

/** Rewrites a name so that it can stand in an expression. */
export function sanitizeDimName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(clean) ? clean : `d${clean}`;
}

/** The dimensions two shapes agree on; `fresh()` where they differ. null when the ranks differ. */
export function joinShapes(a: Shape, b: Shape, fresh: () => Dim): Shape {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.map((dim, i) => (dim === b[i] ? dim : fresh()));
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
