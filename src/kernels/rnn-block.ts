import type { NumericTensor } from '../base/tensor.js';
import { integerOf, realsOf, refuseDType, seal, workArray } from './lanes.js';
import { multiplyInto } from './matmul.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Weights of a cell and how its four gates lie side by side. */
interface LstmCell {
  readonly inputs: number;
  readonly units: number;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  /** Peephole weights of the input, forget and output gate; undefined where they are not used. */
  readonly peepholes: readonly ArrayLike<number>[] | undefined;
  /** Position of each gate: input, new cell, forget, output. */
  readonly order: readonly [number, number, number, number];
  readonly forgetBias: number;
  /** The cell is kept within ± this; 0 or less leaves it. */
  readonly clip: number;
}

/** Rows of one step's results, [batch, units] each, in the order of the op's outputs. */
type LstmStep = readonly [
  i: Float64Array,
  cs: Float64Array,
  f: Float64Array,
  o: Float64Array,
  ci: Float64Array,
  co: Float64Array,
  h: Float64Array,
];

/** [x, h] · weights + bias. */
function project(
  x: ArrayLike<number>,
  xStart: number,
  inputs: number,
  h: ArrayLike<number>,
  units: number,
  batch: number,
  weights: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array {
  const width = bias.length;
  const joined = new Float64Array(batch * (inputs + units));
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < inputs; k++) joined[b * (inputs + units) + k] = x[xStart + b * inputs + k]!;
    for (let k = 0; k < units; k++) joined[b * (inputs + units) + inputs + k] = h[b * units + k]!;
  }
  const out = new Float64Array(batch * width);
  multiplyInto(joined, 0, Float64Array.from(weights), 0, out, 0, batch, inputs + units, width);
  for (let n = 0; n < out.length; n++) out[n]! += bias[n % width]!;
  return out;
}

function stepLstm(
  cell: LstmCell,
  x: ArrayLike<number>,
  xStart: number,
  cPrev: ArrayLike<number>,
  hPrev: ArrayLike<number>,
  batch: number,
): LstmStep {
  const { units, order, peepholes } = cell;
  const gates = project(x, xStart, cell.inputs, hPrev, units, batch, cell.weights, cell.bias);
  const step = Array.from({ length: 7 }, () => new Float64Array(batch * units)) as unknown as LstmStep;
  const [i, cs, f, o, ci, co, h] = step;
  const peep = (gate: 0 | 1 | 2, u: number) => peepholes?.[gate]?.[u] ?? 0;
  for (let n = 0; n < batch * units; n++) {
    const u = n % units;
    const gate = (position: number) => gates[(n - u) * 4 + position * units + u]!;
    const old = cPrev[n]!;
    i[n] = sigmoid(gate(order[0]) + old * peep(0, u));
    ci[n] = Math.tanh(gate(order[1]));
    f[n] = sigmoid(gate(order[2]) + cell.forgetBias + old * peep(1, u));
    const fresh = ci[n]! * i[n]! + old * f[n]!;
    cs[n] = cell.clip > 0 ? Math.min(Math.max(fresh, -cell.clip), cell.clip) : fresh;
    o[n] = sigmoid(gate(order[3]) + cs[n]! * peep(2, u));
    co[n] = Math.tanh(cs[n]!);
    h[n] = co[n]! * o[n]!;
  }
  return step;
}

function readCell(
  context: KernelContext,
  first: number,
  inputs: number,
  units: number,
  isSecond: boolean,
): LstmCell {
  const at = (i: number) => realsOf(context.numeric(first + i));
  return {
    inputs,
    units,
    weights: at(0),
    bias: at(4),
    peepholes: context.attrs.bool('use_peephole', false) ? [at(1), at(2), at(3)] : undefined,
    order: isSecond ? [0, 2, 1, 3] : [0, 1, 2, 3],
    forgetBias: isSecond ? 0 : context.attrs.float('forget_bias', 1),
    clip: context.attrs.float('cell_clip', isSecond ? 0 : 3),
  };
}

function sealAll(
  like: NumericTensor,
  shape: readonly number[],
  results: readonly ArrayLike<number>[],
): HostValue[] {
  return results.map((result) => {
    const out = workArray(like.dtype, result.length);
    out.set(result);
    return seal(like.dtype, shape, out);
  });
}

function lstmCell(context: KernelContext): HostValue[] {
  const [x, cPrev, hPrev] = [context.numeric(0), context.numeric(1), context.numeric(2)];
  if (!isFloat(x.dtype)) throw refuseDType(context, x.dtype);
  const [batch, inputs] = x.shape as [number, number];
  const cell = readCell(context, 3, inputs, cPrev.shape[1]!, false);
  return sealAll(x, cPrev.shape, stepLstm(cell, realsOf(x), 0, realsOf(cPrev), realsOf(hPrev), batch));
}

/** All steps of a sequence [time, batch, inputs]; those from `seq_len_max` on are zero. */
function blockLstm(context: KernelContext, isSecond: boolean): HostValue[] {
  const x = context.numeric(1);
  if (!isFloat(x.dtype)) throw refuseDType(context, x.dtype);
  const [time, batch, inputs] = x.shape as [number, number, number];
  const units = context.numeric(2).shape[1]!;
  const steps = Math.min(integerOf(context, 0), time);
  const cell = readCell(context, 4, inputs, units, isSecond);
  const results = Array.from({ length: 7 }, () => new Float64Array(time * batch * units));
  let [c, h]: ArrayLike<number>[] = [realsOf(context.numeric(2)), realsOf(context.numeric(3))];
  for (let t = 0; t < steps; t++) {
    const step = stepLstm(cell, realsOf(x), t * batch * inputs, c!, h!, batch);
    results.forEach((result, k) => {
      result.set(step[k]!, t * batch * units);
    });
    [c, h] = [step[1], step[6]];
  }
  return sealAll(x, [time, batch, units], results);
}

function gruCell(context: KernelContext): HostValue[] {
  const [x, hPrev] = [context.numeric(0), context.numeric(1)];
  if (!isFloat(x.dtype)) throw refuseDType(context, x.dtype);
  const [batch, inputs] = x.shape as [number, number];
  const units = hPrev.shape[1]!;
  const [input, old] = [realsOf(x), realsOf(hPrev)];
  const at = (i: number) => realsOf(context.numeric(i));
  const gates = project(input, 0, inputs, old, units, batch, at(2), at(4));
  const [r, u, reset] = [0, 1, 2].map(() => new Float64Array(batch * units)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let n = 0; n < r.length; n++) {
    const [row, k] = [Math.floor(n / units), n % units];
    r[n] = sigmoid(gates[row * 2 * units + k]!);
    u[n] = sigmoid(gates[row * 2 * units + units + k]!);
    reset[n] = old[n]! * r[n]!;
  }
  const c = project(input, 0, inputs, reset, units, batch, at(3), at(5)).map(Math.tanh);
  const h = c.map((fresh, n) => (1 - u[n]!) * fresh + u[n]! * old[n]!);
  return sealAll(x, hPrev.shape, [r, u, c, h]);
}

export const rnnBlockKernels: KernelFamily = {
  LSTMBlockCell: lstmCell,
  BlockLSTM: (context) => blockLstm(context, false),
  BlockLSTMV2: (context) => blockLstm(context, true),
  GRUBlockCell: gruCell,
};
