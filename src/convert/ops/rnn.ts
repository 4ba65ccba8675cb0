import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { isNeverEmpty, requireElements } from './guards.js';

/** All elements of an axis from its last to its first. */
function reverse(c: ConvertContext, ref: Ref, axis: number): Ref {
  const { onnx } = c;
  return onnx.op('Slice', [
    ref,
    onnx.i64([-1]),
    onnx.i64([Number.MIN_SAFE_INTEGER]),
    onnx.i64([axis]),
    onnx.i64([-1]),
  ]);
}

/**
 * A recurrent layer: sequence [batch, time, k], W, R, B as ONNX packs them, and the states [batch, units] before
 * the first turn. Gives the sequence [batch, time, units] in the order of the turns, and the states after the last.
 */
function rnn(c: ConvertContext): Ref[] {
  const { onnx, attrs } = c;
  const kind = attrs.string('kind');
  const source = attrs.bool('reverse') ? reverse(c, c.ref(0), 1) : c.ref(0);
  const turned = onnx.op('Transpose', [source], { perm: [1, 0, 2] });
  // Without rows or turns ONNX Runtime's recurrent kernels end the process.
  const sequence = isNeverEmpty(c, 0) ? turned : requireElements(c, turned);
  const states = Array.from({ length: c.inputCount - 4 }, (_, i) =>
    onnx.op('Unsqueeze', [c.ref(4 + i), onnx.i64([0])]),
  );
  const alpha = attrs.floats('activation_alpha');
  const beta = attrs.floats('activation_beta');
  const resetAfter = attrs.bool('reset_after');
  const [all, ...last] = onnx.ops(
    kind,
    [sequence, c.ref(1), c.ref(2), c.ref(3), '', ...states],
    1 + states.length,
    {
      hidden_size: attrs.int('units'),
      activations: attrs.strings('activations'),
      activation_alpha: alpha.length === 0 ? undefined : { floats: alpha },
      activation_beta: beta.length === 0 ? undefined : { floats: beta },
      linear_before_reset: kind === 'GRU' ? Number(resetAfter) : undefined,
    },
  ) as [Ref, ...Ref[]];
  const rows = onnx.op('Squeeze', [all, onnx.i64([1])]);
  return [
    onnx.op('Transpose', [rows], { perm: [1, 0, 2] }),
    ...last.map((ref) => onnx.op('Squeeze', [ref, onnx.i64([0])])),
  ];
}

/** Recurrent layers that were recognised in loops. */
export const rnnOps: OpFamily = {
  _Rnn: { convert: rnn, becomes: 'LSTM, GRU or RNN' },
};
