import type { Dim } from '../../base/shape.js';
import type { Body, Node, Value } from '../../graph/ir.js';

/** A loop variable that goes up by one each turn. */
export interface Counter {
  readonly position: number;
  readonly input: Value;
  readonly start: number;
}

/** A write of one row at a counter, or always at the same place. */
export interface RowWrite {
  readonly position: number;
  readonly item: Value;
  /** The counter that says where; a number is a fixed place. */
  readonly at: Counter | number;
  readonly node: Node;
}

export function findCounters(node: Node): Counter[] {
  const body = node.bodies.get('body') as Body;
  return body.inputs.flatMap((input, position) => {
    const start = intConstant(node.inputs[position]);
    const next = body.outputs[position]?.producer;
    if (start === undefined || next === undefined || !/^Add(V2)?$/.test(next.op)) return [];
    const [a, b] = next.inputs;
    const isStep = (a === input && intConstant(b) === 1) || (b === input && intConstant(a) === 1);
    return isStep ? [{ position, input, start }] : [];
  });
}

/**
 * What a loop's condition compares its counters with, when it is `counter < bound`, or several of these; undefined
 * when it is anything else.
 */
export function findBounds(
  node: Node,
  counters: readonly Counter[],
): { readonly counter: Counter; readonly bound: Value }[] | undefined {
  const condition = node.bodies.get('cond') as Body;
  const found: { counter: Counter; bound: Value }[] = [];
  const pending = [condition.outputs[0] as Value];
  while (pending.length > 0) {
    const value = pending.pop() as Value;
    const { constant, producer } = value;
    if (constant !== undefined) {
      if (Number(constant.read().data[0]) !== 1) return undefined;
      continue;
    }
    if (producer?.op === 'LogicalAnd') {
      pending.push(...producer.inputs);
      continue;
    }
    const [left, right] = producer?.op === 'Less' ? producer.inputs : [];
    const position = condition.inputs.indexOf(left as Value);
    const counter = counters.find((each) => each.position === position);
    if (counter === undefined || right === undefined || condition.inputs.includes(right)) return undefined;
    if (right.constant === undefined && condition.nodes.some((each) => each.outputs.includes(right))) {
      return undefined;
    }
    found.push({ counter, bound: right });
  }
  return found;
}

/** How often a loop runs, as a size: the same for all of its counters, which start at 0. */
export function tripCount(node: Node, counters: readonly Counter[]): Dim | undefined {
  const bounds = findBounds(node, counters);
  if (bounds === undefined || bounds.length === 0 || bounds.some(({ counter }) => counter.start !== 0))
    return undefined;
  const sizes = bounds.map(({ bound }) => intConstant(bound) ?? bound.elements?.[0]);
  const [first] = sizes;
  if (sizes.every((size) => size === first)) return first;
  return sizes.every((size) => typeof size === 'number') ? Math.min(...(sizes as number[])) : undefined;
}

/** Loop variables that the body changes only by writing one row, and reads nowhere else. */
export function findRowWrites(node: Node, counters: readonly Counter[]): RowWrite[] {
  const body = node.bodies.get('body') as Body;
  const condition = node.bodies.get('cond') as Body;
  return body.inputs.flatMap((input, position) => {
    const write = body.outputs[position]?.producer;
    if (write?.op !== 'TensorScatterUpdate' || write.inputs[0] !== input) return [];
    const [, indices, rows] = write.inputs as [Value, Value, Value];
    const isUsed =
      countReads(body, input) > 1 || countReads(condition, condition.inputs[position] as Value) > 0;
    const isShared = countReads(body, write.outputs[0] as Value) > 1;
    if (isUsed || isShared || rows.producer?.op !== 'ExpandDims') return [];
    const [item, axis] = rows.producer.inputs as [Value, Value];
    if (intConstant(axis) !== 0) return [];
    const at = placeOf(indices, counters);
    return at === undefined ? [] : [{ position, item, at, node: write }];
  });
}

function placeOf(indices: Value, counters: readonly Counter[]): Counter | number | undefined {
  const { constant, producer } = indices;
  if (constant !== undefined)
    return constant.shape.join() === '1,1' ? Number(constant.read().data[0]) : undefined;
  if (producer?.op !== 'Reshape') return undefined;
  return counters.find(({ input }) => input === producer.inputs[0]);
}

/** How often a body reads a value: in its nodes, in bodies inside, and as an output. */
export function countReads(body: Body, value: Value): number {
  let count = 0;
  for (const output of body.outputs) if (output === value) count++;
  for (const node of body.nodes) {
    for (const input of node.inputs) if (input === value) count++;
    for (const inner of node.bodies.values()) count += countReads(inner, value);
  }
  return count;
}

export function intConstant(value: Value | undefined): number | undefined {
  const constant = value?.constant;
  if (constant === undefined || (constant.dtype !== 'int32' && constant.dtype !== 'int64')) return undefined;
  return constant.shape.length === 0 ? Number(constant.read().data[0]) : undefined;
}
