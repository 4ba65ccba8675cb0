import type { Shape } from '../base/shape.js';
import type { Graph, GraphInput, Node, Value } from '../graph/ir.js';
import { findAssumedShapes } from './assumed-shapes.js';
import { isBatchable } from './batch/batchable.js';
import { bridgeBfloat16 } from './bfloat-borders.js';
import type { CompiledSignature, CompiledStage } from './compiled.js';
import { convertNodes, RefTable, type RefusedNode } from './convert-nodes.js';
import { Emitter } from './emitter.js';
import { type LayoutTools, optimizeLayout } from './layout.js';
import { lowerControl } from './lower-control.js';
import { canRunOnHost, keepOnHost, NEVER_CROSSING, partition, type Segment, touches } from './partition.js';
import type { Blocker, PlanTensor, RefusedSignature } from './plan.js';
import { simplify } from './simplify.js';

export interface SignatureInfo {
  readonly methodName: string;
  /** True when the graph was built for inputs of any rank, and holds for all. */
  readonly isRankFree?: boolean;
}

/**
 * Compiles the graph of one signature into stages, or refuses it with every blocker. Passes may change the
 * graph in place.
 */
export function compileSignature(graph: Graph, info: SignatureInfo): CompiledSignature | RefusedSignature {
  const { signature: name } = graph;
  const ops = countOps(graph);
  if (graph.state.writes.size > 0) return compileWriting(graph, info, ops);
  lowerControl(graph);
  const wasBatchable = isBatchable(graph);
  simplify(graph);
  const { stages, blockers, warnings } = compileStages(graph, info);
  if (blockers.length > 0) return { name, methodName: info.methodName, blockers };
  return {
    name,
    methodName: info.methodName,
    inputs: graph.inputs.map(planInput),
    outputs: graph.outputs.map(({ name: output, value }) => planOutput(output, value)),
    stages: stages.filter((stage) => stage.outputs.length > 0),
    // Requests that share a batch would share a moment, too.
    isBatchable: stateOf(graph).state === undefined && (wasBatchable || isBatchable(graph)),
    assumedShapes: info.isRankFree ? {} : findAssumedShapes(graph),
    warnings: [...warnings, ...describeState(graph)],
    ops,
    ...stateOf(graph),
  };
}

/** A signature that changes state runs whole on the host, so that its effects keep their order. */
function compileWriting(
  graph: Graph,
  info: SignatureInfo,
  ops: ReadonlyMap<string, number>,
): CompiledSignature | RefusedSignature {
  const { segments, blockers } = keepOnHost(graph);
  const { methodName } = info;
  if (blockers.length > 0) return { name: graph.signature, methodName, blockers };
  return {
    name: graph.signature,
    methodName,
    inputs: graph.inputs.map(planInput),
    outputs: graph.outputs.map(({ name: output, value }) => planOutput(output, value)),
    stages: segments.map((segment) => compileSegment(graph, segment, info, [], [])),
    isBatchable: false,
    assumedShapes: {},
    warnings: describeState(graph),
    ops,
    ...stateOf(graph),
  };
}

/** The state that a signature has, which tells a server not to answer it in two places. */
function stateOf(graph: Graph): Pick<CompiledSignature, 'state'> {
  const tables = [...graph.tables.values()].flatMap(({ name, state }) => (state === undefined ? [] : [name]));
  const variables = [...graph.variables.values()].map(({ name }) => name);
  const reads = [...new Set([...variables, ...tables])].sort();
  const writes = [...graph.state.writes].sort();
  return reads.length + writes.length === 0 ? {} : { state: { reads, writes } };
}

/** A word for whoever looks at the signature. */
function describeState(graph: Graph): string[] {
  const { state } = stateOf(graph);
  if (state === undefined) return [];
  const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
  return state.writes.length > 0
    ? [`changes ${list(state.writes)}, which lasts until the model is loaded anew: one worker serves it`]
    : [`reads ${list(state.reads)}, which other signatures change: one worker serves it`];
}

interface Stages {
  readonly stages: readonly CompiledStage[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
}

/** Converts the stages; nodes that are refused and have a host kernel are moved to the host, and all is tried again. */
function compileStages(graph: Graph, info: SignatureInfo): Stages {
  const sides = bridgeBfloat16(graph);
  const moved = new Map<string, number>();
  for (;;) {
    const parts = partition(graph, sides);
    const warnings = [...moved].map(([op, count]) => `${count} × ${op} runs on the host`);
    const refused: RefusedNode[] = [];
    const stages = parts.segments.map((segment) => compileSegment(graph, segment, info, refused, warnings));
    const movable = refused.filter(
      // What an unread attribute means is no better known to the host.
      ({ node, blocker }) => blocker.code !== 'TFD_ATTR_UNREAD' && !sides.has(node) && canMove(node),
    );
    for (const node of new Set(movable.map(({ node: each }) => each))) {
      sides.set(node, 'host');
      moved.set(node.op, (moved.get(node.op) ?? 0) + 1);
    }
    if (movable.length > 0 && movable.length === refused.length) continue;
    return { stages, blockers: [...parts.blockers, ...refused.map(({ blocker }) => blocker)], warnings };
  }
}

function canMove(node: Node): boolean {
  return canRunOnHost(node) && !touches(node, NEVER_CROSSING);
}

function countOps(graph: Graph): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of graph.nodes) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  return counts;
}

function compileSegment(
  graph: Graph,
  segment: Segment,
  info: SignatureInfo,
  refused: RefusedNode[],
  warnings: string[],
): CompiledStage {
  const inputs = segment.inputs.map((value) => value.name);
  const outputs = segment.outputs.map((value) => value.name);
  if (segment.kind === 'host') return { kind: 'host', program: segment.program, inputs, outputs };
  const onnx = new Emitter();
  const refs = new RefTable(onnx);
  for (const value of segment.inputs) refs.set(value, onnx.declare(value.name, value.dtype));
  // The names between stages are fixed: nothing inside may take them.
  for (const value of segment.outputs) onnx.names.reserve(value.name);
  refused.push(...convertNodes(segment.nodes, onnx, refs));
  onnx.scope = 'outputs';
  for (const value of segment.outputs) onnx.publish(refs.get(value), value.name);
  warnings.push(...onnx.warnings);
  const border = (value: Value, shape: Shape) => ({ name: value.name, dtype: value.dtype, shape });
  // No name of its own: signatures of the same content then share a file, and so a session.
  const body = onnx.body(
    'signature',
    segment.inputs.map((value) => border(value, info.isRankFree ? null : declaredShape(graph, value))),
    segment.outputs.map((value) => border(value, null)),
  );
  return {
    kind: 'onnx',
    body: optimizeLayout(body, layoutTools(onnx, segment.nodes, refs)),
    inputs,
    outputs,
  };
}

/** The layout pass names its tensors with the emitter's help, and knows the ranks that the graph knows. */
function layoutTools(onnx: Emitter, nodes: readonly Node[], refs: RefTable): LayoutTools {
  const ranks = new Map<string, number>();
  for (const value of nodes.flatMap((node) => [...node.inputs, ...node.outputs])) {
    if (value.constant === undefined && value.shape !== null) ranks.set(refs.get(value), value.shape.length);
  }
  return {
    declare: (wanted, dtype) => onnx.declare(wanted, dtype),
    dtypeOf: (ref) => onnx.dtypeOf(ref),
    constant: (value) => onnx.constant(value),
    rankOf: (ref) => ranks.get(ref),
  };
}

/** Only what the signature declares is told to ONNX Runtime: it may rely on it as the plan does. */
function declaredShape(graph: Graph, value: Value): Shape {
  return graph.inputs.some((input) => input.value === value) ? value.shape : null;
}

function planInput({ name, value, declaredShape: shape, defaultValue }: GraphInput): PlanTensor {
  return {
    name,
    ref: value.name,
    dtype: value.dtype,
    shape,
    ...(defaultValue === undefined ? {} : { default: defaultValue.read() }),
  };
}

function planOutput(name: string, value: Value): PlanTensor {
  return { name, ref: value.name, dtype: value.dtype, shape: value.shape };
}
