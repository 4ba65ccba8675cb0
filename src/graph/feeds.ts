import { TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { NodeDef, SignatureDef, TensorInfo } from '../savedmodel/types.js';
import { sanitizeDimName } from './dims.js';
import type { Value, ValueFactory } from './ir.js';
import { type NodeIndex, parseRef, type Scope } from './scope.js';
import { completeNode, expandArgs } from './signatures.js';

const SPARSE_PARTS = ['indices', 'values', 'dense_shape'] as const;

/** One tensor at the border of a signature, under the name that requests use. */
export interface BorderTensor {
  readonly name: string;
  readonly info: TensorInfo;
}

/** The tensors of a signature's side: a sparse or composite one is one per part (`x:indices`, `x:0`…). */
export function borderTensors(side: ReadonlyMap<string, TensorInfo>): BorderTensor[] {
  return [...side].flatMap(([name, info]): BorderTensor[] => {
    if (info.components === undefined) return [{ name, info }];
    const parts = [...info.components];
    const rank = (part: string) => SPARSE_PARTS.indexOf(part as (typeof SPARSE_PARTS)[number]);
    if (parts.every(([part]) => rank(part) >= 0)) parts.sort((a, b) => rank(a[0]) - rank(b[0]));
    return parts.map(([part, each]) => ({ name: `${name}:${part}`, info: each }));
  });
}

export interface Feed {
  readonly name: string;
  readonly value: Value;
  readonly declaredShape: Shape;
  /** `node:index` in the main graph. */
  readonly key: string;
  readonly node: NodeDef;
}

/** Cuts the graph at the signature's inputs: any tensor may be one. Types are the nodes' own. */
export function makeFeeds(
  scope: Scope,
  index: NodeIndex,
  factory: ValueFactory,
  signature: SignatureDef,
  inputShapes: ReadonlyMap<string, Shape>,
): Feed[] {
  const prefixes = new Set<string>();
  const values = new Map<string, Value>();
  return borderTensors(signature.inputs).map(({ name, info }) => {
    const { node, index: position } = borderNode(index, signature, name, info);
    const complete = completeNode(scope, node);
    const slots = expandArgs(scope, complete, opDef(node.op)?.outputArgs ?? [], complete.attrs);
    const dtype = slots[position]?.dtype ?? info.dtype;
    if (dtype === 'invalid') throw refuse(signature, name, `names ${info.name}, whose type is not known`);
    let prefix = sanitizeDimName(name);
    while (prefixes.has(prefix)) prefix += '_';
    prefixes.add(prefix);
    const declared = declaredShape(info, complete);
    const shape = inputShapes.has(name) ? (inputShapes.get(name) ?? null) : declared;
    const key = `${node.name}:${position}`;
    // Two inputs may name one tensor; it is one value then.
    const value =
      values.get(key) ?? factory.value(position === 0 ? node.name : key, dtype, nameDims(shape, prefix));
    values.set(key, value);
    return { name, value, declaredShape: nameDims(declared, prefix), key, node: complete };
  });
}

/** `?` and other names become `x_0`, `x_1`…: TensorFlow does not say that inputs share a dimension. */
function nameDims(shape: Shape, prefix: string): Shape {
  return shape === null ? null : shape.map((dim, i) => (typeof dim === 'number' ? dim : `${prefix}_${i}`));
}

function declaredShape(info: TensorInfo, node: NodeDef): Shape {
  if (info.shape !== null) return info.shape;
  const attr = node.attrs.get('shape');
  // In graphs of TensorFlow before 1.0 a placeholder of unknown shape has the shape [].
  return attr?.kind === 'shape' && attr.value !== null && attr.value.length > 0 ? attr.value : null;
}

/** The node and output that a signature's tensor is. */
export function borderNode(
  index: NodeIndex,
  signature: SignatureDef,
  name: string,
  info: TensorInfo,
): { node: NodeDef; index: number } {
  const parsed = parseRef(info.name);
  if (info.name === '' || parsed === undefined || parsed.arg !== '') {
    throw refuse(signature, name, `names no tensor ("${info.name}")`);
  }
  const node = index.main.get(parsed.node);
  if (node === undefined) throw refuse(signature, name, `names node "${parsed.node}", which is not there`);
  return { node, index: parsed.index };
}

function refuse(signature: SignatureDef, name: string, what: string): TfdeployError {
  return new TfdeployError('TFD_GRAPH_INVALID', `signature "${signature.name}": "${name}" ${what}`, {
    details: { signature: signature.name, tensor: name },
  });
}
