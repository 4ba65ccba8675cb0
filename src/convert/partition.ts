import type { DType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { Graph, Node, TableValue, Value, VariableState } from '../graph/ir.js';
import { TABLE_OPS } from '../graph/variables.js';
import { findKernel } from '../kernels/registry.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { TensorValue } from '../savedmodel/types.js';
import { blockerOf } from './blockers.js';
import { readsOf, withInner } from './control/captures.js';
import type { HostNode, HostProgram } from './host-program.js';
import type { Blocker } from './plan.js';
import { findConverter } from './registry.js';

/** Nodes that run together, and the values that cross its borders. */
export type Segment =
  | {
      readonly kind: 'onnx';
      readonly nodes: readonly Node[];
      readonly inputs: readonly Value[];
      readonly outputs: readonly Value[];
    }
  | {
      readonly kind: 'host';
      readonly program: HostProgram;
      readonly inputs: readonly Value[];
      readonly outputs: readonly Value[];
    };

export interface Partition {
  readonly segments: readonly Segment[];
  readonly blockers: readonly Blocker[];
}

/** Types that no ONNX node is made for. */
export const NEVER_ONNX: ReadonlySet<DType> = new Set([
  'string',
  'resource',
  'variant',
  'complex64',
  'complex128',
]);

/** Types that onnxruntime-node can not carry, beside those. */
export const NEVER_CROSSING: ReadonlySet<DType> = new Set(['bfloat16']);

/** Work on few numbers, as good on the host as in ONNX Runtime: kept beside the host nodes it feeds. */
const LIGHT = new Set(
  (
    'Shape ShapeN Size Rank Reshape ExpandDims Squeeze Pack Unpack ConcatV2 StridedSlice Slice Cast Fill Range ' +
    'ZerosLike OnesLike Tile GatherV2 Gather Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd ' +
    'LogicalOr LogicalNot Add AddV2 Sub Mul FloorDiv FloorMod Maximum Minimum Prod Sum Max Min Select SelectV2 ' +
    'Where Identity Cumsum Split SplitV BroadcastTo'
  ).split(' '),
);

export function touches(node: Node, types: ReadonlySet<DType>): boolean {
  return withInner(node).some((each) =>
    [...each.inputs, ...each.outputs].some((value) => types.has(value.dtype)),
  );
}

/** Whether a node, with all that is in its bodies, has host kernels. */
export function canRunOnHost(node: Node): boolean {
  return withInner(node).every((each) => each.bodies.size > 0 || findKernel(each.op) !== undefined);
}

function canConvert(node: Node): boolean {
  return withInner(node).every((each) => findConverter(each.op) !== undefined) && !touches(node, NEVER_ONNX);
}

export type Side = 'host' | 'onnx';
type Sides = ReadonlyMap<Node, Side>;

/**
 * Splits the graph into stages that alternate between host and ONNX Runtime: even levels are the host's. A
 * node comes as early as its inputs allow. `forced` says where nodes must be: those whose conversion was refused
 * before are the host's.
 */
export function partition(graph: Graph, forced: Sides = new Map()): Partition {
  const blockers: Blocker[] = [];
  const feedsHost = findHostFeeders(graph, forced);
  const levelOf = new Map<Value, number>();
  const byLevel = new Map<number, Node[]>();
  for (const node of graph.nodes) {
    if (isTableHandle(graph, node)) continue;
    const from = Math.max(0, ...readsOf(node).map((input) => levelOf.get(input) ?? 0));
    const side = chooseSide(node, from, forced, feedsHost);
    const isHost = side === 'host';
    if (isHost) blockers.push(...refuseUnknownAttrs(node));
    const level = (from % 2 === 0) === isHost ? from : from + 1;
    const row = byLevel.get(level) ?? [];
    row.push(node);
    byLevel.set(level, row);
    for (const output of node.outputs) levelOf.set(output, level);
  }
  for (const node of graph.nodes) {
    const crossing = readsOf(node).find((input) => isLostAtBorder(input, node, levelOf));
    if (crossing !== undefined) blockers.push(blockerOf(node, lostAtBorder(crossing)));
  }
  const levels = [...byLevel.keys()].sort((a, b) => a - b);
  if (!levels.includes(0) && graph.outputs.some(({ value }) => isConstantOutput(value))) levels.unshift(0);
  return { segments: levels.map((level) => cutSegment(graph, byLevel.get(level) ?? [], level)), blockers };
}

/** The whole graph as one stage on the host, in the order of its nodes: what it changes is in order then. */
export function keepOnHost(graph: Graph): Partition {
  const nodes = graph.nodes.filter((node) => !isTableHandle(graph, node));
  const blockers = nodes.flatMap((node) => [...refuseUnknownAttrs(node), ...refuseMissing(node)]);
  return { segments: [cutSegment(graph, nodes, 0)], blockers };
}

function refuseMissing(node: Node): Blocker[] {
  return withInner(node).flatMap((each) => {
    if (each.bodies.size > 0 || findKernel(each.op) !== undefined || TABLE_OPS.test(each.op)) return [];
    const why = `there is no host kernel for ${each.op}, and a signature that changes state runs on the host`;
    return [blockerOf(each, new TfdeployError('TFD_OP_UNSUPPORTED', why, { details: { why } }))];
  });
}

/**
 * A host kernel reads the attributes that TensorFlow declares for its operation; another one could mean
 * anything.
 */
function refuseUnknownAttrs(node: Node): Blocker[] {
  return withInner(node).flatMap((each) => {
    const def = opDef(each.op);
    const unknown = [...each.attrs.keys()].filter((name) => !name.startsWith('_') && !def?.attrs.has(name));
    if (def === undefined || unknown.length === 0) return [];
    const why = `attribute ${unknown.join(', ')} is not one that the operation is known to have`;
    return [blockerOf(each, new TfdeployError('TFD_ATTR_UNREAD', why, { details: { why } }))];
  });
}

/** Tables stand in the program of each stage that uses them. */
function isTableHandle(graph: Graph, node: Node): boolean {
  return node.outputs.length > 0 && node.outputs.every(({ name }) => graph.tables.has(name));
}

function isLostAtBorder(input: Value, node: Node, levelOf: ReadonlyMap<Value, number>): boolean {
  const [output] = node.outputs;
  if (!NEVER_CROSSING.has(input.dtype) || input.constant !== undefined || output === undefined) return false;
  const from = levelOf.get(input);
  return from === undefined ? (levelOf.get(output) ?? 0) % 2 === 1 : from !== levelOf.get(output);
}

function lostAtBorder({ name, dtype }: Value): TfdeployError {
  const why = `"${name}" is ${dtype}, which can not be carried between the host and the engine`;
  return new TfdeployError('TFD_DTYPE_UNSUPPORTED', why, { details: { why } });
}

function isConstantOutput(value: Value): boolean {
  return value.constant !== undefined;
}

function chooseSide(node: Node, from: number, forced: Sides, feedsHost: ReadonlySet<Node>): Side {
  const canHost = canRunOnHost(node);
  const canOnnx = forced.get(node) !== 'host' && canConvert(node);
  // What neither side can run is refused by the converter, with its reason.
  if (!canOnnx) return canHost ? 'host' : 'onnx';
  const side = forced.get(node);
  if (side !== undefined) return side;
  const isBeside =
    !touches(node, NEVER_CROSSING) && canHost && from % 2 === 0 && LIGHT.has(node.op) && feedsHost.has(node);
  return isBeside ? 'host' : 'onnx';
}

/** Nodes whose results reach a node that only the host can run. */
function findHostFeeders(graph: Graph, forced: Sides): Set<Node> {
  const feeders = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    const isHost = forced.get(node) === 'host' || !canConvert(node);
    if (!isHost && !feeders.has(node)) continue;
    for (const { producer } of readsOf(node)) if (producer !== undefined) feeders.add(producer);
  }
  return feeders;
}

function cutSegment(graph: Graph, nodes: readonly Node[], level: number): Segment {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const used = new Set(nodes.flatMap(readsOf));
  const later = new Set(graph.outputs.map(({ value }) => value));
  const own = new Set(nodes);
  for (const node of graph.nodes) if (!own.has(node)) for (const input of readsOf(node)) later.add(input);
  const outside = [...used].filter((value) => !made.has(value) && value.constant === undefined);
  const inputs = outside.filter(({ name }) => !graph.tables.has(name) && !graph.variables.has(name));
  const outputs = [...made].filter((value) => later.has(value));
  if (level % 2 === 1) return { kind: 'onnx', nodes, inputs, outputs };
  const constants = new Map<string, TensorValue>();
  for (const value of used) if (value.constant !== undefined) constants.set(value.name, value.constant);
  if (level === 0) {
    for (const { value } of graph.outputs) {
      if (value.constant === undefined || constants.has(value.name)) continue;
      constants.set(value.name, value.constant);
    }
    outputs.push(...new Set(graph.outputs.map(({ value }) => value).filter(isConstantOutput)));
  }
  const tables = new Map<string, TableValue>();
  const variables = new Map<string, VariableState>();
  for (const value of outside) {
    const table = graph.tables.get(value.name);
    if (table !== undefined) tables.set(value.name, table);
    const variable = graph.variables.get(value.name);
    if (variable !== undefined) variables.set(value.name, variable);
  }
  const program = { nodes: nodes.map(hostNode), constants, tables, variables };
  return { kind: 'host', program, inputs, outputs };
}

function hostNode(node: Node): HostNode {
  return {
    op: node.op,
    name: node.name,
    inputs: node.inputs.map((value) => value.name),
    outputs: node.outputs.map((value) => value.name),
    outputDTypes: node.outputs.map((value) => value.dtype),
    attrs: node.attrs,
    ...(node.bodies.size === 0 ? {} : { bodies: hostBodies(node) }),
  };
}

function hostBodies(node: Node): NonNullable<HostNode['bodies']> {
  return new Map(
    [...node.bodies].map(([key, { inputs, nodes, outputs }]) => [
      key,
      { inputs: inputs.map(nameOf), nodes: nodes.map(hostNode), outputs: outputs.map(nameOf) },
    ]),
  );
}

const nameOf = ({ name }: Value) => name;
