import { fromChannelsFirst, readDataFormat, toChannelsFirst } from '../layout/data-format.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';

/** Blocks of pixels become channels (channel = (row · block + column) · C + c), or the other way round. */
function emitBlocks(context: ConvertContext, operator: 'SpaceToDepth' | 'DepthToSpace'): Ref {
  const { onnx, attrs } = context;
  const format = readDataFormat(context, 4);
  const x = toChannelsFirst(context, context.ref(0), format);
  const y = onnx.op(operator, [x], {
    blocksize: attrs.int('block_size'),
    mode: operator === 'DepthToSpace' ? 'DCR' : undefined,
  });
  return fromChannelsFirst(context, y, format);
}

/** The block sizes of SpaceToBatch and BatchToSpace, one per spatial axis. */
function readBlock(context: ConvertContext): number[] {
  if (context.node.op.endsWith('ND')) return context.constInts(1);
  const size = context.attrs.int('block_size');
  return [size, size];
}

/** The [axes, 2] paddings or crops input as an int64 pair of vectors (begins, ends). */
function splitPairs(context: ConvertContext, axes: number): [Ref, Ref] {
  const { onnx } = context;
  const index = context.node.op.endsWith('ND') ? 2 : 1;
  if (context.isConst(index)) {
    const flat = context.constInts(index);
    return [onnx.i64(flat.filter((_, at) => at % 2 === 0)), onnx.i64(flat.filter((_, at) => at % 2 === 1))];
  }
  const pairs = onnx.cast(context.ref(index), context.value(index).dtype, 'int64');
  const [begins, ends] = onnx.ops('Split', [pairs, onnx.i64([1, 1])], 2, { axis: 1 }) as [Ref, Ref];
  const flat = onnx.i64([axes]);
  return [onnx.op('Reshape', [begins, flat]), onnx.op('Reshape', [ends, flat])];
}

/** Pieces of the run-time shape of a tensor, from axis `from` up to `to`. */
function sizes(context: ConvertContext, ref: Ref, from: number, to: number): Ref {
  const { onnx } = context;
  return onnx.op('Slice', [onnx.op('Shape', [ref]), onnx.i64([from]), onnx.i64([to]), onnx.i64([0])]);
}

const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

/** Pads, and moves each pixel of a block to an image of its own: [N, H, W, …] → [blocks·N, H/b, W/b, …]. */
function emitSpaceToBatch(context: ConvertContext): Ref {
  const { onnx } = context;
  const block = readBlock(context);
  const axes = block.length;
  const rank = context.rank(0);
  const [begins, ends] = splitPairs(context, axes);
  const none = onnx.i64([0]);
  const rest = onnx.i64(new Array<number>(rank - axes - 1).fill(0));
  const pads = onnx.op('Concat', [none, begins, rest, none, ends, rest], { axis: 0 });
  const padded = onnx.op('Pad', [context.ref(0), pads]);
  const batch = sizes(context, padded, 0, 1);
  const inner = onnx.op('Div', [sizes(context, padded, 1, 1 + axes), onnx.i64(block)]);
  const outer = sizes(context, padded, 1 + axes, rank);
  const pieces = block.flatMap((size, axis) => [pick(context, inner, axis), onnx.i64([size])]);
  const split = reshape(context, padded, onnx.op('Concat', [batch, ...pieces, outer], { axis: 0 }));
  const perm = [
    ...block.map((_, axis) => 2 + 2 * axis),
    0,
    ...block.map((_, axis) => 1 + 2 * axis),
    ...Array.from({ length: rank - axes - 1 }, (_, axis) => 1 + 2 * axes + axis),
  ];
  const images = onnx.op('Mul', [batch, onnx.i64([product(block)])]);
  const shape = onnx.op('Concat', [images, inner, outer], { axis: 0 });
  return reshape(context, onnx.op('Transpose', [split], { perm }), shape);
}

/** The reverse of it, and then crops. */
function emitBatchToSpace(context: ConvertContext): Ref {
  const { onnx } = context;
  const block = readBlock(context);
  const axes = block.length;
  const rank = context.rank(0);
  const x = context.ref(0);
  const batch = onnx.op('Div', [sizes(context, x, 0, 1), onnx.i64([product(block)])]);
  const inner = sizes(context, x, 1, 1 + axes);
  const outer = sizes(context, x, 1 + axes, rank);
  const split = onnx.op('Concat', [onnx.i64(block), batch, inner, outer], { axis: 0 });
  const perm = [
    axes,
    ...block.flatMap((_, axis) => [axes + 1 + axis, axis]),
    ...Array.from({ length: rank - axes - 1 }, (_, axis) => 1 + 2 * axes + axis),
  ];
  const turned = onnx.op('Transpose', [reshape(context, x, split)], { perm });
  const full = onnx.op('Mul', [inner, onnx.i64(block)]);
  const joined = reshape(context, turned, onnx.op('Concat', [batch, full, outer], { axis: 0 }));
  const [begins, ends] = splitPairs(context, axes);
  const spatial = onnx.i64(block.map((_, axis) => axis + 1));
  return onnx.op('Slice', [joined, begins, onnx.op('Sub', [full, ends]), spatial]);
}

/** To a shape whose zeros, of an empty batch, are sizes. */
function reshape(context: ConvertContext, ref: Ref, shape: Ref): Ref {
  return context.onnx.op('Reshape', [ref, shape], { allowzero: 1 });
}

function pick(context: ConvertContext, vector: Ref, index: number): Ref {
  return context.onnx.op('Gather', [vector, context.onnx.i64([index])], { axis: 0 });
}

const toBatch = { convert: (context: ConvertContext) => [emitSpaceToBatch(context)] };
const fromBatch = { convert: (context: ConvertContext) => [emitBatchToSpace(context)] };

/** Pixels moved between space, channels and batch. */
export const space: OpFamily = {
  SpaceToDepth: { convert: (context) => [emitBlocks(context, 'SpaceToDepth')], becomes: 'SpaceToDepth' },
  DepthToSpace: {
    convert: (context) => [emitBlocks(context, 'DepthToSpace')],
    becomes: 'DepthToSpace (mode DCR)',
  },
  SpaceToBatchND: {
    ...toBatch,
    becomes: 'nothing around a Conv (its dilations), else Pad, Reshape, Transpose',
  },
  BatchToSpaceND: { ...fromBatch, becomes: 'nothing around a Conv, else Reshape, Transpose, Slice' },
  SpaceToBatch: { ...toBatch, becomes: 'Pad, Reshape, Transpose' },
  BatchToSpace: { ...fromBatch, becomes: 'Reshape, Transpose, Slice' },
};
