/** One operand's letters, with `...` written out as letters of its own. */
export interface EinsumTerms {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** How a product of two operands is one batched matrix product. Letters in the order they are brought into. */
export interface EinsumProduct {
  /** In both operands and the result. */
  readonly batch: readonly string[];
  /** In both operands only: summed over. */
  readonly inner: readonly string[];
  /** In the left operand and the result. */
  readonly left: readonly string[];
  /** In the right operand and the result. */
  readonly right: readonly string[];
}

/**
 * The letters of an equation for operands of these ranks. `...` stands for as many axes as an operand has left,
 * aligned at the last one. undefined where the equation is not of the plain form (letters repeated in a term,
 * no arrow, an ellipsis that is summed over).
 */
export function parseEinsum(equation: string, ranks: readonly number[]): EinsumTerms | undefined {
  const [left, right, ...rest] = equation.replaceAll(' ', '').split('->');
  if (left === undefined || right === undefined || rest.length > 0) return undefined;
  const terms = left.split(',');
  if (terms.length !== ranks.length) return undefined;
  const hidden = terms.map((term, index) => (ranks[index] ?? 0) - term.replace('...', '').length);
  if (
    terms.some((term, index) => (hidden[index] ?? 0) < 0 || (!term.includes('...') && hidden[index] !== 0))
  ) {
    return undefined;
  }
  const widest = Math.max(...hidden);
  if (widest > 0 && !right.includes('...')) return undefined;
  const spread = (term: string, count: number): string[] => {
    const dots = Array.from({ length: count }, (_, index) => `.${widest - count + index}`);
    const [before = '', after] = term.split('...');
    return after === undefined ? [...before] : [...before, ...dots, ...after];
  };
  const inputs = terms.map((term, index) => spread(term, hidden[index] ?? 0));
  const output = spread(right, widest);
  const isPlain = [...inputs, output].every((term) => new Set(term).size === term.length);
  const isMade = output.every((letter) => inputs.some((term) => term.includes(letter)));
  return isPlain && isMade ? { inputs, output } : undefined;
}

/** The letters of two operands by what becomes of them; letters of one operand that are summed are gone before. */
export function planProduct(
  a: readonly string[],
  b: readonly string[],
  output: readonly string[],
): EinsumProduct {
  const shared = a.filter((letter) => b.includes(letter));
  return {
    batch: output.filter((letter) => shared.includes(letter)),
    inner: shared.filter((letter) => !output.includes(letter)),
    left: output.filter((letter) => a.includes(letter) && !b.includes(letter)),
    right: output.filter((letter) => b.includes(letter) && !a.includes(letter)),
  };
}
