import { isStatic } from '../../base/shape.js';
import { elementCount, numericTensor } from '../../base/tensor.js';
import type { Graph, Node, Value } from '../../graph/ir.js';
import type { TensorValue } from '../../savedmodel/types.js';
import { denseValue, reshapeConstant } from '../derive.js';
import { attrBool, attrText, constInts, forEachRegion } from '../layout/graph-reading.js';
import { constNumber, factorsOf, madeBy, termsOf } from './product.js';

/** What is subtracted and divided by: mean and variance of `x` over its last `axes` axes. */
interface Moments {
  readonly x: Value;
  readonly axes: number;
}

/** A reduction by Mean that keeps its axes, over the last ones of its input. */
function trailingMean(value: Value | undefined): { x: Value; axes: number } | undefined {
  const node = madeBy(value, 'Mean');
  const [x] = node?.inputs ?? [];
  const rank = x?.shape?.length;
  const axes = constInts(node?.inputs[1]);
  if (node === undefined || x === undefined || rank === undefined || axes === undefined) return undefined;
  const front = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const isTrailing = front.length > 0 && front.every((axis, at) => axis === rank - front.length + at);
  return isTrailing && attrBool(node, 'keep_dims') ? { x, axes: front.length } : undefined;
}

/** (x − mean)², in any of its forms. */
function isSquaredDistance(value: Value | undefined, x: Value, mean: Value): boolean {
  const difference = madeBy(value, 'SquaredDifference');
  if (difference !== undefined) return difference.inputs.includes(x) && difference.inputs.includes(mean);
  if (value === undefined) return false;
  const { scale, factors } = factorsOf(value);
  return scale === 1 && factors.length === 2 && factors.every((factor) => isDistance(factor, x, mean));
}

function isDistance(value: Value | undefined, x: Value, mean: Value): boolean {
  const node = madeBy(value, 'Sub');
  return node?.inputs[0] === x && node.inputs[1] === mean;
}

/** The mean of a value over its last axes, when it is that of `x`. */
function momentsOf(mean: Value, variance: Value): Moments | undefined {
  const first = trailingMean(mean);
  const second = trailingMean(variance);
  if (first === undefined || second === undefined || first.axes !== second.axes) return undefined;
  return isSquaredDistance(second.x, first.x, mean) ? first : undefined;
}

/** variance + ε, with both. */
function withEpsilon(value: Value | undefined): { variance: Value; epsilon: number } | undefined {
  const terms = termsOf(value);
  if (terms === undefined) return undefined;
  for (const [at, term] of terms.entries()) {
    const epsilon = constNumber(term);
    if (epsilon !== undefined) return { variance: terms[1 - at] as Value, epsilon };
  }
  return undefined;
}

interface Normalized extends Moments {
  readonly epsilon: number;
  readonly gamma: Value | undefined;
  readonly beta: Value | undefined;
}

/** 1/√(variance + ε), times γ when there is one. */
function readInverse(
  value: Value,
): { variance: Value; epsilon: number; gamma: Value | undefined } | undefined {
  const { scale, factors } = factorsOf(value);
  const roots = factors.filter((factor) => madeBy(factor, 'Rsqrt') !== undefined);
  const [root] = roots;
  const found = withEpsilon(madeBy(root, 'Rsqrt')?.inputs[0]);
  if (found === undefined || roots.length !== 1 || factors.length > 2 || scale !== 1) return undefined;
  return { ...found, gamma: factors.find((factor) => factor !== root) };
}

/** The rest of x·i + (β − mean·i): β, or undefined where there is none; `null` when it is something else. */
function readOffset(rest: Value, mean: Value, inverse: Value): Value | undefined | null {
  const isMeanPart = (value: Value, sign: 1 | -1) => {
    const [a, b] = madeBy(value, 'Mul')?.inputs ?? [];
    const isMean = (each: Value | undefined) =>
      sign > 0 ? each === mean : madeBy(each, 'Neg')?.inputs[0] === mean;
    return (isMean(a) && b === inverse) || (isMean(b) && a === inverse);
  };
  const difference = madeBy(rest, 'Sub');
  if (difference !== undefined) {
    const [beta, part] = difference.inputs;
    return part !== undefined && isMeanPart(part, 1) ? beta : null;
  }
  const terms = termsOf(rest);
  const at = terms?.findIndex((term) => isMeanPart(term, -1)) ?? -1;
  if (terms !== undefined && at >= 0) return terms[1 - at];
  if (isMeanPart(rest, -1)) return undefined;
  const negated = madeBy(rest, 'Neg')?.inputs[0];
  return negated !== undefined && isMeanPart(negated, 1) ? undefined : null;
}

/** x·i + (β − mean·i), as Keras and tf.nn.batch_normalization write it. */
function matchScaled(output: Value): Normalized | undefined {
  const terms = termsOf(output);
  for (const [at, term] of terms?.entries() ?? []) {
    const [a, b] = madeBy(term, 'Mul')?.inputs ?? [];
    for (const [x, inverse] of [
      [a, b],
      [b, a],
    ]) {
      const found = inverse === undefined ? undefined : readInverse(inverse);
      const mean = found && meanBehind(found.variance);
      if (x === undefined || inverse === undefined || found === undefined || mean === undefined) continue;
      const moments = momentsOf(mean, found.variance);
      const beta = readOffset(terms?.[1 - at] as Value, mean, inverse);
      if (moments?.x === x && beta !== null)
        return { ...moments, epsilon: found.epsilon, gamma: found.gamma, beta };
    }
  }
  return undefined;
}

/** The mean that the squared distances under a variance are taken from. */
function meanBehind(variance: Value): Value | undefined {
  const squares = trailingMean(variance)?.x;
  const difference = madeBy(squares, 'SquaredDifference');
  if (difference !== undefined) return difference.inputs.find((input) => madeBy(input, 'Mean') !== undefined);
  const [factor] = squares === undefined ? [] : factorsOf(squares).factors;
  return madeBy(factor, 'Sub')?.inputs[1];
}

/** (x − mean) / √(variance + ε), or times its inverse. */
function matchPlain(output: Value): Normalized | undefined {
  const division = madeBy(output, 'RealDiv');
  const [over, root] = division?.inputs ?? [];
  const divided = withEpsilon(madeBy(root, 'Sqrt')?.inputs[0]);
  if (over !== undefined && divided !== undefined) return plainMoments(over, divided);
  const [a, b] = madeBy(output, 'Mul')?.inputs ?? [];
  for (const [distance, inverse] of [
    [a, b],
    [b, a],
  ]) {
    const found = withEpsilon(madeBy(inverse, 'Rsqrt')?.inputs[0]);
    const made = distance !== undefined && found !== undefined ? plainMoments(distance, found) : undefined;
    if (made !== undefined) return made;
  }
  return undefined;
}

function plainMoments(
  distance: Value,
  { variance, epsilon }: { variance: Value; epsilon: number },
): Normalized | undefined {
  const [x, mean] = madeBy(distance, 'Sub')?.inputs ?? [];
  if (x === undefined || mean === undefined) return undefined;
  const moments = momentsOf(mean, variance);
  return moments?.x === x ? { ...moments, epsilon, gamma: undefined, beta: undefined } : undefined;
}

/** A constant full of one number, also where it is made by Fill. */
function isFull(value: Value | undefined, number: number): boolean {
  const fill = madeBy(value, 'Fill');
  if (fill !== undefined) return constNumber(fill.inputs[1]) === number;
  const tensor = value?.constant?.read();
  return (
    tensor !== undefined &&
    tensor.dtype !== 'string' &&
    Array.from(tensor.data, Number).every((each) => each === number)
  );
}

/** Keras 2: rows as channels of a batch normalisation in training form, over [1, rows, D, 1]. */
function matchRowsAsChannels(output: Value): Normalized | undefined {
  const norm = madeBy(madeBy(output, 'Reshape')?.inputs[0], 'FusedBatchNormV3');
  const [image, scale, offset] = norm?.inputs ?? [];
  const x = madeBy(image, 'Reshape')?.inputs[0];
  const epsilon = norm?.attrs.get('epsilon');
  if (norm === undefined || x === undefined || epsilon?.kind !== 'f') return undefined;
  const isTraining = attrBool(norm, 'is_training') && attrText(norm, 'data_format') === 'NCHW';
  const dims = image?.shape;
  const width = x.shape?.at(-1);
  const isRows = dims?.length === 4 && dims[0] === 1 && dims[3] === 1 && dims[2] === width;
  const isSame =
    x.shape !== null &&
    String(output.shape) === String(x.shape) &&
    norm.outputs[0] === madeBy(output, 'Reshape')?.inputs[0];
  if (!isTraining || !isRows || !isSame || !isFull(scale, 1) || !isFull(offset, 0)) return undefined;
  return { x, axes: 1, epsilon: epsilon.value, gamma: undefined, beta: undefined };
}

/** A constant with one number per normalised place, in the shape that the operator wants. */
function asParameter(value: Value, shape: readonly number[]): TensorValue | undefined {
  const { constant } = value;
  if (constant === undefined || elementCount(constant.shape) !== elementCount(shape)) return undefined;
  const own = constant.shape.slice(constant.shape.findIndex((dim) => dim !== 1));
  const wanted = shape.slice(shape.findIndex((dim) => dim !== 1));
  return String(own) === String(wanted) || elementCount(shape) === 1
    ? reshapeConstant(constant, shape)
    : undefined;
}

function full(dtype: 'float32' | 'float64', shape: readonly number[], number: number): TensorValue {
  return denseValue(numericTensor(dtype, shape, new Array<number>(elementCount(shape)).fill(number)));
}

function constantValue(constant: TensorValue, like: Value, role: 'gamma' | 'beta'): Value {
  return {
    // Below all ids that the graph gave out.
    id: -1e9 - 2 * like.id - (role === 'gamma' ? 0 : 1),
    name: `${like.name}/${role}`,
    dtype: constant.dtype,
    shape: constant.shape,
    producer: undefined,
    index: 0,
    constant,
    elements: undefined,
  };
}

function rewrite(node: Node): void {
  const [output] = node.outputs;
  if (output === undefined || (output.dtype !== 'float32' && output.dtype !== 'float64')) return;
  const found = matchScaled(output) ?? matchPlain(output) ?? matchRowsAsChannels(output);
  const dims = found?.x.shape?.slice(-found.axes);
  if (found === undefined || dims === undefined || !isStatic(dims)) return;
  const gamma = found.gamma === undefined ? full(output.dtype, dims, 1) : asParameter(found.gamma, dims);
  const beta = found.beta === undefined ? full(output.dtype, dims, 0) : asParameter(found.beta, dims);
  if (gamma === undefined || beta === undefined) return;
  node.op = '_LayerNorm';
  node.inputs = [found.x, constantValue(gamma, output, 'gamma'), constantValue(beta, output, 'beta')];
  node.attrs = new Map([
    ['epsilon', { kind: 'f', value: found.epsilon }],
    ['axes', { kind: 'i', value: BigInt(found.axes) }],
  ]);
}

/** γ and β that follow a normalisation which has none yet. */
function absorb(node: Node): void {
  const isScale = node.op === 'Mul';
  if (!isScale && node.op !== 'AddV2' && node.op !== 'Add') return;
  const norm = node.inputs.map((input) => madeBy(input, '_LayerNorm')).find((each) => each !== undefined);
  const [x, gamma, beta] = norm?.inputs ?? [];
  const other = node.inputs.find((input) => input !== norm?.outputs[0]);
  if (
    norm === undefined ||
    x === undefined ||
    gamma === undefined ||
    beta === undefined ||
    other === undefined
  )
    return;
  if (!isFull(beta, 0) || (isScale && !isFull(gamma, 1))) return;
  const parameter = asParameter(other, gamma.shape as readonly number[]);
  if (parameter === undefined) return;
  const value = constantValue(parameter, node.outputs[0] as Value, isScale ? 'gamma' : 'beta');
  node.op = '_LayerNorm';
  node.inputs = isScale ? [x, value, beta] : [x, gamma, value];
  node.attrs = new Map(norm.attrs);
}

/** Layer normalisation written out becomes one node. */
export function fuseLayerNorms(graph: Graph): void {
  forEachRegion(graph, ({ nodes }) => {
    for (const node of [...nodes].reverse()) rewrite(node);
    for (const node of nodes) absorb(node);
  });
}
