import type { Dim } from '../../src/base/shape.js';

/** Arguments of `name(a,b)`, split where no parenthesis is open. */
function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/** The number that a symbolic dimension stands for; undefined while one of its names has no value. */
export function valueOfDim(dim: Dim, sizes: ReadonlyMap<string, number>): number | undefined {
  if (typeof dim === 'number') return dim;
  if (/^-?\d+$/.test(dim)) return Number(dim);
  if (sizes.has(dim)) return sizes.get(dim);
  const sum = splitOutside(dim, '+');
  if (sum.length > 1) return combine(sum, sizes, (a, b) => a + b);
  const product = splitOutside(dim, '*');
  if (product.length > 1) return combine(product, sizes, (a, b) => a * b);
  const call = /^~?(\w*)\((.*)\)$/.exec(dim);
  if (call === null) return undefined;
  const args = splitOutside(call[2]!, ',').map((part) => valueOfDim(part, sizes));
  if (args.some((arg) => arg === undefined)) return undefined;
  const [a, b] = args as number[];
  switch (call[1]) {
    case '':
      return a;
    case 'div':
      return Math.floor(a! / b!);
    case 'size':
      return Math.max(0, a!);
    case 'min':
      return Math.min(a!, b!);
    case 'broadcast':
      return a === 1 ? b : a;
    default:
      throw new Error(`${dim}: ${call[1]} is not known`);
  }
}

function combine(
  parts: readonly string[],
  sizes: ReadonlyMap<string, number>,
  act: (a: number, b: number) => number,
): number | undefined {
  const values = parts.map((part) => valueOfDim(part, sizes));
  return values.every((value) => value !== undefined) ? (values as number[]).reduce(act) : undefined;
}

/** Whether real sizes fit symbolic ones. Names without a value take the first size they meet. */
export function fitsShape(
  shape: readonly Dim[],
  real: readonly number[],
  sizes: Map<string, number>,
): boolean {
  if (shape.length !== real.length) return false;
  return shape.every((dim, i) => {
    const value = valueOfDim(dim, sizes);
    if (value !== undefined) return value === real[i];
    if (typeof dim === 'string' && /^~?\w+$/.test(dim)) sizes.set(dim, real[i]!);
    return true;
  });
}
