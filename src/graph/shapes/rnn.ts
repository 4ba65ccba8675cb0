import type { ShapeFamily } from './types.js';

/** `_Rnn(sequence [batch, time, k], W, R, B, states [batch, units] …)`: the sequence, and the states after it. */
export const rnnShapes: ShapeFamily = {
  _Rnn: (c) => {
    const dims = c.dims(0);
    const [batch, time] = dims?.length === 3 ? dims : [c.fresh(), c.fresh()];
    const units = c.attrs.int('units');
    return [
      [batch!, time!, units],
      [batch!, units],
      [batch!, units],
    ];
  },
};
