import type { ConvertContext, OpFamily, Ref } from '../types.js';

/** `sigmoid(a + weights · cell)`; the second part only with peepholes. */
function gate(
  c: ConvertContext,
  a: Ref,
  peephole: { readonly weights: Ref; readonly cell: Ref } | undefined,
): Ref {
  const { onnx } = c;
  if (peephole === undefined) return onnx.op('Sigmoid', [a]);
  return onnx.op('Sigmoid', [onnx.op('Add', [a, onnx.op('Mul', [peephole.cell, peephole.weights])])]);
}

function joined(c: ConvertContext, a: Ref, b: Ref, weights: Ref, bias: Ref): Ref {
  const { onnx } = c;
  const both = onnx.op('Concat', [a, b], { axis: 1 });
  return onnx.op('Add', [onnx.op('MatMul', [both, weights]), bias]);
}

/**
 * One turn of an LSTM (tensorflow/core/kernels/rnn/lstm_ops.h): x, cell, state, w, wci, wcf, wco, b; the gates lie
 * in the order input, new cell, forget, output.
 */
function lstmBlockCell(c: ConvertContext): Ref[] {
  const { onnx, attrs } = c;
  const dtype = c.value(0).dtype;
  const before = c.ref(1);
  const hasPeephole = attrs.bool('use_peephole', false);
  const peephole = (index: number, cell: Ref) => (hasPeephole ? { weights: c.ref(index), cell } : undefined);
  const all = joined(c, c.ref(0), c.ref(2), c.ref(3), c.ref(7));
  const [rawI, rawC, rawF, rawO] = onnx.ops('Split', [all], 4, { axis: 1, num_outputs: 4 }) as [
    Ref,
    Ref,
    Ref,
    Ref,
  ];
  const i = gate(c, rawI, peephole(4, before));
  const ci = onnx.op('Tanh', [rawC]);
  const forgetBias = onnx.scalar(dtype, attrs.float('forget_bias', 1));
  const f = gate(c, onnx.op('Add', [rawF, forgetBias]), peephole(5, before));
  const sum = onnx.op('Add', [onnx.op('Mul', [ci, i]), onnx.op('Mul', [before, f])]);
  const clip = attrs.float('cell_clip', 3);
  const cs = clip > 0 ? onnx.op('Clip', [sum, onnx.scalar(dtype, -clip), onnx.scalar(dtype, clip)]) : sum;
  const o = gate(c, rawO, peephole(6, cs));
  const co = onnx.op('Tanh', [cs]);
  return [i, cs, f, o, ci, co, onnx.op('Mul', [co, o])];
}

/** One turn of a GRU (tensorflow/core/kernels/rnn/gru_ops.h): x, state, w_ru, w_c, b_ru, b_c. */
function gruBlockCell(c: ConvertContext): Ref[] {
  const { onnx } = c;
  const [x, before] = [c.ref(0), c.ref(1)];
  const both = onnx.op('Sigmoid', [joined(c, x, before, c.ref(2), c.ref(4))]);
  const [r, u] = onnx.ops('Split', [both], 2, { axis: 1, num_outputs: 2 }) as [Ref, Ref];
  const candidate = onnx.op('Tanh', [joined(c, x, onnx.op('Mul', [before, r]), c.ref(3), c.ref(5))]);
  const one = onnx.scalar(c.value(0).dtype, 1);
  const rest = onnx.op('Mul', [onnx.op('Sub', [one, u]), candidate]);
  return [r, u, candidate, onnx.op('Add', [rest, onnx.op('Mul', [u, before])])];
}

/** Fused recurrent cells; BlockLSTM becomes a loop of them before (see control/block-lstm.ts). */
export const rnnBlock: OpFamily = {
  LSTMBlockCell: { convert: lstmBlockCell, becomes: 'MatMul, Sigmoid, Tanh …' },
  GRUBlockCell: { convert: gruBlockCell, becomes: 'MatMul, Sigmoid, Tanh …' },
};
