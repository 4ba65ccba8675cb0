import { elementCount, type Tensor } from '../base/tensor.js';
import { integersOf } from './lanes.js';
import { padTensor } from './pad.js';
import { transposeTensor, withShape } from './shape-ops.js';
import { takeGrid } from './slice-ops.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { layoutFor, layoutOrders } from './window.js';

function inChannelsLast(context: KernelContext, act: (tensor: Tensor, block: number) => Tensor): HostValue[] {
  const tensor = context.tensor(0);
  if (tensor.shape.length !== 4) throw context.fail('its input is not of rank 4');
  const orders = layoutOrders(layoutFor(context, 4), 4);
  const result = act(
    orders === undefined ? tensor : transposeTensor(tensor, orders.to),
    context.attrs.int('block_size'),
  );
  return [orders === undefined ? result : transposeTensor(result, orders.from)];
}

function depthToSpace(context: KernelContext): HostValue[] {
  return inChannelsLast(context, (tensor, s) => {
    const [b, h, w, c] = tensor.shape as [number, number, number, number];
    if (c % (s * s) !== 0) throw context.fail(`${c} channels do not divide by ${s * s}`);
    const split = withShape(tensor, [b, h, w, s, s, c / (s * s)]);
    return withShape(transposeTensor(split, [0, 1, 3, 2, 4, 5]), [b, h * s, w * s, c / (s * s)]);
  });
}

function spaceToDepth(context: KernelContext): HostValue[] {
  return inChannelsLast(context, (tensor, s) => {
    const [b, h, w, c] = tensor.shape as [number, number, number, number];
    if (h % s !== 0 || w % s !== 0) throw context.fail(`[${h}, ${w}] does not divide by ${s}`);
    const split = withShape(tensor, [b, h / s, s, w / s, s, c]);
    return withShape(transposeTensor(split, [0, 1, 3, 2, 4, 5]), [b, h / s, w / s, s * s * c]);
  });
}

interface Blocks {
  readonly block: readonly number[];
  readonly borders: readonly (readonly [number, number])[];
}

function readBlocks(context: KernelContext, rank: number): Blocks {
  const hasAttr = context.attrs.has('block_size');
  const size = hasAttr ? context.attrs.int('block_size') : 0;
  const block = hasAttr ? [size, size] : integersOf(context, 1);
  const flat = integersOf(context, hasAttr ? 1 : 2);
  if (flat.length !== 2 * block.length || block.length >= rank || block.some((each) => each < 1)) {
    throw context.fail('block shape and borders do not fit the input');
  }
  return { block, borders: block.map((_, i) => [flat[2 * i]!, flat[2 * i + 1]!]) };
}

/** Pads, cuts every spatial axis into blocks and moves the places within a block to the batch. */
function spaceToBatch(context: KernelContext): HostValue[] {
  const input = context.tensor(0);
  const rank = input.shape.length;
  const { block, borders } = readBlocks(context, rank);
  const m = block.length;
  const pads = input.shape.map((_, axis) => borders[axis - 1] ?? ([0, 0] as const));
  const padded = padTensor(context, input, pads, undefined);
  const rest = padded.shape.slice(m + 1);
  const spatial = padded.shape.slice(1, m + 1);
  if (spatial.some((dim, i) => dim % block[i]! !== 0)) {
    throw context.fail(`[${spatial.join(', ')}] does not divide by [${block.join(', ')}]`);
  }
  const counts = spatial.map((dim, i) => dim / block[i]!);
  const cut = [padded.shape[0]!, ...spatial.flatMap((_, i) => [counts[i]!, block[i]!]), ...rest];
  const order = [
    ...block.map((_, i) => 2 * i + 2),
    0,
    ...block.map((_, i) => 2 * i + 1),
    ...rest.map((_, i) => 2 * m + 1 + i),
  ];
  const moved = transposeTensor(withShape(padded, cut), order);
  return [withShape(moved, [padded.shape[0]! * elementCount(block), ...counts, ...rest])];
}

/** The reverse, with crops in place of pads. */
function batchToSpace(context: KernelContext): HostValue[] {
  const input = context.tensor(0);
  const { block, borders } = readBlocks(context, input.shape.length);
  const m = block.length;
  const batch = input.shape[0]! / elementCount(block);
  if (!Number.isInteger(batch))
    throw context.fail(`a batch of ${input.shape[0]} does not divide by ${elementCount(block)}`);
  const spatial = input.shape.slice(1, m + 1);
  const rest = input.shape.slice(m + 1);
  const split = withShape(input, [...block, batch, ...spatial, ...rest]);
  const order = [m, ...spatial.flatMap((_, i) => [m + 1 + i, i]), ...rest.map((_, i) => 2 * m + 1 + i)];
  const joined = withShape(transposeTensor(split, order), [
    batch,
    ...spatial.map((dim, i) => dim * block[i]!),
    ...rest,
  ]);
  const border = (axis: number) => borders[axis - 1] ?? ([0, 0] as const);
  const sizes = joined.shape.map((dim, axis) => dim - border(axis)[0] - border(axis)[1]);
  if (sizes.some((size) => size < 0) || borders.some(([a, b]) => a < 0 || b < 0))
    throw context.fail('the crops do not fit');
  const starts = joined.shape.map((_, axis) => border(axis)[0]);
  return [
    takeGrid(
      joined,
      starts,
      sizes,
      starts.map(() => 1),
    ),
  ];
}

export const spaceKernels: KernelFamily = {
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  SpaceToBatch: spaceToBatch,
  SpaceToBatchND: spaceToBatch,
  BatchToSpace: batchToSpace,
  BatchToSpaceND: batchToSpace,
};
