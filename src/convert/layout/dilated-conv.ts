import type { Graph, Node, Value } from '../../graph/ir.js';
import {
  attrInts,
  attrText,
  constInts,
  countUses,
  forEachRegion,
  intsAttr,
  takeOutputs,
  textAttr,
} from './graph-reading.js';

const CONVOLUTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative']);

/** SpaceToBatchND → [ExpandDims →] convolution → [Squeeze →] BatchToSpaceND: how TensorFlow dilates. */
interface Chain {
  readonly toBatch: Node;
  readonly expand: Node | undefined;
  readonly conv: Node;
  readonly squeeze: Node | undefined;
  readonly fromBatch: Node;
}

/** Convolutions between SpaceToBatchND and BatchToSpaceND become dilated ones, where sizes need no cropping. */
export function rewriteDilatedConvs(graph: Graph): void {
  forEachRegion(graph, (region, outputs) => {
    const uses = countUses(region.nodes, outputs);
    const dropped = new Set<Node>();
    for (const node of region.nodes) {
      const chain = node.op === 'BatchToSpaceND' ? findChain(node, uses) : undefined;
      if (chain === undefined || !dilate(chain)) continue;
      dropped.add(chain.fromBatch);
      dropped.add(chain.toBatch);
    }
    if (dropped.size > 0) region.nodes = region.nodes.filter((node) => !dropped.has(node));
  });
}

/** The only reader of a value may be changed; a value that others read too may not. */
function soleProducer(value: Value | undefined, uses: Map<Value, number>): Node | undefined {
  return value !== undefined && uses.get(value) === 1 ? value.producer : undefined;
}

function findChain(fromBatch: Node, uses: Map<Value, number>): Chain | undefined {
  let node = soleProducer(fromBatch.inputs[0], uses);
  const squeeze = node?.op === 'Squeeze' ? node : undefined;
  if (squeeze !== undefined) node = soleProducer(squeeze.inputs[0], uses);
  if (node === undefined || !CONVOLUTIONS.has(node.op)) return undefined;
  const conv = node;
  node = soleProducer(conv.inputs[0], uses);
  const expand = node?.op === 'ExpandDims' ? node : undefined;
  if (expand !== undefined) node = soleProducer(expand.inputs[0], uses);
  if (node?.op !== 'SpaceToBatchND' || (expand === undefined) !== (squeeze === undefined)) return undefined;
  return { toBatch: node, expand, conv, squeeze, fromBatch };
}

function isPlainConv(conv: Node): boolean {
  const isOnes = (list: readonly number[] | undefined): boolean => list?.every((one) => one === 1) ?? true;
  return (
    attrText(conv, 'padding') === 'VALID' &&
    (attrText(conv, 'data_format') ?? 'NHWC') === 'NHWC' &&
    isOnes(attrInts(conv, 'strides')) &&
    isOnes(attrInts(conv, 'dilations'))
  );
}

/** A 1-D convolution is a 2-D one of height 1: the added axis must be that height. */
function isHeightAdded({ expand, squeeze }: Chain): boolean {
  if (expand === undefined || squeeze === undefined) return true;
  const axis = constInts(expand.inputs[1])?.[0];
  const dims = attrInts(squeeze, 'squeeze_dims') ?? attrInts(squeeze, 'axis');
  return (axis === 1 || axis === -3) && dims?.length === 1 && (dims[0] === 1 || dims[0] === -3);
}

function dilate(chain: Chain): boolean {
  const { toBatch, expand, conv, squeeze, fromBatch } = chain;
  const block = constInts(toBatch.inputs[1]);
  const pads = constInts(toBatch.inputs[2]);
  const crops = constInts(fromBatch.inputs[2]);
  const wanted = expand === undefined ? 2 : 1;
  if (!isPlainConv(conv) || !isHeightAdded(chain) || block?.length !== wanted) return false;
  if (constInts(fromBatch.inputs[1])?.join() !== block.join()) return false;
  const net = pads?.map((pad, index) => pad - (crops?.[index] ?? Number.NaN));
  if (net === undefined || !net.every((pad) => pad >= 0)) return false;
  const height = expand === undefined ? [] : [1];
  const noPad = expand === undefined ? [] : [0, 0];
  conv.attrs.set('dilations', intsAttr([1, ...height, ...block, 1]));
  conv.attrs.set('padding', textAttr('EXPLICIT'));
  conv.attrs.set('explicit_paddings', intsAttr([0, 0, ...noPad, ...net, 0, 0]));
  const image = toBatch.inputs[0]!;
  const first = expand ?? conv;
  first.inputs[0] = image;
  takeOutputs(squeeze ?? conv, fromBatch);
  if (expand !== undefined) expand.outputs[0]!.shape = addHeight(image.shape);
  if (squeeze !== undefined) conv.outputs[0]!.shape = addHeight(squeeze.outputs[0]!.shape);
  return true;
}

function addHeight(shape: Value['shape']): Value['shape'] {
  return shape === null ? null : [shape[0]!, 1, ...shape.slice(1)];
}
