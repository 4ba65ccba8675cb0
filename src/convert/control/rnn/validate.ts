import { isTfdeployError } from '../../../base/error.js';
import { type NumericTensor, numericTensor } from '../../../base/tensor.js';
import type { Body, Node, Value } from '../../../graph/ir.js';
import { runKernel } from '../../../kernels/registry.js';
import type { HostValue } from '../../../kernels/types.js';
import type { Activation, Cell, GateWeights } from './cell.js';

/** Names of the values of one turn of the loop. */
export interface Turn {
  readonly x: Value;
  readonly h: Value;
  readonly nextH: Value;
  readonly c: Value | undefined;
  readonly nextC: Value | undefined;
}

const ROWS = 3;
/** Small, usual and saturating inputs. */
const SCALES = [0.3, 1, 4, 30] as const;
const TOLERANCE = 2e-4;

/**
 * Whether the loop's body and the cell that was read from it compute the same: both are run on random numbers,
 * the body by the reference kernels. What the kernels refuse is not the same.
 */
export function isSameCell(body: Body, turn: Turn, cell: Cell): boolean {
  const next = randomSource(12345);
  try {
    return SCALES.every((scale) => {
      const x = randomTensor(next, cell.inputWidth, scale);
      const h = randomTensor(next, cell.width, Math.min(scale, 1));
      const c = randomTensor(next, cell.width, scale);
      const given = new Map<Value, HostValue>([
        [turn.x, x],
        [turn.h, h],
      ]);
      if (turn.c !== undefined) given.set(turn.c, c);
      const wanted = turn.nextC === undefined ? [turn.nextH] : [turn.nextH, turn.nextC];
      const answers = evaluateBody(body, given, wanted);
      const own = runCell(cell, x.data as Float32Array, h.data as Float32Array, c.data as Float32Array);
      return answers.every((answer, i) => isClose(answer as NumericTensor, own[i] as Float64Array));
    });
  } catch (error) {
    if (isTfdeployError(error) && error.code !== 'TFD_BUG') return false;
    throw error;
  }
}

/** A small generator with a fixed start: a conversion gives the same answer each time. */
function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function randomTensor(next: () => number, width: number, scale: number): NumericTensor {
  return numericTensor(
    'float32',
    [ROWS, width],
    Array.from({ length: ROWS * width }, () => next() * scale),
  );
}

function isClose(answer: NumericTensor, own: Float64Array): boolean {
  if (answer.data.length !== own.length) return false;
  return own.every(
    (value, i) => Math.abs(Number(answer.data[i]) - value) <= TOLERANCE * (1 + Math.abs(value)),
  );
}

/** Runs the nodes of a body that the wanted values need. */
function evaluateBody(
  body: Body,
  given: ReadonlyMap<Value, HostValue>,
  wanted: readonly Value[],
): HostValue[] {
  const values = new Map(given);
  const read = (value: Value): HostValue | undefined => values.get(value) ?? value.constant?.read();
  for (const node of neededNodes(body, given, wanted)) {
    const inputs = node.inputs.map(read);
    if (inputs.some((input) => input === undefined) || node.bodies.size > 0) return [];
    const outputs = runKernel(node, inputs as HostValue[]);
    node.outputs.forEach((output, i) => {
      values.set(output, outputs[i] as HostValue);
    });
  }
  return wanted.flatMap((value) => read(value) ?? []);
}

function neededNodes(body: Body, given: ReadonlyMap<Value, HostValue>, wanted: readonly Value[]): Node[] {
  const needed = new Set(wanted.filter((value) => !given.has(value)));
  const kept: Node[] = [];
  for (const node of [...body.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) if (!given.has(input)) needed.add(input);
    kept.push(node);
  }
  return kept.reverse();
}

const FUNCTIONS: Readonly<Record<string, (x: number, alpha: number, beta: number) => number>> = {
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Relu: (x) => Math.max(x, 0),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  HardSigmoid: (x, alpha, beta) => Math.min(1, Math.max(0, alpha * x + beta)),
};

function apply({ name, alpha = 0, beta = 0 }: Activation, x: number): number {
  return (FUNCTIONS[name] ?? (() => Number.NaN))(x, alpha, beta);
}

/** The equations of the ONNX operators LSTM, GRU and RNN, for one turn. */
function runCell(cell: Cell, x: Float32Array, h: Float32Array, c: Float32Array): readonly Float64Array[] {
  const { kind, gates, activations, width } = cell;
  const made = [new Float64Array(ROWS * width), new Float64Array(ROWS * width)] as const;
  for (let row = 0; row < ROWS; row++) {
    const [ownX, ownH] = [
      x.subarray(row * cell.inputWidth, (row + 1) * cell.inputWidth),
      h.subarray(row * width, (row + 1) * width),
    ];
    const before = (gate: number): Float64Array => affine(gates[gate] as GateWeights, ownX, ownH, 1);
    const [f, g = f, outer = g] = activations as [Activation, Activation?, Activation?];
    const at = row * width;
    if (kind === 'RNN')
      made[0].set(
        before(0).map((value) => apply(f, value)),
        at,
      );
    if (kind === 'LSTM') {
      const [i, o, forget, candidate] = [0, 1, 2, 3].map(before) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let k = 0; k < width; k++) {
        const state = apply(f, forget[k]!) * c[at + k]! + apply(f, i[k]!) * apply(g, candidate[k]!);
        made[1][at + k] = state;
        made[0][at + k] = apply(f, o[k]!) * apply(outer, state);
      }
    }
    if (kind === 'GRU') {
      const update = before(0).map((value) => apply(f, value));
      const reset = before(1).map((value) => apply(f, value));
      const candidate = candidateOf(cell, ownX, ownH, reset);
      for (let k = 0; k < width; k++)
        made[0][at + k] = (1 - update[k]!) * apply(g, candidate[k]!) + update[k]! * ownH[k]!;
    }
  }
  return made;
}

function candidateOf(cell: Cell, x: Float32Array, h: Float32Array, reset: Float64Array): Float64Array {
  const gate = cell.gates[2] as GateWeights;
  if (!cell.isResetAfter) {
    return affine(
      gate,
      x,
      h.map((value, i) => value * reset[i]!),
      1,
    );
  }
  const input = affine(gate, x, h, 0);
  const state = affine({ ...gate, inputBias: gate.stateBias }, [], h, 1);
  return input.map((value, k) => value + reset[k]! * state[k]!);
}

/** `x · input + inputBias`, plus `h · state + stateBias` where `withState` is 1. */
function affine(
  gate: GateWeights,
  x: ArrayLike<number>,
  h: ArrayLike<number>,
  withState: 0 | 1,
): Float64Array {
  const width = gate.input.cols;
  const made = Float64Array.from(gate.inputBias.read());
  accumulate(made, x, gate.input.read(), width);
  if (withState === 1) accumulate(made, h, gate.state.read(), width);
  return made;
}

function accumulate(
  into: Float64Array,
  vector: ArrayLike<number>,
  matrix: Float32Array,
  width: number,
): void {
  for (let row = 0; row < vector.length; row++) {
    const factor = vector[row]!;
    for (let k = 0; k < width; k++) into[k]! += factor * matrix[row * width + k]!;
  }
}
