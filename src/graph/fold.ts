import { isNumericDType } from '../base/dtype.js';
import { isTfdeployError } from '../base/error.js';
import { isStatic } from '../base/shape.js';
import { findKernel, runKernel } from '../kernels/registry.js';
import type { HostValue } from '../kernels/types.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { TensorValue } from '../savedmodel/types.js';
import { denseBytes, heldValue } from './constants.js';
import type { Node } from './ir.js';

const SMALL_BYTES = 1 << 20;
const EAGER_BYTES = 1 << 16;
const MAX_GROWTH = 4;
const MAX_LAZY_DEPTH = 64;

/** What these give depends on more than their inputs, or their place in the graph tells the converter something. */
const NEVER_FOLDED = /^(Random|Stateless|Multinomial|Quantize|FakeQuant|Dequantize|Assert|Print)/;

/** How many lazy steps lie behind a folded constant, so that reading one does not nest without end. */
const lazyDepth = new WeakMap<TensorValue, number>();

export function canFold(node: Node): boolean {
  if (node.bodies.size > 0 || NEVER_FOLDED.test(node.op) || findKernel(node.op) === undefined) return false;
  if ((opDef(node.op)?.isStateful ?? true) && node.op !== 'DeviceIndex') return false;
  return node.outputs.every((output) => output.dtype !== 'resource' && output.dtype !== 'variant');
}

/**
 * The constant outputs of a node whose inputs are constant; undefined when it is better computed in each run:
 * its result would be large (over 1 MB and over 4 times its inputs), or its kernel does not accept the values.
 * Large results of known shape are computed when they are read, so that weights stay where they are.
 */
export function foldNode(node: Node): readonly TensorValue[] | undefined {
  const constants = node.inputs.map((input) => input.constant!);
  const inputBytes = constants.reduce((sum, each) => sum + denseBytes(each.dtype, each.shape), 0);
  const isSized = node.outputs.every((output) => isStatic(output.shape));
  const outputBytes = isSized ? sizeOfOutputs(node) : undefined;
  if (outputBytes !== undefined && outputBytes > SMALL_BYTES && outputBytes > MAX_GROWTH * inputBytes) {
    return undefined;
  }
  if (outputBytes === undefined && (inputBytes > SMALL_BYTES || EXPANDING.has(node.op))) return undefined;
  if (
    inputBytes + (outputBytes ?? 0) > EAGER_BYTES &&
    LAZY.has(node.op) &&
    node.outputs.length === 1 &&
    isSized
  ) {
    const lazy = lazyFold(node, constants, outputBytes!);
    if (lazy !== undefined) return lazy;
  }
  if (inputBytes > SMALL_BYTES) return undefined;
  return computeNow(node, constants);
}

/** Ops whose output size does not follow from the size of their inputs. */
const EXPANDING: ReadonlySet<string> = new Set([
  'Fill',
  'Tile',
  'Range',
  'LinSpace',
  'BroadcastTo',
  'OneHot',
  'ScatterNd',
  'Pad',
  'PadV2',
  'MirrorPad',
  'SparseToDense',
  'Empty',
  'Bincount',
  'DenseBincount',
  'MatrixDiagV2',
  'MatrixDiagV3',
  'UnsortedSegmentSum',
  'ResizeBilinear',
  'ResizeNearestNeighbor',
]);

/** Ops that work on weights as they are prepared; their kernels take every type that weights have. */
const LAZY: ReadonlySet<string> = new Set([
  'Cast',
  'Transpose',
  'Reshape',
  'Squeeze',
  'ExpandDims',
  'Mul',
  'Add',
  'AddV2',
  'Sub',
  'RealDiv',
  'Neg',
  'Square',
  'Sqrt',
  'Rsqrt',
  'ConcatV2',
  'Pack',
]);

function sizeOfOutputs(node: Node): number {
  let sum = 0;
  for (const output of node.outputs) sum += denseBytes(output.dtype, output.shape as readonly number[]);
  return sum;
}

function lazyFold(node: Node, constants: readonly TensorValue[], byteLength: number) {
  const output = node.outputs[0]!;
  if (!isNumericDType(output.dtype) || constants.some((each) => !isNumericDType(each.dtype)))
    return undefined;
  const depth = 1 + Math.max(0, ...constants.map((each) => lazyDepth.get(each) ?? 0));
  if (depth > MAX_LAZY_DEPTH) return undefined;
  if (RESHAPING.has(node.op)) return [reshapedValue(constants[0]!, output.shape as readonly number[])];
  const frozen = { op: node.op, name: node.name, attrs: node.attrs, outputs: { length: 1 } };
  const value: TensorValue = {
    dtype: output.dtype,
    shape: output.shape as readonly number[],
    byteLength,
    read: () =>
      asTensor(
        runKernel(
          frozen,
          constants.map((each) => each.read()),
        )[0]!,
      ),
  };
  lazyDepth.set(value, depth);
  return [value];
}

const RESHAPING: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'ExpandDims']);

/** The same elements under another shape: the bytes stay where they are. */
function reshapedValue(value: TensorValue, shape: readonly number[]): TensorValue {
  const { dtype, byteLength, file, crc32c } = value;
  const place = file === undefined ? {} : { file, crc32c };
  return { dtype, shape, byteLength, ...place, read: () => ({ ...value.read(), shape }) };
}

function computeNow(node: Node, constants: readonly TensorValue[]): readonly TensorValue[] | undefined {
  try {
    const results = runKernel(
      node,
      constants.map((each) => each.read()),
    );
    return results.map((result) => heldValue(asTensor(result)));
  } catch (error) {
    if (isTfdeployError(error) && error.code !== 'TFD_BUG' && error.code !== 'TFD_MODEL_CORRUPT')
      return undefined;
    throw error;
  }
}

function asTensor(value: HostValue) {
  return value as Exclude<HostValue, { dtype: 'resource' | 'variant' }>;
}
