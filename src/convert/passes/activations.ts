import type { Graph, Node, Value } from '../../graph/ir.js';
import { forEachRegion } from '../layout/graph-reading.js';
import {
  constNumber,
  factorsOf,
  isNear,
  isPowerOf,
  madeBy,
  type Product,
  plusNumber,
  scaledCore,
  termsOf,
} from './product.js';

const ROOT_HALF = Math.SQRT1_2;
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

type Gate = (value: Value) => Value | undefined;

/** x of 1 + erf(x/√2), or of erfc(−x/√2). */
const erfGate: Gate = (gate) => {
  const erfc = madeBy(gate, 'Erfc')?.inputs[0];
  const erf = erfc ?? madeBy(plusNumber(gate, 1), 'Erf')?.inputs[0];
  if (erf === undefined) return undefined;
  const { scale, core } = scaledCore(erf);
  return isNear(scale, erfc === undefined ? ROOT_HALF : -ROOT_HALF) ? core : undefined;
};

/** x of 1 + tanh(√(2/π)·(x + 0.044715·x³)), the cubic written out or with x in front of it. */
const tanhGate: Gate = (gate) => {
  const inner = madeBy(plusNumber(gate, 1), 'Tanh')?.inputs[0];
  if (inner === undefined) return undefined;
  const { scale, core } = scaledCore(inner);
  const terms = termsOf(core);
  if (terms !== undefined) {
    if (!isNear(scale, TANH_SCALE)) return undefined;
    return terms.find((x, at) => isPowerOf(factorsOf(terms[1 - at] as Value, new Set([x])), x, 3, CUBIC));
  }
  for (const x of madeBy(core, 'Mul')?.inputs ?? []) {
    const product = factorsOf(inner, new Set([x]));
    const other = product.factors.find((factor) => factor !== x);
    const square = plusNumber(other, 1);
    const isPair = product.factors.length === 2 && isNear(product.scale, TANH_SCALE);
    if (isPair && square !== undefined && isPowerOf(factorsOf(square, new Set([x])), x, 2, CUBIC)) return x;
  }
  return undefined;
};

/** x of relu6(x + 3). */
const hardGate: Gate = (gate) => plusNumber(madeBy(gate, 'Relu6')?.inputs[0], 3);

/** x times a gate of x and a number: which op it is. */
const GATED: readonly { readonly op: string; readonly scale: number; readonly gate: Gate }[] = [
  { op: '_Gelu', scale: 0.5, gate: erfGate },
  { op: '_GeluTanh', scale: 0.5, gate: tanhGate },
  { op: '_HardSwish', scale: 1 / 6, gate: hardGate },
];

function matchGated(output: Value): { op: string; x: Value } | undefined {
  for (const gate of multipliedIn(output)) {
    for (const { op, scale, gate: inputOf } of GATED) {
      const x = inputOf(gate);
      if (x === undefined) continue;
      const product = factorsOf(output, new Set([x, gate]));
      const isBoth = product.factors.includes(x) && product.factors.includes(gate);
      if (product.factors.length === 2 && isBoth && isNear(product.scale, scale)) return { op, x };
    }
  }
  return undefined;
}

/** Values that are multiplied together, at any depth of a short chain. */
function multipliedIn(value: Value, depth = 0): Value[] {
  const node = value.producer;
  if (depth > 3 || (node?.op !== 'Mul' && node?.op !== 'RealDiv')) return [value];
  return node.inputs.flatMap((input) => multipliedIn(input, depth + 1));
}

/** relu6(x + 3) / 6 alone. */
function matchHardSigmoid({ scale, factors }: Product): Value | undefined {
  const [gate] = factors;
  if (factors.length !== 1 || !isNear(scale, 1 / 6)) return undefined;
  return plusNumber(madeBy(gate, 'Relu6')?.inputs[0], 3);
}

const TYPES = new Set(['float32', 'float16']);

function rewrite(node: Node): void {
  const [output] = node.outputs;
  const isProduct = node.op === 'Mul' || node.op === 'RealDiv';
  if (!isProduct || output === undefined || !TYPES.has(output.dtype)) return;
  if (node.op === 'RealDiv' && constNumber(node.inputs[1]) === undefined) return;
  const gated = matchGated(output);
  if (gated !== undefined) become(node, gated.op, gated.x);
  const hard = gated === undefined ? matchHardSigmoid(factorsOf(output)) : undefined;
  if (hard !== undefined) become(node, '_HardSigmoid', hard);
}

function become(node: Node, op: string, x: Value): void {
  node.op = op;
  node.inputs = [x];
  node.attrs = new Map();
}

/** GELU, hard swish and hard sigmoid written out become one node each. */
export function fuseActivations(graph: Graph): void {
  // From the end, so that a whole product is met before its parts.
  forEachRegion(graph, ({ nodes }) => {
    for (const node of [...nodes].reverse()) rewrite(node);
  });
}
