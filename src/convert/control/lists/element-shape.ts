import type { DType } from '../../../base/dtype.js';
import type { Dim } from '../../../base/shape.js';
import type { Node, Value } from '../../../graph/ir.js';
import { capturesOf } from '../captures.js';
import type { RegionView } from '../editor.js';
import type { Web } from './webs.js';

/** The input of a list operation that is an element, and the one that is a stack of elements. */
const ELEMENT_INPUT: ReadonlyMap<string, number> = new Map([
  ['TensorListSetItem', 2],
  ['TensorListPushBack', 1],
]);
const STACK_INPUT: ReadonlyMap<string, number> = new Map([
  ['TensorListFromTensor', 0],
  ['TensorListScatterV2', 0],
  ['TensorListScatterIntoExistingList', 1],
]);
const SHAPE_INPUT: ReadonlyMap<string, number> = new Map([
  ['TensorListReserve', 0],
  ['EmptyTensorList', 0],
  ['TensorListStack', 1],
  ['TensorListGetItem', 2],
  ['TensorListPopBack', 1],
  ['TensorListGather', 2],
]);

/** Element type of a web's list; undefined when it holds lists, or when its operations disagree. */
export function elementType(web: Web): DType | undefined {
  const types = new Set<DType>();
  for (const { node } of web.nodes) {
    const element = ELEMENT_INPUT.get(node.op) ?? STACK_INPUT.get(node.op);
    if (element !== undefined) types.add((node.inputs[element] as Value).dtype);
    const read = node.op === 'TensorListPopBack' ? node.outputs[1] : node.outputs[0];
    if (/^TensorList(Stack|GetItem|Gather|PopBack|ConcatV2)$/.test(node.op) && read !== undefined)
      types.add(read.dtype);
  }
  const [dtype] = types;
  return types.size === 1 && dtype !== 'variant' && dtype !== 'string' && dtype !== 'resource'
    ? dtype
    : undefined;
}

/** What is known about the shape of every element: sizes, names of sizes, and undefined where nothing is. */
export function elementDims(web: Web): (Dim | undefined)[] | undefined {
  let dims: (Dim | undefined)[] | undefined;
  const merge = (known: readonly (Dim | undefined)[] | undefined): boolean => {
    if (known === undefined) return true;
    dims ??= known.map(() => undefined);
    if (dims.length !== known.length) return false;
    dims = dims.map((dim, i) => preferred(dim, known[i]));
    return true;
  };
  for (const { node } of web.nodes) {
    const element = ELEMENT_INPUT.get(node.op);
    if (element !== undefined && !merge(node.inputs[element]?.shape ?? undefined)) return undefined;
    const stack = STACK_INPUT.get(node.op);
    if (stack !== undefined && !merge(node.inputs[stack]?.shape?.slice(1))) return undefined;
    const shape = SHAPE_INPUT.get(node.op);
    if (shape !== undefined && !merge(declaredDims(node.inputs[shape]))) return undefined;
  }
  return dims;
}

/** A number says most; of two names either does. */
function preferred(a: Dim | undefined, b: Dim | undefined): Dim | undefined {
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return a ?? b;
}

/** A shape as an input of list operations: a scalar is an unknown rank, −1 an unknown size. */
function declaredDims(value: Value | undefined): (Dim | undefined)[] | undefined {
  if (value === undefined || value.shape?.length !== 1) return undefined;
  const { constant } = value;
  const known =
    value.elements ??
    (constant === undefined || constant.dtype === 'string'
      ? undefined
      : Array.from(constant.read().data as ArrayLike<number | bigint>, Number));
  return known?.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : undefined));
}

export interface DimSource {
  readonly value: Value;
  readonly axis: number;
}

/** A tensor seen at a place of a region that has a dimension of this name. */
export function findDim(region: RegionView, before: number, name: string): DimSource | undefined {
  let end = before;
  for (let at: RegionView | undefined = region; at !== undefined; at = at.outer) {
    const seen = [...at.inputs, ...at.nodes.slice(0, end).flatMap((node) => node.outputs)];
    for (const value of seen) {
      const axis = value.dtype === 'variant' ? undefined : value.shape?.indexOf(name);
      if (axis !== undefined && axis >= 0) return { value, axis };
    }
    const { owner, outer } = at;
    end = owner === undefined || outer === undefined ? 0 : outer.nodes.indexOf(owner);
  }
  return undefined;
}

/** Puts a node right before the first node of its region that reads what it makes. */
export function delayNode(region: RegionView, node: Node): number {
  const from = region.nodes.indexOf(node);
  const made = new Set(node.outputs);
  const reads = (each: Node) =>
    each.inputs.some((input) => made.has(input)) ||
    [...capturesOf(each).outside].some((value) => made.has(value));
  const reader = region.nodes.findIndex((each, i) => i > from && reads(each));
  if (reader < 0 || reader === from + 1) return from;
  const nodes = [...region.nodes];
  nodes.splice(from, 1);
  nodes.splice(reader - 1, 0, node);
  region.nodes = nodes;
  return reader - 1;
}
