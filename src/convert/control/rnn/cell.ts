import type { Node, Value } from '../../../graph/ir.js';
import { Forms, type Segment, widthOf } from './forms.js';
import { type Matrix, zeros } from './matrix.js';

/** An activation as ONNX names it. */
export interface Activation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** What one gate is computed from: `x · input + h · state + inputBias`, and a bias of the state's own part. */
export interface GateWeights {
  readonly input: Matrix;
  readonly state: Matrix;
  readonly inputBias: Matrix;
  readonly stateBias: Matrix;
}

/** A recurrent cell in the form of the ONNX operators; gates in their order (i o f c; z r h; h). */
export interface Cell {
  readonly kind: 'LSTM' | 'GRU' | 'RNN';
  readonly gates: readonly GateWeights[];
  readonly activations: readonly Activation[];
  /** GRU: the reset gate is applied after the state's matrix. */
  readonly isResetAfter: boolean;
  readonly inputWidth: number;
  readonly width: number;
}

interface Gate {
  readonly activation: Activation;
  readonly weights: GateWeights;
}

const PLAIN: ReadonlySet<string> = new Set(['Sigmoid', 'Tanh', 'Relu', 'Softsign', 'Softplus']);

/** Reads the computation of one turn as a cell; every method gives undefined for what it does not recognise. */
export class CellReader {
  readonly #forms = new Forms();

  constructor(
    private readonly x: Value,
    private readonly h: Value,
  ) {}

  lstm(nextH: Value, c: Value, nextC: Value): Cell | undefined {
    const parts = this.#productOf(nextH);
    const sum = addends(nextC);
    if (parts === undefined || sum === undefined) return undefined;
    for (const [first, second] of swaps(parts)) {
      const output = this.#gate(first);
      const outer = this.#activationOf(second);
      if (output === undefined || outer === undefined || outer.argument !== nextC) continue;
      for (const [kept, added] of swaps(sum)) {
        const forget = this.#gateTimes(kept, c);
        const product = this.#productOf(added);
        if (forget === undefined || product === undefined) continue;
        for (const [left, right] of swaps(product)) {
          const [input, candidate] = [this.#gate(left), this.#gate(right)];
          if (input === undefined || candidate === undefined) continue;
          if (![input, forget].every(({ activation }) => sameActivation(activation, output.activation)))
            continue;
          return this.#cell(
            'LSTM',
            [input, output, forget, candidate],
            [output.activation, candidate.activation, outer.activation],
          );
        }
      }
    }
    return undefined;
  }

  gru(nextH: Value): Cell | undefined {
    const sum = addends(nextH);
    if (sum === undefined) return undefined;
    for (const [kept, added] of swaps(sum)) {
      const update = this.#gateTimes(kept, this.h);
      const product = this.#productOf(added);
      if (update === undefined || product === undefined) continue;
      for (const [rest, candidate] of swaps(product)) {
        if (!isRestOf(rest, this.#factorBeside(kept, this.h))) continue;
        const made = this.#candidate(candidate);
        if (made === undefined || !sameActivation(made.reset.activation, update.activation)) continue;
        const cell = this.#cell(
          'GRU',
          [update, made.reset, made.candidate],
          [update.activation, made.candidate.activation],
        );
        return cell && { ...cell, isResetAfter: made.isResetAfter };
      }
    }
    return undefined;
  }

  simple(nextH: Value): Cell | undefined {
    const gate = this.#gate(nextH);
    return gate && this.#cell('RNN', [gate], [gate.activation]);
  }

  #cell(kind: Cell['kind'], gates: readonly Gate[], activations: readonly Activation[]): Cell | undefined {
    const [width, inputWidth] = [widthOf(this.h), widthOf(this.x)];
    if (width === undefined || inputWidth === undefined) return undefined;
    return {
      kind,
      gates: gates.map(({ weights }) => weights),
      activations,
      isResetAfter: false,
      inputWidth,
      width,
    };
  }

  /** The candidate state of a GRU, with the reset gate inside. */
  #candidate(value: Value): { reset: Gate; candidate: Gate; isResetAfter: boolean } | undefined {
    const found = this.#activationOf(value);
    const sum = found && this.#forms.whole(found.argument);
    if (found === undefined || sum === undefined) return undefined;
    const inner = [...sum.terms.keys()].filter((each) => each !== this.x);
    const [scaled] = inner;
    const product = inner.length === 1 && scaled !== undefined ? this.#productOf(scaled) : undefined;
    const weight = scaled === undefined ? undefined : sum.terms.get(scaled);
    if (product === undefined || weight === undefined) return undefined;
    for (const [left, right] of swaps(product)) {
      const reset = this.#gate(left);
      if (reset === undefined) continue;
      const input = this.#part(sum, this.x);
      const own = { input, inputBias: sum.bias ?? zeros(sum.width) };
      const gate = (state: Matrix, stateBias: Matrix): Gate => ({
        activation: found.activation,
        weights: { ...own, state, stateBias },
      });
      if (right === this.h) return { reset, candidate: gate(weight, zeros(sum.width)), isResetAfter: false };
      const after = this.#forms.whole(right);
      const state = after?.terms.get(this.h);
      if (after === undefined || state === undefined || after.terms.size > 1 || !weight.isIdentity) continue;
      return { reset, candidate: gate(state, after.bias ?? zeros(sum.width)), isResetAfter: true };
    }
    return undefined;
  }

  /** `activation(x · W + h · R + b)` */
  #gate(value: Value): Gate | undefined {
    const found = this.#activationOf(value);
    const sum = found && this.#forms.whole(found.argument);
    if (found === undefined || sum === undefined || sum.width !== widthOf(this.h)) return undefined;
    if ([...sum.terms.keys()].some((each) => each !== this.x && each !== this.h)) return undefined;
    const weights: GateWeights = {
      input: this.#part(sum, this.x),
      state: this.#part(sum, this.h),
      inputBias: sum.bias ?? zeros(sum.width),
      stateBias: zeros(sum.width),
    };
    return { activation: found.activation, weights };
  }

  #part(sum: Segment, of: Value): Matrix {
    return sum.terms.get(of) ?? zeros(sum.width, widthOf(of) ?? 0);
  }

  /** A gate times a given value. */
  #gateTimes(product: Value, factor: Value): Gate | undefined {
    const other = this.#factorBeside(product, factor);
    return other && this.#gate(other);
  }

  #factorBeside(product: Value, factor: Value): Value | undefined {
    const parts = this.#productOf(product);
    if (parts === undefined) return undefined;
    return parts[0] === factor ? parts[1] : parts[1] === factor ? parts[0] : undefined;
  }

  #productOf(value: Value): readonly [Value, Value] | undefined {
    const node = value.producer;
    if (value.constant !== undefined || node?.op !== 'Mul') return undefined;
    const [a, b] = node.inputs as [Value, Value];
    return a.constant === undefined && b.constant === undefined ? [a, b] : undefined;
  }

  #activationOf(value: Value): { activation: Activation; argument: Value } | undefined {
    const node = value.constant === undefined ? value.producer : undefined;
    if (node === undefined) return undefined;
    const [argument, low, high] = node.inputs as [Value, Value?, Value?];
    if (PLAIN.has(node.op)) return { activation: { name: node.op }, argument };
    if (node.op === 'ClipByValue' && scalarOf(low) === 0 && scalarOf(high) === 1)
      return { activation: { name: 'HardSigmoid', alpha: 1, beta: 0 }, argument };
    return clipped(node) ?? this.#scaledRelu6(value);
  }

  /** relu6(x) / 6 is a hard sigmoid. */
  #scaledRelu6(value: Value): { activation: Activation; argument: Value } | undefined {
    const node = value.producer;
    const isScaled = node?.op === 'Mul' || node?.op === 'RealDiv';
    const [a, b] = isScaled ? node.inputs : [];
    const [relu, factor] = b?.constant === undefined ? [b, a] : [a, b];
    const scale = scalarOf(factor);
    if (relu?.producer?.op !== 'Relu6' || scale === undefined) return undefined;
    if (node?.op === 'RealDiv' && factor !== b) return undefined;
    const alpha = node?.op === 'RealDiv' ? 1 / scale : scale;
    if (Math.abs(alpha * 6 - 1) > 1e-6) return undefined;
    return {
      activation: { name: 'HardSigmoid', alpha, beta: 0 },
      argument: relu.producer.inputs[0] as Value,
    };
  }
}

/** A hard sigmoid that is written as the smaller of 1 and the larger of 0 and x, in either order. */
function clipped(node: Node): { activation: Activation; argument: Value } | undefined {
  const bounds: Readonly<Record<string, number>> = { Minimum: 1, Maximum: 0 };
  const outer = bounds[node.op];
  const inside = boundedBy(node, outer);
  const inner = inside?.producer === undefined ? undefined : bounds[inside.producer.op];
  if (inside?.producer === undefined || outer === undefined || inner === undefined || inner === outer)
    return undefined;
  const argument = boundedBy(inside.producer, inner);
  return argument && { activation: { name: 'HardSigmoid', alpha: 1, beta: 0 }, argument };
}

/** The operand beside a constant. */
function boundedBy(node: Node, bound: number | undefined): Value | undefined {
  const [a, b] = node.inputs;
  if (bound === undefined) return undefined;
  return scalarOf(b) === bound ? a : scalarOf(a) === bound ? b : undefined;
}

function swaps<T>([a, b]: readonly [T, T]): readonly (readonly [T, T])[] {
  return [
    [a, b],
    [b, a],
  ];
}

function addends(value: Value): readonly [Value, Value] | undefined {
  const node = value.constant === undefined ? value.producer : undefined;
  if (node === undefined || !/^Add(V2)?$/.test(node.op)) return undefined;
  return [node.inputs[0] as Value, node.inputs[1] as Value];
}

/** `1 - gate` */
function isRestOf(value: Value, gate: Value | undefined): boolean {
  const node = value.producer;
  return node?.op === 'Sub' && scalarOf(node.inputs[0]) === 1 && node.inputs[1] === gate;
}

function scalarOf(value: Value | undefined): number | undefined {
  const tensor = value?.constant?.read();
  return tensor === undefined || tensor.dtype === 'string' || tensor.data.length !== 1
    ? undefined
    : Number(tensor.data[0]);
}

function sameActivation(a: Activation, b: Activation): boolean {
  return a.name === b.name && a.alpha === b.alpha && a.beta === b.beta;
}
