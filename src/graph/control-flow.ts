import { TfdeployError } from '../base/error.js';
import type { AttrValue, NodeDef } from '../savedmodel/types.js';
import { demandEffects, EffectWalk } from './effects.js';
import { type Expander, type NodePlace, outputName, pathOf } from './expand.js';
import type { Body, Node, Value } from './ir.js';
import { type Call, dataInputs, returnRef } from './resolve.js';
import { type ArgSource, describeNode, graphError, type Region, type Scope } from './scope.js';
import { expandArgs, type Slot } from './signatures.js';

const MAX_BODY_DEPTH = 50;

interface FlowRow {
  /** Attributes that hold the bodies; `branches` is a list. */
  readonly bodies: readonly string[];
  /** Inputs before those that are passed to the bodies. */
  readonly skip: number;
  /** Output `i` has the type of input `i` and a resource there stays the same. */
  readonly isLoop: boolean;
}

const branch = { skip: 1, isLoop: false };
const FLOW: ReadonlyMap<string, FlowRow> = new Map([
  ['If', { ...branch, bodies: ['then_branch', 'else_branch'] }],
  ['StatelessIf', { ...branch, bodies: ['then_branch', 'else_branch'] }],
  ['Case', { ...branch, bodies: ['branches'] }],
  ['StatelessCase', { ...branch, bodies: ['branches'] }],
  ['While', { skip: 0, isLoop: true, bodies: ['cond', 'body'] }],
  ['StatelessWhile', { skip: 0, isLoop: true, bodies: ['cond', 'body'] }],
  // Calls that the options keep; all others are inlined by the resolver.
  ['PartitionedCall', { skip: 0, isLoop: false, bodies: ['f'] }],
  ['StatefulPartitionedCall', { skip: 0, isLoop: false, bodies: ['f'] }],
]);

export function isControlFlow(op: string): boolean {
  return FLOW.has(op);
}

export function isLoop(op: string): boolean {
  return FLOW.get(op)?.isLoop ?? false;
}

/** The functions of a control-flow node by body key (`then_branch`, `branches:0`…), and its skipped inputs. */
export function bodiesOf(
  expander: { resolver: Expander['resolver'] },
  scope: Scope,
  node: NodeDef,
): { skip: number; calls: Map<string, Call> } {
  const row = FLOW.get(node.op)!;
  const calls = new Map<string, Call>();
  for (const name of row.bodies) {
    const attr = node.attrs.get(name);
    if (attr?.kind !== 'list') calls.set(name, expander.resolver.functionAttr(scope, node, name));
    else {
      attr.value.forEach((item, i) => {
        if (item.kind !== 'func') throw graphError(scope, node, `attribute "${name}" holds no functions`);
        calls.set(`${name}:${i}`, expander.resolver.functionNamed(scope, node, item.value));
      });
    }
  }
  return { skip: row.skip, calls };
}

/**
 * A node with bodies. Resource handles are not passed: bodies refer to the handle outside, so that variables
 * are constants in there; inputs, outputs and type lists hold the rest in order.
 */
export function buildControlFlow(expander: Expander, place: NodePlace, inputs: Value[]): readonly Value[] {
  const { scope, node } = place;
  if (scope.region.depth >= MAX_BODY_DEPTH) {
    throw new TfdeployError(
      'TFD_MODEL_LIMIT',
      `${describeNode(scope, node)}: control flow is nested more than ${MAX_BODY_DEPTH} deep`,
      { details: { node: node.name, op: node.op } },
    );
  }
  const { skip, calls } = bodiesOf(expander, scope, node);
  const refs = dataInputs(node);
  const passed = refs.slice(skip).map((ref, i) => ({ ref, value: inputs[skip + i]! }));
  const bodies = new Map<string, Body>();
  const slots = outputSlots(expander, scope, node);
  const kept = slots.filter((slot) => slot.dtype !== 'resource');
  for (const [key, call] of calls) {
    const isCondition = isLoop(node.op) && key === 'cond';
    bodies.set(key, buildBody(expander, place, key, call, passed, isCondition ? undefined : slots));
  }
  const dense = passed.filter(({ value }) => value.dtype !== 'resource').map(({ value }) => value);
  const made = expander.newNode(scope, node, [...inputs.slice(0, skip), ...dense]);
  made.bodies = bodies;
  dropResourceTypes(made);
  made.outputs = kept.map((slot, i) =>
    expander.factory.value(outputName(made.name, slot.index), slot.dtype, null, made, i),
  );
  checkBodies(scope, node, made);
  // References count all outputs, so the list that the scope keeps has holes where resources were.
  const byPosition: Value[] = [];
  kept.forEach((slot, i) => {
    byPosition[slot.index] = made.outputs[i]!;
  });
  return byPosition;
}

function outputSlots(expander: Expander, scope: Scope, node: NodeDef): Slot[] {
  const args = expander.resolver.outputArgs(node);
  if (args === undefined) throw graphError(scope, node, 'is not in the operator registry');
  return expandArgs(scope, node, args, node.attrs);
}

function buildBody(
  expander: Expander,
  { scope, node }: NodePlace,
  key: string,
  call: Call,
  passed: readonly { readonly ref: string; readonly value: Value }[],
  slots: readonly Slot[] | undefined,
): Body {
  const region: Region = expander.newRegion(scope);
  const inputs: Value[] = [];
  const caller: NodeDef = { ...node, name: `${node.name}/${key}` };
  const args: ArgSource[] = passed.map(({ value, ref }, i) => {
    if (value.dtype === 'resource') return { scope, ref };
    const input = expander.factory.value(`${pathOf(scope, caller)}/arg${i}`, value.dtype, null);
    inputs.push(input);
    return input;
  });
  const child = expander.resolver.functionScope(scope, caller, call, args, region);
  const { functionDef } = call;
  if (expander.variables.hasState && expander.once === undefined) {
    const walk = new EffectWalk(expander.resolver);
    walk.walkFunction(child);
    demandEffects(expander, walk);
  }
  const returned = functionDef.outputArgs
    .map((_, i) => i)
    .filter((i) => slots === undefined || slots[i]?.dtype !== 'resource');
  const outputs = expander.demand(
    child,
    returned.map((i) => returnRef(child, node, functionDef, i)),
  );
  return { inputs, nodes: region.nodes, outputs };
}

/** Removes the resource types from the attributes that list the types passed and returned. */
function dropResourceTypes(node: Node): void {
  for (const name of ['T', 'Tin', 'Tout']) {
    const attr = node.attrs.get(name);
    if (attr?.kind !== 'list') continue;
    const value: AttrValue[] = attr.value.filter((item) => item.kind !== 'type' || item.value !== 20);
    node.attrs.set(name, { kind: 'list', value });
  }
  const shapes = node.attrs.get('output_shapes');
  if (shapes?.kind === 'list') node.attrs.delete('output_shapes');
}

/** What a branch or loop body returns must be what the node gives out. */
function checkBodies(scope: Scope, node: NodeDef, made: Node): void {
  for (const [key, body] of made.bodies) {
    const wanted = isLoop(node.op) && key === 'cond' ? undefined : made.outputs;
    if (wanted === undefined ? body.outputs.length === 1 : sameTypes(body.outputs, wanted)) continue;
    throw graphError(scope, node, `what "${key}" returns does not fit`);
  }
  if (isLoop(node.op) && !sameTypes(made.inputs, made.outputs)) {
    throw graphError(scope, node, 'its inputs and outputs differ');
  }
}

function sameTypes(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => value.dtype === b[i]!.dtype);
}
