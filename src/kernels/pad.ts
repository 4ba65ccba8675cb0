import type { Tensor } from '../base/tensor.js';
import { integersOf } from './lanes.js';
import { copyElements, gridPositions, stridesOf, takeElements } from './layout.js';
import { withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';

/** Pairs (before, after) for each axis from input 1. */
function readPads(context: KernelContext, rank: number): [number, number][] {
  const flat = integersOf(context, 1);
  if (flat.length !== 2 * rank) throw context.fail(`paddings do not have ${rank} rows of 2`);
  return Array.from({ length: rank }, (_, axis) => [flat[2 * axis]!, flat[2 * axis + 1]!]);
}

/** A constant border. A negative padding is refused, as in TensorFlow. */
export function padTensor(
  context: KernelContext,
  tensor: Tensor,
  pads: readonly (readonly [number, number])[],
  value: Tensor | undefined,
): Tensor {
  if (pads.some(([before, after]) => before < 0 || after < 0)) throw context.fail('a padding is negative');
  const shape = tensor.shape.map((dim, axis) => dim + pads[axis]![0] + pads[axis]![1]);
  const inside = stridesOf(tensor.shape);
  // Positions in the input for each output element, −1 on the border, axis by axis from the last.
  let positions = Int32Array.of(0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [before] = pads[axis]!;
    const dim = tensor.shape[axis]!;
    const wider = new Int32Array(positions.length * shape[axis]!).fill(-1);
    for (let k = 0; k < dim; k++) {
      const at = (k + before) * positions.length;
      for (let i = 0; i < positions.length; i++) {
        if (positions[i]! >= 0) wider[at + i] = positions[i]! + k * inside[axis]!;
      }
    }
    positions = wider;
  }
  const padded = takeElements(tensor, positions, shape);
  if (value !== undefined) {
    const one = withShape(value, []);
    for (let i = 0; i < positions.length; i++) if (positions[i]! < 0) copyElements(one, 0, padded, i, 1);
  }
  return padded;
}

function pad(context: KernelContext): HostValue[] {
  const tensor = context.tensor(0);
  const value = context.inputs.length > 2 ? context.tensor(2) : undefined;
  return [padTensor(context, tensor, readPads(context, tensor.shape.length), value)];
}

/** A border that mirrors the inside, with (SYMMETRIC) or without (REFLECT) the outermost element. */
function mirrorPad(context: KernelContext): HostValue[] {
  let tensor = context.tensor(0);
  const mode = context.attrs.string('mode');
  if (mode !== 'REFLECT' && mode !== 'SYMMETRIC') throw context.fail(`mode "${mode}" is not known`);
  const skip = mode === 'REFLECT' ? 1 : 0;
  readPads(context, tensor.shape.length).forEach(([before, after], axis) => {
    const dim = tensor.shape[axis]!;
    if (before < 0 || after < 0 || Math.max(before, after) > dim - skip) {
      throw context.fail(`paddings [${before}, ${after}] are too large for axis ${axis} of size ${dim}`);
    }
    if (before + after === 0) return;
    const strides = stridesOf(tensor.shape);
    const columns = Array.from({ length: before + dim + after }, (_, k) => {
      const at = k - before;
      if (at < 0) return -at - 1 + skip;
      return at < dim ? at : 2 * dim - 1 - at - skip;
    });
    const outer = gridPositions(tensor.shape.slice(0, axis), strides.slice(0, axis), 0);
    const inner = gridPositions(tensor.shape.slice(axis + 1), strides.slice(axis + 1), 0);
    const positions = new Int32Array(outer.length * columns.length * inner.length);
    let next = 0;
    for (const o of outer) {
      for (const column of columns) {
        for (const i of inner) positions[next++] = o + column * strides[axis]! + i;
      }
    }
    tensor = takeElements(tensor, positions, tensor.shape.with(axis, columns.length));
  });
  return [tensor];
}

export const padKernels: KernelFamily = { Pad: pad, PadV2: pad, MirrorPad: mirrorPad };
